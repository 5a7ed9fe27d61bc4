import { rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import type Docker from "dockerode";
import { z } from "zod";

import { dockerForTests } from "../../test/support/services/docker.ts";
import { until } from "../../test/support/services/until.ts";
import { endLeftovers, runningDemo } from "./leftovers.ts";
import { removeSampleService, SWARM_MARK } from "./service.ts";
import { FOLDER, IMAGE } from "./settings.ts";

/** Images that the demo's builds made. */
const BUILT = [new RegExp(`(^|/)${IMAGE}(:|@|$)`, "u")];
/** All images of the demo. */
const OURS = [...BUILT, /^sluice-demo\//u, /^sluice-agent:/u];

/** Takes away what the demo left: a running demo, its service, its swarm, its containers, images and files. */
export async function cleanUp(say: (line: string) => void): Promise<void> {
  await stopRunningDemo(say);
  await endLeftovers();
  const docker = dockerForTests();
  if (await answers(docker)) {
    await removeInstance(docker);
    await leaveEngine(docker);
    // An image that was made anew leaves its predecessor without a name.
    await docker.pruneImages({ filters: { dangling: ["true"], label: ["dev.sluice.content"] } });
    await removeImages(docker, OURS);
  }
  await rm(FOLDER, { recursive: true, force: true });
  say("the demo's service, images and files are gone");
}

/** Takes away from the engine what this run of the demo brought: service, agents and their network, images, swarm. */
export async function tidyEngine(docker: Docker): Promise<void> {
  await removeInstance(docker);
  await leaveEngine(docker);
  await removeImages(docker, BUILT);
}

/** Takes the sample's service away, and leaves the swarm if the demo made it. */
async function leaveEngine(docker: Docker): Promise<void> {
  const { Swarm: swarm } = await docker.info();
  if (swarm?.ControlAvailable === true) await removeSampleService(docker);
  if (existsSync(SWARM_MARK)) {
    if (swarm?.LocalNodeState === "active") await docker.swarmLeave({ force: true });
    await rm(SWARM_MARK, { force: true });
  }
}

async function stopRunningDemo(say: (line: string) => void): Promise<void> {
  const pid = runningDemo();
  if (pid === undefined) return;
  say(`ending the demo that runs as process ${pid}`);
  process.kill(pid, "SIGTERM");
  await until("the running demo has ended", () => runningDemo() === undefined);
}

async function answers(docker: Docker): Promise<boolean> {
  try {
    await docker.ping();
    return true;
  } catch {
    return false;
  }
}

/** What Sluice itself made in the engine, known by the name of the demo's instance: the last agents, their network. */
async function removeInstance(docker: Docker): Promise<void> {
  const instance = instanceName();
  if (instance === undefined) return;
  const filters = { label: [`sluice.instance=${instance}`] };
  for (const { Id } of await docker.listContainers({ all: true, filters })) {
    await docker.getContainer(Id).remove({ force: true, v: true });
  }
  for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove();
}

function instanceName(): string | undefined {
  const file = join(FOLDER, "data/sluice.sqlite");
  if (!existsSync(file)) return undefined;
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return Instance.parse(database.prepare("select name from instance").get()).name;
  } catch {
    return undefined; // it was never used
  } finally {
    database.close();
  }
}
const Instance = z.object({ name: z.string() });

async function removeImages(docker: Docker, wanted: readonly RegExp[]): Promise<void> {
  for (const { RepoTags: tags, RepoDigests: digests } of await docker.listImages()) {
    for (const name of [...(tags ?? []), ...(digests ?? [])]) {
      if (wanted.some((pattern) => pattern.test(name))) {
        // One name may have taken the image's other names along.
        await docker
          .getImage(name)
          .remove({ force: true })
          .catch(() => {});
      }
    }
  }
}
