import path from "node:path";
import { RunnerFailure } from "../failure.ts";
import { MarkerScanner } from "./marker.ts";
import { OUTPUT_LOST } from "./supervisor.ts";
import { SegmentReader, firstSegment } from "./segments.ts";
import type { Position } from "./segments.ts";
import type { Supervised, Follows } from "./supervised.ts";

/** Captured output beyond this is refused; such a step writes a file. */
export const MAX_CAPTURE_BYTES = 16 * 1024 * 1024;

const READ_BUDGET_BYTES = 4 * 1024 * 1024;
// An exit file without a marker in the output, seen this many times a second apart with nothing to read, is the end.
const PATIENCE_LOOKS = 3;
// A step silent for so many looks is asked about: its waiter may have been killed with a background process holding the pipe.
const CHECK_EVERY_LOOKS = 10;

/** How a step ended. `incomplete`: its exit is known from the second copy only, so output may be missing. */
export interface StepResult {
  readonly code: number;
  readonly oomKills: number | null;
  readonly incomplete: boolean;
  readonly out: Buffer | null;
}

/** Takes a step's bytes. The chunk is valid during the call only; `held` more raw bytes were read and are not decided yet. */
export interface TakesOutput {
  take(chunk: Buffer, place: { raw: number; held: number; position: Position }): void;
  readonly full: boolean;
}

/**
 * Follows one step's files from a position until its end. Works the same for a step just begun, one that an earlier runner
 * began, and one that ended meanwhile. Makes no difference to the step.
 */
export class StepFollower implements Follows {
  readonly #supervised: Supervised;
  readonly #n: number;
  readonly #sink: TakesOutput;
  readonly #out: SegmentReader;
  readonly #outMarker: MarkerScanner;
  readonly #value: ValueReader | null;
  readonly #capture: boolean;
  readonly ended: Promise<StepResult>;
  #resolve: (result: StepResult) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #raw: number;
  #busy = false;
  #over = false;
  #exitSeen = 0;
  #silent = 0;

  constructor(options: {
    supervised: Supervised;
    n: number;
    capture: boolean;
    sink: TakesOutput;
    from: Position;
    raw: number;
  }) {
    const { supervised, n, capture } = options;
    const folder = path.join(supervised.folder, "out");
    this.#supervised = supervised;
    this.#n = n;
    this.#sink = options.sink;
    this.#raw = options.raw;
    this.#out = new SegmentReader(folder, `${String(n)}.out`, options.from);
    this.#outMarker = new MarkerScanner(supervised.nonce, n);
    this.#value = capture ? new ValueReader(folder, supervised.nonce, n) : null;
    this.#capture = capture;
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever started it waits for it; a runner that stops does not.
    this.ended.catch(() => undefined);
  }

  /** Sends the start line (harmless if the step runs or is over) and begins to follow. */
  start(): void {
    this.#supervised.follow(this.#n, this);
    this.#supervised.start(this.#n, this.#capture);
    this.kick();
  }

  /** Stops following without an end. */
  stop(): void {
    this.#finish();
  }

  kick(): void {
    if (this.#busy || this.#over) return;
    this.#busy = true;
    this.#pump();
  }

  look(): void {
    if (this.#over) return;
    this.kick();
    // As long as there is something to read, the marker may come with it.
    if (this.#isOver() || this.#busy || this.#sink.full) return;
    if (!this.#supervised.isClaimed(this.#n)) {
      this.#supervised.start(this.#n, this.#capture);
      return;
    }
    const exit = this.#supervised.exitOf(this.#n);
    if (exit === null) {
      this.#silent += 1;
      if (this.#silent % CHECK_EVERY_LOOKS === 0) this.#supervised.tell(`check ${String(this.#n)}`);
      return;
    }
    this.#exitSeen += 1;
    if (this.#exitSeen >= PATIENCE_LOOKS) this.#endByFile();
  }

  /** The container is gone: what is on disk decides, else `reason` does. */
  containerGone(reason: RunnerFailure): void {
    if (this.#over) return;
    while (this.#readAll(true)) continue;
    if (this.#tryEnd()) return;
    const exit = this.#supervised.exitOf(this.#n);
    if (exit !== null && exit.code !== "lost") return this.#endByFile();
    this.#finish();
    this.#reject(reason);
  }

  /** Removes segments that the server has. */
  removeBefore(segment: number): void {
    this.#out.removeBefore(segment);
  }

  #isOver(): boolean {
    return this.#over;
  }

  #pump(): void {
    if (this.#over) return;
    let more = false;
    try {
      more = this.#readAll(false);
    } catch (error) {
      this.#busy = false;
      this.#finish();
      this.#reject(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (more && !this.#sink.full) {
      // Between two budgets everything else gets its turn.
      setImmediate(() => this.#pump());
      return;
    }
    this.#busy = false;
    this.#tryEnd();
  }

  #readAll(evenIfFull: boolean): boolean {
    const value = this.#value?.read(READ_BUDGET_BYTES) ?? false;
    if (this.#sink.full && !evenIfFull) return value;
    const out = this.#out.read(READ_BUDGET_BYTES, (chunk) => {
      this.#raw += chunk.length;
      this.#silent = 0;
      this.#exitSeen = 0;
      const text = this.#outMarker.push(chunk);
      this.#sink.take(text, {
        raw: this.#raw,
        held: this.#outMarker.heldBytes,
        position: this.#out.position,
      });
    });
    return out || value;
  }

  #tryEnd(): boolean {
    const end = this.#outMarker.end;
    if (end === null || (this.#value !== null && !this.#value.over)) return false;
    this.#finish();
    this.#end({ ...end, incomplete: false });
    return true;
  }

  #endByFile(): void {
    const exit = this.#supervised.exitOf(this.#n);
    if (exit === null) return;
    const rest = this.#outMarker.flush();
    this.#sink.take(rest, { raw: this.#raw, held: 0, position: this.#out.position });
    this.#finish();
    if (exit.code === "lost") {
      this.#reject(
        new RunnerFailure(
          "exit_lost",
          "command",
          "the step's process that waits for its exit code was killed, so the code is unknown (a script that ends all processes does this)",
        ),
      );
      return;
    }
    this.#end({ code: exit.code, oomKills: exit.oomKills, incomplete: true });
  }

  #end(end: { code: number; oomKills: number | null; incomplete: boolean }): void {
    const value = this.#value === null ? null : wholeValue(this.#value);
    if (value instanceof RunnerFailure) this.#reject(value);
    else this.#resolve({ ...end, out: value });
  }

  #finish(): void {
    this.#over = true;
    this.#supervised.unfollow(this.#n);
    this.#out.close();
    this.#value?.close();
  }
}

/** A script would go on with what it is given: a value of which a piece is missing is none. */
function wholeValue(value: ValueReader): Buffer | RunnerFailure {
  if (value.tooLarge)
    return new RunnerFailure(
      "limit",
      "command",
      `the output to return is larger than ${String(MAX_CAPTURE_BYTES)} bytes; write it to a file instead`,
    );
  const bytes = value.bytes();
  if (bytes.includes(OUTPUT_LOST))
    return new RunnerFailure(
      "no_space",
      "sluice",
      "a piece of the output to return is missing: the runner's disk was full",
    );
  if (!value.over)
    return new RunnerFailure(
      "exit_lost",
      "sluice",
      "the end of the output to return is missing: what carried it was killed",
    );
  return bytes;
}

/** The captured stdout of a step: kept on disk until the result is with the server, so that a new runner reads it again. */
class ValueReader {
  readonly #reader: SegmentReader;
  readonly #marker: MarkerScanner;
  #parts: Buffer[] = [];
  #size = 0;
  tooLarge: boolean;

  constructor(folder: string, nonce: string, n: number) {
    const prefix = `${String(n)}.val`;
    const first = firstSegment(folder, prefix);
    this.#reader = new SegmentReader(folder, prefix, { segment: first, offset: 0 });
    this.#marker = new MarkerScanner(nonce, n);
    // Only a value that was too large has lost its beginning.
    this.tooLarge = first > 0;
  }

  get over(): boolean {
    return this.#marker.end !== null;
  }

  read(budget: number): boolean {
    const more = this.#reader.read(budget, (chunk) => {
      const bytes = this.#marker.push(chunk);
      this.#size += bytes.length;
      if (this.#size > MAX_CAPTURE_BYTES) this.tooLarge = true;
      if (this.tooLarge) this.#parts = [];
      else this.#parts.push(Buffer.from(bytes));
    });
    if (this.tooLarge) this.#reader.removeBefore(this.#reader.position.segment);
    return more;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  close(): void {
    this.#reader.close();
  }
}
