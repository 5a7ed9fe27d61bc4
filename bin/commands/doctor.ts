import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { parseArgs, promisify } from "node:util";
import { reportData } from "../doctor-data.ts";
import { listFaultPoints } from "../fault-points.ts";

const USAGE = `Usage: sluice doctor [--data FOLDER] [--fault-points]

Says what this machine is like, as far as Sluice depends on it, and what is wrong in a server's data, with what to do.
Nothing is changed: the server may be running or stopped.
  --data FOLDER    look at the data of this folder only (DATABASE_URL: its database is there); without it, machine
                   and, if SLUICE_DATA is set, that folder
  --fault-points   the names that SLUICE_FAULT takes, for tests, with what is done there
Exit status: 0 all is well, 1 something is wrong, 2 wrong use, 69 the database cannot be read.`;

const run = promisify(execFile);

/** `sluice doctor`: prints facts, a line each, and what to do where one is wrong; gives the exit status. */
export async function doctorCommand(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (options === null) return 2;
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  if (options["fault-points"]) {
    for (const { name, what } of await listFaultPoints()) console.log(`${name.padEnd(32)} ${what}`);
    return 0;
  }
  if (options.data !== undefined) return await reportData(options.data);
  const machine = await reportMachine();
  const data = process.env["SLUICE_DATA"] ?? "";
  return Math.max(machine, data === "" ? 0 : await reportData(data));
}

function readOptions(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        help: { type: "boolean", short: "h", default: false },
        data: { type: "string" },
        "fault-points": { type: "boolean", default: false },
      },
    });
    return values;
  } catch (error) {
    console.error(`sluice doctor: ${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return null;
  }
}

async function reportMachine(): Promise<number> {
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
