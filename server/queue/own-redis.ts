import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, lstatSync, mkdirSync, openSync, closeSync, rmSync } from "node:fs";
import { copyFile, rename, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import type { Logger } from "pino";

/** The kernel takes at most 107 bytes for the path of a socket. */
const SOCKET_PATH_LIMIT = 107;
/** A large append-only file takes its time to load. */
const START_PATIENCE_MS = 60_000;
const WATCH_MS = 2000;

/** Redis cannot be had. `exitCode` is for the process: a person must act. */
export class OwnRedisError extends Error {
  readonly code: "redis_missing" | "redis_failed";
  readonly exitCode = 78;

  constructor(code: OwnRedisError["code"], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "OwnRedisError";
    this.code = code;
  }
}

/** The redis-server of this data folder. */
export interface OwnRedis {
  /** The path of its unix socket. */
  readonly address: string;
  /** Stops it; only a clean stop of the server does that. */
  stop(): Promise<void>;
  /** Leaves it running for the next start. */
  leave(): Promise<void>;
}

/**
 * Finds the redis-server that an earlier run left, or starts one: on a unix socket only, detached so that it outlives
 * a server that is killed. It is started again when it dies.
 * @throws {OwnRedisError}
 */
export async function startOwnRedis(options: {
  dataFolder: string;
  log: Logger;
  program?: string;
}): Promise<OwnRedis> {
  const folder = resolve(options.dataFolder, "redis");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const socket = socketPath(folder);
  const setAside = async (): Promise<void> => {
    options.log.warn(
      { folder },
      "the own Redis cannot use its files; they are set aside, and the queue is made anew",
    );
    await setFilesAside(folder);
  };
  const begin = (): Promise<void> => ensure(options.program ?? "redis-server", folder, socket, setAside);
  await begin();
  let ended = false;
  let watching: Promise<void> = Promise.resolve();
  const watch = async (): Promise<void> => {
    // Where the disk is full: at a later look.
    await keepShort(join(folder, LOG)).catch(() => undefined);
    if (ended || (await answer(socket)) !== "none") return;
    options.log.warn({ socket }, "the own Redis is gone and is started again");
    if (!ended) await begin();
  };
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    watching = watch()
      .catch((error: unknown) => options.log.error({ err: error }, "the own Redis does not start"))
      .finally(() => (busy = false));
  }, WATCH_MS);
  const leave = async (): Promise<void> => {
    ended = true;
    clearInterval(timer);
    await watching;
  };
  return {
    address: socket,
    leave,
    stop: async () => {
      await leave();
      await shutDown(socket);
      if (dirname(socket) !== folder) rmSync(dirname(socket), { recursive: true, force: true });
    },
  };
}

/** In the data folder where its path is short enough, else in a folder of ours among the temporary ones. */
function socketPath(folder: string): string {
  const near = join(folder, "redis.sock");
  if (Buffer.byteLength(near) <= SOCKET_PATH_LIMIT) return near;
  const name = createHash("sha256").update(folder).digest("hex").slice(0, 16);
  const far = join(tmpdir(), `sluice-${process.getuid?.() ?? 0}-${name}`);
  mkdirSync(far, { recursive: true, mode: 0o700 });
  const found = lstatSync(far);
  if (!found.isDirectory() || found.uid !== (process.getuid?.() ?? found.uid)) {
    throw new OwnRedisError(
      "redis_failed",
      `${far} belongs to somebody else: set SLUICE_DATA to a shorter path`,
    );
  }
  chmodSync(far, 0o700);
  return join(far, "redis.sock");
}

/** Waits until it answers. One that ends at once is started once more without its files: nothing in them is the truth. */
async function ensure(
  program: string,
  folder: string,
  socket: string,
  setAside: () => Promise<void>,
): Promise<void> {
  let launched = (await answer(socket)) === "none" ? await launch(program, folder, socket) : null;
  let isSecond = false;
  const giveUpAtMs = performance.now() + START_PATIENCE_MS;
  for (let is = await answer(socket); is !== "ready"; is = await answer(socket)) {
    const hasEnded = launched !== null && launched.exitCode !== null && is === "none";
    if (performance.now() > giveUpAtMs || (hasEnded && isSecond)) {
      const file = join(folder, LOG);
      throw new OwnRedisError("redis_failed", `redis-server does not answer; its own words are in ${file}`);
    }
    if (hasEnded) {
      await setAside();
      isSecond = true;
      launched = await launch(program, folder, socket);
    }
    await pause(50);
  }
}

const FILES = ["appendonlydir", "dump.rdb"];
const LOG = "redis.log";
const LOG_LIMIT_BYTES = 1024 * 1024;

/** A Redis that runs for years says much; what is older than the last two files of its words goes. */
async function keepShort(file: string): Promise<void> {
  const found = await stat(file).catch(() => null);
  if (found === null || found.size <= LOG_LIMIT_BYTES) return;
  await copyFile(file, `${file}.1`);
  // It has the file open, and writes at its end wherever that is.
  await truncate(file);
}

/** Keeps what Redis could not read for whoever wants to look, the newest alone. */
async function setFilesAside(folder: string): Promise<void> {
  for (const name of FILES) {
    const file = join(folder, name);
    if (!existsSync(file)) continue;
    await rm(`${file}.damaged`, { recursive: true, force: true });
    await rename(file, `${file}.damaged`);
  }
}

async function launch(program: string, folder: string, socket: string): Promise<ChildProcess> {
  const output = openSync(join(folder, LOG), "a", 0o600);
  try {
    const child = spawn(program, argumentsFor(folder, socket), {
      cwd: folder,
      detached: true,
      stdio: ["ignore", output, output],
      env: { PATH: process.env["PATH"] ?? "" }, // nothing of the server's environment: it may hold secrets
    });
    await new Promise((started, failed) => {
      child.once("spawn", started);
      child.once("error", failed);
    });
    child.unref();
    return child;
  } catch (error) {
    throw new OwnRedisError(
      "redis_missing",
      `${program} cannot be started: install it (Debian: redis-server), or name a Redis by REDIS_URL`,
      error,
    );
  } finally {
    closeSync(output);
  }
}

function argumentsFor(folder: string, socket: string): string[] {
  const settings: readonly (readonly [string, ...string[]])[] = [
    ["--port", "0"],
    ["--unixsocket", socket],
    ["--unixsocketperm", "700"],
    ["--dir", folder],
    ["--daemonize", "no"],
    ["--appendonly", "yes"],
    ["--appendfsync", "everysec"],
    ["--save", "3600 1"],
    ["--maxmemory", "256mb"],
    ["--maxmemory-policy", "noeviction"],
    ["--stop-writes-on-bgsave-error", "yes"],
  ];
  return settings.flat();
}

/** `loading`: it is there and reads its file. */
async function answer(socket: string): Promise<"ready" | "loading" | "none"> {
  const redis = ask(socket);
  try {
    await redis.connect();
    await redis.ping();
    return "ready";
  } catch (error) {
    return error instanceof Error && /LOADING|BUSY/.test(error.message) ? "loading" : "none";
  } finally {
    redis.disconnect();
  }
}

async function shutDown(socket: string): Promise<void> {
  const redis = ask(socket);
  try {
    await redis.connect();
    await redis.shutdown("NOSAVE"); // the append-only file holds everything
  } catch {
    // The connection closes under the command, or there was nothing to stop.
  } finally {
    redis.disconnect();
  }
  const giveUpAtMs = performance.now() + START_PATIENCE_MS;
  while ((await answer(socket)) !== "none" && performance.now() < giveUpAtMs) await pause(20);
}

function ask(socket: string): Redis {
  const redis = new Redis(socket, {
    lazyConnect: true,
    enableReadyCheck: false, // it would wait for the end of loading
    maxRetriesPerRequest: 0,
    connectTimeout: 3000,
    commandTimeout: 10_000,
    retryStrategy: () => null,
  });
  redis.on("error", () => {});
  return redis;
}
