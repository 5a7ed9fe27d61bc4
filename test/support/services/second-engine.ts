import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import Docker from "dockerode";

import { temporaryFolder } from "./folder.ts";
import { runToEnd, startChild } from "./process.ts";
import type { Child } from "./process.ts";
import { until } from "./until.ts";

/** A Docker Engine that a test may kill: nobody else uses it. Needs root. */
export interface SecondEngine {
  /** As in DOCKER_HOST. */
  readonly address: string;
  readonly docker: Docker;
  /** SIGKILL, as a crash; its containers run on. */
  kill(): Promise<void>;
  /** SIGTERM, as an update of the package would. */
  shutDown(): Promise<void>;
  /** Starts it again with the data and in the network it had. */
  startAgain(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts an engine of its own beside the one all tests share. It lives in a network namespace of its own: two engines
 * in one would take each other's bridge addresses and flush each other's filter rules. Its containers thus reach
 * nothing outside, and nothing reaches them.
 */
export async function startSecondEngine(options: { readonly liveRestore: boolean }): Promise<SecondEngine> {
  const folder = await temporaryFolder("engine");
  // Holds the namespace while the daemon is away.
  const network = await startChild("unshare", [
    "--net",
    "sh",
    "-c",
    "busybox ip link set lo up; exec sleep infinity",
  ]);
  const address = `unix://${folder.path}/sock`;
  const docker = new Docker({ socketPath: join(folder.path, "sock") });
  const launch = async (): Promise<Child> =>
    await startDaemon(folder.path, network.pid, docker, options.liveRestore);
  let daemon = await launch();
  return {
    address,
    docker,
    kill: async () => await daemon.stop("SIGKILL"),
    shutDown: async () => await daemon.stop("SIGTERM"),
    startAgain: async () => {
      await daemon.stop("SIGKILL");
      daemon = await launch();
    },
    stop: async () => {
      if (daemon.exit() !== undefined) daemon = await launch();
      for (const { Id } of await docker.listContainers({ all: true })) {
        await docker.getContainer(Id).remove({ force: true, v: true });
      }
      await daemon.stop("SIGTERM");
      await endShims(folder.path);
      await network.stop("SIGKILL");
      await unmountBelow(folder.path);
      await folder.remove();
    },
  };
}

async function startDaemon(
  folder: string,
  network: number,
  docker: Docker,
  liveRestore: boolean,
): Promise<Child> {
  const args = [
    `--net=/proc/${network}/ns/net`,
    "dockerd",
    `--data-root=${folder}/data`,
    `--exec-root=${folder}/exec`,
    `--pidfile=${folder}/pid`,
    `--host=unix://${folder}/sock`,
    ...(liveRestore ? ["--live-restore"] : []),
  ];
  await forgetKilled(folder);
  const child = await startChild("nsenter", args);
  try {
    await until("the second engine answers", async () => {
      if (child.exit() !== undefined) return "ended";
      await docker.ping();
      return "ready";
    });
    if (child.exit() !== undefined) throw new Error(`dockerd ended: ${child.output().slice(-2000)}`);
    return child;
  } catch (error) {
    await child.stop("SIGKILL");
    throw error;
  }
}

/**
 * A daemon that was killed leaves its pid behind, and that of its containerd, which the kernel ends with it. As long as
 * some process has such a number, a zombie too, the next daemon takes it for alive and waits for its socket.
 */
async function forgetKilled(folder: string): Promise<void> {
  const containerd = join(folder, "exec/containerd/containerd.pid");
  const pid = await readFile(containerd, "utf8").catch(() => undefined);
  if (pid !== undefined)
    await until("the containerd of the killed engine has ended", () => hasEnded(pid.trim()));
  await rm(containerd, { force: true });
  await rm(join(folder, "pid"), { force: true });
}

async function hasEnded(pid: string): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "State: gone");
  return /^State:\s*(Z|X|gone)/mu.test(status);
}

/** A shim whose daemon was killed as its container ended has nobody left that would tell it to end. */
async function endShims(folder: string): Promise<void> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/u.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (!command.includes("containerd-shim") || !command.includes(`${folder}/exec/`)) continue;
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended by itself meanwhile.
    }
  }
}

async function unmountBelow(folder: string): Promise<void> {
  const points = (await readFile("/proc/self/mountinfo", "utf8"))
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "");
  for (const point of points.toSorted().toReversed()) {
    if (point.startsWith(`${folder}/`)) await runToEnd("umount", ["-l", point]);
  }
}
