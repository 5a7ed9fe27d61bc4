import fs from "node:fs";
import { z } from "zod";
import { codeOf } from "./failure.ts";
import { LogUpload } from "./log-upload.ts";
import type { PutLog } from "./log-upload.ts";
import { Masker } from "./mask.ts";
import type { Needles } from "./mask.ts";
import type { Position } from "./step/segments.ts";
import type { TakesOutput } from "./step/follower.ts";
import { RollingTail, TailMark } from "./rolling-tail.ts";
import type { TeeSpool } from "./tee-spool.ts";

/** From where a new runner process goes on: the raw place, and how long the server's log was there. */
export const Checkpoint = z.strictObject({
  segment: z.int().nonnegative(),
  offset: z.int().nonnegative(),
  raw: z.int().nonnegative(),
  stored: z.int().nonnegative(),
  /** Masked bytes given so far. */
  given: z.int().nonnegative(),
  /** Present once the log's middle is being cut. */
  tail: TailMark.nullable(),
});
export type Checkpoint = z.infer<typeof Checkpoint>;

/** Where every step begins. */
export const BEGINNING: Checkpoint = { segment: 0, offset: 0, raw: 0, stored: 0, given: 0, tail: null };

/** How much of one step's log is stored: its head, and a rolling tail if it is longer. */
export interface LogLimits {
  readonly headBytes: number;
  readonly tailBytes: number;
}

/** Half of a gigabyte of log helps nobody: a head, a tail and a count do. */
export const DEFAULT_LOG_LIMITS: LogLimits = { headBytes: 192 * 1024 * 1024, tailBytes: 64 * 1024 * 1024 };

/**
 * The way of a step's bytes from its files to the server: masked, cut if it is a flood, stored once. Writes a checkpoint
 * whenever a segment is done with, and only then lets it be removed, so that any process can take the work up again.
 */
export class StepLog implements TakesOutput {
  readonly #masker: Masker;
  readonly #upload: LogUpload;
  readonly #file: string;
  readonly #limits: LogLimits;
  readonly #tail: RollingTail;
  readonly #tee: TeeSpool | null;
  #checkpoint: Checkpoint;
  #given: number;
  #starts: { segment: number; raw: number }[] = [];
  /** Called when segments before this one are not needed any more. */
  onDone: (segment: number) => void = () => undefined;
  /** Called when there is room again after `full`. */
  onRoom: () => void = () => undefined;

  constructor(options: {
    put: PutLog;
    needles: Needles;
    file: string;
    limits: LogLimits;
    checkpoint: Checkpoint;
    /** Keeps the whole text as well. */
    tee: TeeSpool | null;
  }) {
    this.#masker = new Masker(options.needles);
    this.#file = options.file;
    this.#limits = options.limits;
    this.#tee = options.tee;
    this.#checkpoint = options.checkpoint;
    this.#given = options.checkpoint.given;
    this.#tail = new RollingTail(`${options.file}.tail`, options.limits.tailBytes, options.checkpoint.tail);
    this.#upload = new LogUpload({
      put: options.put,
      at: options.checkpoint.stored,
      onStored: (raw, stored) => this.#stored(raw, stored),
      onRoom: () => this.onRoom(),
    });
  }

  get full(): boolean {
    return this.#upload.full;
  }

  get from(): Position & { raw: number } {
    return this.#checkpoint;
  }

  /** Before the first byte of a step that an earlier process may have begun to send. */
  async resume(): Promise<void> {
    await this.#upload.resume();
  }

  take(chunk: Buffer, place: { raw: number; held: number; position: Position }): void {
    const { segment, offset } = place.position;
    if (this.#starts.at(-1)?.segment !== segment) this.#starts.push({ segment, raw: place.raw - offset });
    const masked = this.#masker.push(chunk);
    this.#give(masked, place.raw - place.held - this.#masker.heldBytes);
  }

  /** Words of our own, between or behind the step's. */
  say(text: string): void {
    this.#give(Buffer.from(text), 0);
  }

  /** The step is over: gives what was held back and waits until all is stored (or refused). */
  async end(): Promise<void> {
    this.#give(this.#masker.flush(), 0);
    if (this.#tail.begun) await this.#sendTail();
    await this.#upload.drained();
  }

  /** Stops sending; the files stay. */
  abandon(): void {
    this.#upload.abandon();
  }

  /** Removes the record of a step whose result is with the server. */
  forget(): void {
    fs.rmSync(this.#file, { force: true });
    if (this.#tail.begun) this.#tail.remove();
  }

  #give(bytes: Buffer, raw: number): void {
    this.#tee?.write(bytes, this.#given);
    const room = Math.max(0, this.#limits.headBytes - this.#given);
    this.#given += bytes.length;
    if (bytes.length <= room && !this.#tail.begun) return this.#upload.push(bytes, raw);
    // From here on nothing is stored until the end, so a checkpoint is taken without the server.
    if (!this.#tail.begun) this.#upload.push(bytes.subarray(0, room), 0);
    this.#tail.write(bytes.subarray(this.#tail.begun ? 0 : room));
    this.#checkpointAt(raw, null);
  }

  async #sendTail(): Promise<void> {
    this.#upload.push(Buffer.from(this.#tail.notice()), 0);
    for (const bytes of this.#tail.read()) {
      this.#upload.push(bytes, 0);
      if (this.#upload.full) await this.#upload.drained();
    }
  }

  #stored(raw: number, stored: number): void {
    if (this.#tail.begun) return;
    this.#checkpointAt(raw, stored);
  }

  // `stored` null: the flood's middle, of which the server gets nothing; its length is the head's.
  #checkpointAt(raw: number, stored: number | null): void {
    while ((this.#starts[1]?.raw ?? Infinity) <= raw) this.#starts.shift();
    const [start] = this.#starts;
    if (start === undefined || start.segment <= this.#checkpoint.segment) return;
    const given = stored ?? this.#given;
    const next: Checkpoint = {
      segment: start.segment,
      offset: raw - start.raw,
      raw,
      stored: stored ?? this.#limits.headBytes,
      given,
      tail: stored === null ? this.#tail.mark() : null,
    };
    try {
      writeWhole(this.#file, JSON.stringify(next));
    } catch (error) {
      if (!isFull(error)) throw error;
      // The one before stays good, since nothing behind it is removed; the next piece that is stored tries again.
      return;
    }
    this.#checkpoint = next;
    if (this.#checkpoint.tail !== null) this.#tail.prune(this.#checkpoint.tail);
    this.onDone(start.segment);
  }
}

/** Reads the checkpoint that an earlier process left, or the beginning. */
export function readCheckpoint(file: string): Checkpoint {
  try {
    return Checkpoint.parse(JSON.parse(fs.readFileSync(file, "utf8")));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return BEGINNING;
    throw error;
  }
}

function isFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes(codeOf(error) ?? "");
}

// Whole or not there. No fsync: after a power failure the containers are gone too.
function writeWhole(file: string, text: string): void {
  fs.writeFileSync(`${file}.new`, text);
  fs.renameSync(`${file}.new`, file);
}
