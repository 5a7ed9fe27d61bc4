import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import type Docker from "dockerode";

import { dockerForTests } from "../../test/support/services/docker.ts";
import { temporaryFolder } from "../../test/support/services/folder.ts";
import { git } from "../../test/support/services/git.ts";

/** The work of a build done by hand through the Engine API, and nothing more: no queue, no record, no log kept. */
export interface EngineFloor {
  /** Checks `commit` out beside a starting container on the default bridge; ms until a command's first byte is read. */
  firstByte(commit: string): Promise<number>;
  /** ms of a command run by an exec of its own: create, start, output read, exit code read. */
  exec(): Promise<number>;
  stop(): Promise<void>;
}

/** Prepares the floor: a mirror of the repository that is as warm as the server's, and a container for execs. */
export async function openEngineFloor(repository: string, image: string): Promise<EngineFloor> {
  const docker = dockerForTests();
  const folder = await temporaryFolder("floor");
  const mirror = join(folder.path, "mirror.git");
  await git(folder.path, ["clone", "--quiet", "--mirror", repository, mirror]);
  const idle = await startContainer(docker, image, folder.path);
  let rounds = 0;
  return {
    firstByte: async (commit) => {
      const place = join(folder.path, `work-${(rounds += 1)}`);
      await mkdir(place);
      const startedAt = performance.now();
      const [container] = await Promise.all([
        startContainer(docker, image, place),
        checkOut(mirror, repository, commit, join(place, "tree")),
      ]);
      const at = await firstByteOf(container, "cat /work/tree/Jenkinsfile");
      await remove(container);
      return at - startedAt;
    },
    exec: async () => {
      const startedAt = performance.now();
      const exec = await execOf(idle, "echo hello");
      const output = await exec.start({});
      output.resume();
      await once(output, "end");
      const { ExitCode } = await exec.inspect();
      if (ExitCode !== 0) throw new Error(`the command of the floor ended with ${ExitCode}`);
      return performance.now() - startedAt;
    },
    stop: async () => {
      await remove(idle);
      await folder.remove();
    },
  };
}

async function startContainer(docker: Docker, image: string, place: string): Promise<Docker.Container> {
  const container = await docker.createContainer({
    Image: image,
    Cmd: ["sleep", "100000"],
    Labels: { "dev.sluice.bench": "floor" },
    HostConfig: { Binds: [`${place}:/work`] },
  });
  await container.start();
  return container;
}

async function checkOut(mirror: string, repository: string, commit: string, place: string): Promise<void> {
  const quiet = ["-c", "maintenance.auto=false", "-c", "gc.auto=0"];
  const into = `+${commit}:refs/heads/main`;
  await git(mirror, [...quiet, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", repository, into]);
  await git(mirror, ["worktree", "add", "--quiet", "--force", "--detach", place, commit]);
}

async function firstByteOf(container: Docker.Container, script: string): Promise<number> {
  const output = await (await execOf(container, script)).start({});
  await once(output, "data");
  const at = performance.now();
  output.resume();
  await once(output, "end");
  return at;
}

async function execOf(container: Docker.Container, script: string): Promise<Docker.Exec> {
  return await container.exec({ Cmd: ["sh", "-c", script], AttachStdout: true, AttachStderr: true });
}

async function remove(container: Docker.Container): Promise<void> {
  await container.remove({ force: true, v: true });
}
