import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, statfsSync } from "node:fs";
import { rmdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { prepareBin } from "./busybox.ts";
import { lockDataFolder } from "./data-lock.ts";
import type { RunnerContext } from "./context.ts";
import { type FreeDisk, freeOf } from "./disk-keeper.ts";
import { Engine } from "./docker/engine.ts";
import { ImageLedger } from "./docker/image-ledger.ts";
import { Images } from "./docker/images.ts";
import { NO_FAULTS } from "./faults.ts";
import type { Faults } from "./faults.ts";
import { Link } from "./link.ts";
import type { Log } from "./log.ts";
import { Runner } from "./runner.ts";
import { Mirrors } from "./workspace/mirrors.ts";
import { Slots } from "./workspace/slots.ts";

/** Settings of a runner. */
export interface RunnerOptions {
  /** Address of the server. */
  readonly url: string;
  readonly key: string;
  readonly dataFolder: string;
  /** `unix:///…` or `tcp://…`. The engine must be on this machine. */
  readonly dockerHost: string;
  readonly labels: readonly string[];
  readonly places: number;
  readonly log: Log;
  readonly agentImage?: string;
  /** A static busybox, where the machine's own is not to be used. */
  readonly busybox?: string;
  /** A folder on a memory file system for what may hold secrets; default: the machine's own, if it has one. */
  readonly memoryFolder?: string;
  /** Where calls to the engine and beginnings of steps are to fail, for tests; default: nowhere. */
  readonly faults?: Faults;
  /** How much of a folder's disk is free, for tests; default: what the machine says. */
  readonly freeDisk?: (folder: string) => Promise<FreeDisk>;
}

/** A running runner. */
export interface StartedRunner {
  /** Closes every socket and timer. Containers and steps go on; the next start takes them up. */
  stop(): Promise<void>;
  /** Takes no new session; resolves when the last one is closed. */
  drain(): Promise<void>;
  /** Rejects when the server refuses the runner's key; resolves after `stop`. */
  readonly ended: Promise<void>;
}

const DEFAULT_AGENT_IMAGE = "sluice-agent:0.1.0";
const SHARED_MEMORY = "/dev/shm";
const TMPFS_MAGIC = 0x01021994;

/**
 * Starts a runner: takes up what an earlier process left in `dataFolder`, says hello, and carries out the server's commands.
 * @throws {Error} in words when this machine cannot run one.
 */
export async function startRunner(options: RunnerOptions): Promise<StartedRunner> {
  const { dataFolder, log, faults = NO_FAULTS } = options;
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const lock = lockDataFolder(dataFolder);
  const gitVersion = await findGit();
  const folders = foldersOf(options);
  const engine = new Engine(options.dockerHost, faults);
  const ledger = new ImageLedger(path.join(dataFolder, "images.json"));
  const runner = new Runner(
    (self) => ({
      link: new Link({ url: options.url, key: options.key, boot: self.boot, log }),
      engine,
      images: new Images(engine, (id, made) => ledger.used(id, made)),
      ledger,
      freeDisk: options.freeDisk ?? freeOf,
      slots: new Slots(path.join(dataFolder, "slots")),
      mirrors: new Mirrors(path.join(dataFolder, "mirrors")),
      log,
      faults,
      folders,
      runnerUser: userOf(),
      agentImage: options.agentImage ?? DEFAULT_AGENT_IMAGE,
      instance: () => self.instance,
      node: () => self.name,
      bridge: () => self.bridge(),
    }),
    { labels: options.labels, places: options.places, gitVersion },
  );
  await runner.load();
  const ended = runner.run();
  // Whoever waits for `ended` hears of it; a stop waits for it too.
  ended.catch((error: unknown) => log.error({ err: error }, "the runner ended"));
  return {
    ended,
    drain: () => runner.drain(),
    stop: async () => {
      runner.halt();
      await runner.stop();
      await ended.catch(() => undefined);
      await ledger.settled();
      // Empty where no session is open: then nothing of us stays in the machine's memory.
      await rmdir(folders.inputs).catch(() => undefined);
      engine.close();
      lock.release();
    },
  };
}

function foldersOf(options: RunnerOptions): RunnerContext["folders"] {
  const key = createHash("sha256").update(path.resolve(options.dataFolder)).digest("hex").slice(0, 12);
  const memory = options.memoryFolder ?? (isMemory(SHARED_MEMORY) ? SHARED_MEMORY : null);
  const inputs =
    memory === null ? path.join(options.dataFolder, "inputs") : path.join(memory, `sluice-${key}`);
  const sessions = path.join(options.dataFolder, "sessions");
  for (const folder of [inputs, sessions]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  return { data: options.dataFolder, sessions, inputs, bin: prepareBin(options.dataFolder, options.busybox) };
}

function isMemory(folder: string): boolean {
  return existsSync(folder) && statfsSync(folder).type === TMPFS_MAGIC;
}

// Root runs each image as its own user; anybody else can only give files to itself.
function userOf(): string | null {
  const uid = process.getuid?.() ?? 0;
  return uid === 0 ? null : `${String(uid)}:${String(process.getgid?.() ?? uid)}`;
}

async function findGit(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)("git", ["--version"]);
    return stdout.trim().replace(/^git version /, "");
  } catch (error) {
    throw new Error("a runner needs git on this machine; install the package git", { cause: error });
  }
}
