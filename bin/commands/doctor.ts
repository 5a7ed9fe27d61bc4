import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { listFaultPoints } from "../fault-points.ts";

const USAGE = `Usage: sluice doctor [--fault-points]

Says what this machine is like, as far as Sluice depends on it.
  --fault-points   the names that SLUICE_FAULT takes, for tests`;

const run = promisify(execFile);

/** `sluice doctor`: prints facts, a line each, and what to do where one is wrong; gives the exit status. */
export async function doctorCommand(argv: readonly string[]): Promise<number> {
  if (argv.includes("--help")) {
    console.log(USAGE);
    return 0;
  }
  if (argv.includes("--fault-points")) {
    for (const name of await listFaultPoints()) console.log(name);
    return 0;
  }
  const engine = await answer("docker", [
    "version",
    "--format",
    "{{.Server.Version}} (API {{.Server.APIVersion}})",
  ]);
  const facts: [string, string, string | null][] = [
    [
      "node",
      process.version,
      Number(process.versions.node.split(".")[0]) >= 24 ? null : "Node 24 or newer is needed",
    ],
    ["git", (await answer("git", ["--version"])) ?? "missing", null],
    [
      "docker engine",
      engine ?? "does not answer",
      engine === null ? "start Docker, or name an engine by DOCKER_HOST" : null,
    ],
    ["cgroup", existsSync("/sys/fs/cgroup/cgroup.controllers") ? "v2" : "v1", null],
    [
      "ipvs",
      hasIpvs() ? "yes" : "no",
      hasIpvs() ? null : "Swarm's routing mesh needs it: publish ports with mode=host",
    ],
    ["redis-server", (await answer("redis-server", ["--version"])) ?? "missing", null],
  ];
  let wrong = 0;
  for (const [name, value, fix] of facts) {
    console.log(`${name}: ${value}${fix === null ? "" : `\n  ${fix}`}`);
    if (value === "missing" || value === "does not answer") wrong += 1;
  }
  return wrong === 0 ? 0 : 1;
}

async function answer(program: string, args: readonly string[]): Promise<string | null> {
  try {
    const { stdout } = await run(program, [...args], { timeout: 10_000 });
    return stdout.trim().split("\n")[0] ?? "";
  } catch {
    return null;
  }
}

/** Whether the kernel can do what Swarm's mesh needs, loaded or built in. */
function hasIpvs(): boolean {
  if (existsSync("/proc/net/ip_vs")) return true;
  const modules = existsSync("/proc/modules") ? readFileSync("/proc/modules", "utf8") : "";
  return /^ip_vs /mu.test(modules);
}
