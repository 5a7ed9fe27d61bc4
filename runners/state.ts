import { open, readFile, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { codeOf } from "./failure.ts";
import { Command, Fence, Handle, OpenCommand, Outcome, ReadyValue, SecretRef } from "./protocol.ts";

/** A container of a session, known before it is made. */
export const ContainerState = z.strictObject({
  name: z.string(),
  role: z.enum(["main", "inside", "service", "run"]),
  id: z.string().nullable(),
  ready: ReadyValue.nullable(),
  uid: z.int().nullable(),
});
export type ContainerState = z.infer<typeof ContainerState>;

/** All that a later process must know of a session. Steps (exec) are not in it: their files are their record. */
export const SessionState = z.strictObject({
  version: z.literal(1),
  id: Handle,
  fence: Fence,
  open: OpenCommand,
  /** Known to the supervisors only: it marks the end of a step in its output. */
  marker: z.string(),
  slot: z.string(),
  network: z.string().nullable(),
  parked: z.boolean(),
  lost: z.boolean(),
  containers: z.array(ContainerState),
  /** Refs whose values every later log of the session hides. */
  masks: z.array(SecretRef),
  commands: z.array(z.strictObject({ command: Command, outcome: Outcome.nullable() })),
});
export type SessionState = z.infer<typeof SessionState>;

const FULL: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);
const ROOM_LOOK_MS = 500;

/**
 * Keeps one session's state in `state.json`, written before acting on it and synced off the main thread. Changes made while
 * a write is under way go with the next one.
 */
export class StateFile {
  readonly #file: string;
  #writing: Promise<void> | null = null;
  #next: { state: SessionState; done: Promise<void>; run: () => void } | null = null;

  constructor(folder: string) {
    this.#file = path.join(folder, "state.json");
  }

  /** Resolves when `state`, as it is now or newer, is on disk; while the disk is full, that is later. */
  async save(state: SessionState): Promise<void> {
    if (this.#writing === null) {
      this.#writing = this.#write(state).finally(() => this.#after());
      return this.#writing;
    }
    if (this.#next === null) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const run = (): void => {
        this.#writing = this.#write(state)
          .then(resolve, reject)
          .finally(() => this.#after());
      };
      this.#next = { state, done: promise, run };
    }
    return this.#next.done;
  }

  #after(): void {
    this.#writing = null;
    const next = this.#next;
    this.#next = null;
    next?.run();
  }

  // Nothing may be done before it is written down, so all of the session waits for room.
  async #write(state: SessionState): Promise<void> {
    for (;;) {
      try {
        return await this.#writeNow(state);
      } catch (error) {
        if (!FULL.has(codeOf(error) ?? "")) throw error;
      }
      await delay(ROOM_LOOK_MS, undefined, { ref: false });
    }
  }

  async #writeNow(state: SessionState): Promise<void> {
    const text = JSON.stringify(state);
    const file = await open(`${this.#file}.new`, "w", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${this.#file}.new`, this.#file);
  }
}

/** What earlier processes left below `folder`: a session without a readable state is given by name only. */
export async function readStates(folder: string): Promise<{ states: SessionState[]; broken: string[] }> {
  const states: SessionState[] = [];
  const broken: string[] = [];
  for (const name of await namesIn(folder)) {
    try {
      const text = await readFile(path.join(folder, name, "state.json"), "utf8");
      states.push(SessionState.parse(JSON.parse(text)));
    } catch {
      broken.push(name);
    }
  }
  return { states, broken };
}

/** Removes a folder and all in it; a build may have left files that only its owner could list. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}
