import { rm } from "node:fs/promises";
import { existsSync } from "node:fs";

import type Docker from "dockerode";

import { dockerForTests } from "../../test/support/services/docker.ts";
import { until } from "../../test/support/services/until.ts";
import { endLeftovers, runningDemo } from "./leftovers.ts";
import { removeSampleService, SWARM_MARK } from "./service.ts";
import { FOLDER, IMAGE } from "./settings.ts";

const OURS = [/^sluice-demo\//u, /^sluice-agent:/u, new RegExp(`(^|/)${IMAGE}(:|@|$)`, "u")];

/** Takes away what the demo left: a running demo, its service, its swarm, its containers, images and files. */
export async function cleanUp(say: (line: string) => void): Promise<void> {
  await stopRunningDemo(say);
  await endLeftovers();
  const docker = dockerForTests();
  if (await answers(docker)) {
    await leaveEngine(docker);
    await removeImages(docker);
  }
  await rm(FOLDER, { recursive: true, force: true });
  say("the demo's service, images and files are gone");
}

/** Takes the sample's service away, and leaves the swarm if the demo made it. */
export async function leaveEngine(docker: Docker): Promise<void> {
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

async function removeImages(docker: Docker): Promise<void> {
  // An image that was made anew leaves its predecessor without a name.
  await docker.pruneImages({ filters: { dangling: ["true"], label: ["dev.sluice.content"] } });
  for (const { RepoTags: tags, RepoDigests: digests } of await docker.listImages()) {
    for (const name of [...(tags ?? []), ...(digests ?? [])]) {
      if (OURS.some((pattern) => pattern.test(name))) {
        // One name may have taken the image's other names along.
        await docker
          .getImage(name)
          .remove({ force: true })
          .catch(() => {});
      }
    }
  }
}
