import { readFile } from "node:fs/promises";
import { arch, cpus, loadavg, release, totalmem } from "node:os";
import { existsSync } from "node:fs";

import { dockerForTests } from "../../test/support/services/docker.ts";

const GIB = 1024 ** 3;

/** One line on the machine, without which no figure means anything. */
export async function machineLine(): Promise<string> {
  const facts = [
    `${cpus().length} cores (${cpus()[0]?.model ?? "unknown"}, ${arch()})`,
    `${Math.round(totalmem() / GIB)} GB`,
    await systemName(),
    `kernel ${release()}`,
    `Node ${process.version}`,
    await engineName(),
    existsSync("/sys/fs/cgroup/cgroup.controllers") ? "cgroup v2" : "cgroup v1",
    existsSync("/proc/net/ip_vs") ? "IPVS" : "no IPVS",
    `load ${loadText()}`,
  ];
  return facts.join(", ");
}

/** How busy the machine has been for one and for five minutes. */
export function loadText(): string {
  const [one = 0, five = 0] = loadavg();
  return `${one.toFixed(1)} (1 min), ${five.toFixed(1)} (5 min)`;
}

async function systemName(): Promise<string> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  return /^PRETTY_NAME="(.*)"$/m.exec(text)?.[1] ?? "unknown system";
}

async function engineName(): Promise<string> {
  const version = await dockerForTests()
    .version()
    .catch(() => undefined);
  return version === undefined ? "no Engine" : `Engine ${version.Version}`;
}
