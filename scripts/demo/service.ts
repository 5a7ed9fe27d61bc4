import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type Docker from "dockerode";

import { joinOrMakeSwarm } from "../../test/support/services/swarm.ts";
import { until } from "../../test/support/services/until.ts";
import { FOLDER, SERVICE } from "./settings.ts";
import type { Ports } from "./settings.ts";

/** What the service shows before the first deployment. */
export const PLACEHOLDER = "nothing is deployed yet";
const PLACEHOLDER_IMAGE = "sluice-demo/placeholder:1";

/** Marks that the demo made the engine a swarm, so that cleaning up leaves only that one. */
export const SWARM_MARK = join(FOLDER, "..", "demo-swarm");

/**
 * The sample's Swarm service with one replica that shows a placeholder. The port is published in host mode, which works
 * with and without IPVS in the kernel; a port of the host can be had once, so the old task stops first.
 */
export async function createSampleService(docker: Docker, ports: Ports, busybox: string): Promise<void> {
  const swarm = await joinOrMakeSwarm(docker);
  if (swarm.madeHere) await writeFile(SWARM_MARK, "");
  await buildPlaceholder(docker, busybox);
  await removeSampleService(docker);
  await docker.createService({
    Name: SERVICE,
    TaskTemplate: {
      // As process 1 the placeholder's server would not hear that it is to stop.
      ContainerSpec: { Image: PLACEHOLDER_IMAGE, Init: true },
      RestartPolicy: { Condition: "any", Delay: 1_000_000_000 },
    },
    Mode: { Replicated: { Replicas: 1 } },
    UpdateConfig: { Parallelism: 1, Order: "stop-first", FailureAction: "pause", Monitor: 2_000_000_000 },
    EndpointSpec: {
      Ports: [{ Protocol: "tcp", TargetPort: 8080, PublishedPort: ports.sample, PublishMode: "host" }],
    },
  });
  await until("the placeholder answers", async () =>
    (await fetch(`http://127.0.0.1:${ports.sample}/`)).ok ? true : undefined,
  );
}

/** The image that the service is told to run, as the engine has it. */
export async function serviceImage(docker: Docker): Promise<string> {
  const service = await docker.getService(SERVICE).inspect();
  return String(service.Spec?.TaskTemplate?.ContainerSpec?.Image ?? "");
}

/** Takes the service away, and its containers with it. */
export async function removeSampleService(docker: Docker): Promise<void> {
  const [found] = await docker.listServices({ filters: { name: [SERVICE] } });
  if (found === undefined) return;
  await docker.getService(found.ID).remove();
  const label = [`com.docker.swarm.service.name=${SERVICE}`];
  await until("the sample's containers are gone", async () => {
    const left = await docker.listContainers({ all: true, filters: { label } });
    return left.length === 0;
  });
}

/** A web server with one fixed page, on the port that the sample uses. */
async function buildPlaceholder(docker: Docker, busybox: string): Promise<void> {
  const folder = join(FOLDER, "placeholder");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "index.html"), `${PLACEHOLDER}\n`);
  await writeFile(
    join(folder, "Dockerfile"),
    `FROM ${busybox}\nCOPY index.html /www/\nCMD ["httpd", "-f", "-p", "8080", "-h", "/www"]\n`,
  );
  const tar = spawn("tar", ["-C", folder, "-c", "."], { stdio: ["ignore", "pipe", "inherit"] });
  const answer = await docker.buildImage(tar.stdout, { t: PLACEHOLDER_IMAGE });
  let said = "";
  answer.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await once(answer, "end");
  if (said.includes('"errorDetail"')) throw new Error(`the placeholder was not built: ${said.slice(-512)}`);
}
