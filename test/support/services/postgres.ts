import { readFileSync, rmSync } from "node:fs";
import { chown, glob, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import pg from "pg";

import { onFreePort } from "./ports.ts";
import { runToEnd, startChild } from "./process.ts";
import type { Child } from "./process.ts";
import { until } from "./until.ts";

/** One empty database of the cluster that this test process shares. */
export interface Database {
  readonly url: string;
  drop(): Promise<void>;
}

interface Cluster {
  readonly urlOf: (database: string) => string;
}

let cluster: Promise<Cluster> | undefined;
let databases = 0;

/**
 * An empty PostgreSQL database. The cluster behind it is started once per test process, in a temporary folder and
 * without fsync, and ends with the process.
 */
export async function startDatabase(): Promise<Database> {
  cluster ??= startCluster();
  const { urlOf } = await cluster;
  databases += 1;
  const name = `test_${process.pid}_${databases}`;
  await ask(urlOf("postgres"), `create database ${name}`);
  return {
    url: urlOf(name),
    drop: async () => await ask(urlOf("postgres"), `drop database ${name} with (force)`),
  };
}

/** A PostgreSQL of a test's own that keeps what it says it has kept, to be killed. */
export interface KillablePostgres {
  readonly url: string;
  /** SIGKILL of the server and with it of all its connections, as a crash. */
  kill(): Promise<void>;
  /** Starts it again on the same port; it recovers from its log. */
  startAgain(): Promise<void>;
  stop(): Promise<void>;
}

/** Settings of a database whose answers can be believed after a crash of its processes. */
const DURABLE = ["fsync=on", "synchronous_commit=on", "full_page_writes=on"];
const HASTY = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

/** Starts a cluster with one empty database for the caller alone. */
export async function startKillablePostgres(): Promise<KillablePostgres> {
  const { programs, user, folder, data } = await initialised();
  const remove = async (): Promise<void> => await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    return await onFreePort(async (port) => {
      const start = async (): Promise<Child> =>
        await launch(join(programs, "postgres"), data, folder, port, user, DURABLE);
      let child = await start();
      await ask(`postgres://sluice@127.0.0.1:${port}/postgres`, "create database sluice");
      const startAgain = async (): Promise<void> => {
        await child.stop("SIGKILL");
        // What is left of the killed server holds its memory for a moment and refuses a second one as long.
        child = await until("PostgreSQL starts again", start);
      };
      return {
        url: `postgres://sluice@127.0.0.1:${port}/sluice`,
        kill: async () => await child.stop("SIGKILL"),
        startAgain,
        stop: async () => {
          await child.stop("SIGQUIT");
          await remove();
        },
      };
    });
  } catch (error) {
    await remove();
    throw error;
  }
}

async function ask(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function startCluster(): Promise<Cluster> {
  const { programs, user, folder, data } = await initialised();
  const cluster = await onFreePort(async (port) => {
    const child = await launch(join(programs, "postgres"), data, folder, port, user, HASTY);
    // Nothing of it is kept, so it may end at once; its folder goes with the process.
    process.once("exit", () => {
      process.kill(child.pid, "SIGQUIT");
      waitUntilEnded(child.pid);
      rmSync(folder, { recursive: true, force: true });
    });
    return { urlOf: (database: string) => `postgres://sluice@127.0.0.1:${port}/${database}` };
  });
  return cluster;
}

/** A new cluster's folder, not yet served by anybody. */
async function initialised(): Promise<{
  programs: string;
  user: string | undefined;
  folder: string;
  data: string;
}> {
  const programs = await programFolder();
  const user = process.getuid?.() === 0 ? "postgres" : undefined;
  const folder = await mkdtemp(join(tmpdir(), "sluice-postgres-"));
  if (user !== undefined) await giveTo(user, folder);
  const data = join(folder, "data");
  const init = ["-D", data, "-U", "sluice", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
  await initialise(join(programs, "initdb"), init, user);
  return { programs, user, folder, data };
}

/** In an exit handler nothing asynchronous happens any more; a server that still writes would fill its folder again. */
function waitUntilEnded(pid: number): void {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (let looks = 0; looks < 500 && isAlive(pid); looks += 1) Atomics.wait(clock, 0, 0, 10);
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s*[ZX]/mu.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

async function initialise(program: string, args: string[], user: string | undefined): Promise<void> {
  if (user === undefined) await runToEnd(program, args);
  else await runToEnd("setpriv", ["--reuid", user, "--regid", user, "--init-groups", "--", program, ...args]);
}

async function launch(
  program: string,
  data: string,
  folder: string,
  port: number,
  user: string | undefined,
  durability: readonly string[],
): Promise<Child> {
  const settings = ["listen_addresses=127.0.0.1", ...durability];
  const args = [
    "-D",
    data,
    "-k",
    folder,
    "-p",
    String(port),
    ...settings.flatMap((setting) => ["-c", setting]),
  ];
  const child = await startChild(program, args, {
    deathSignal: "QUIT",
    ...(user === undefined ? {} : { user }),
  });
  const url = `postgres://sluice@127.0.0.1:${port}/postgres`;
  try {
    await until(`PostgreSQL answers on port ${port}`, async () => {
      if (child.exit() !== undefined) return "ended";
      await ask(url, "select 1");
      return "ready";
    });
    if (child.exit() !== undefined) throw new Error(`postgres ended: ${child.output()}`);
    return child;
  } catch (error) {
    await child.stop("SIGKILL");
    throw error;
  }
}

async function giveTo(user: string, folder: string): Promise<void> {
  const ids = await Promise.all([runToEnd("id", ["-u", user]), runToEnd("id", ["-g", user])]);
  const [uid, gid] = ids.map(Number);
  if (uid === undefined || gid === undefined) throw new Error(`no user ${user}`);
  await chown(folder, uid, gid);
}

// Debian keeps the server's programs outside PATH, one folder per major version.
async function programFolder(): Promise<string> {
  const found: string[] = [];
  for await (const program of glob("/usr/lib/postgresql/*/bin/postgres")) found.push(join(program, ".."));
  found.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return found.at(-1) ?? join((await runToEnd("which", ["postgres"])).trim(), "..");
}
