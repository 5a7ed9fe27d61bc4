/** What the server said to bytes of a log: how much it holds now, or that the session is not ours any more. */
export type PutAnswer = { readonly kind: "stored"; readonly stored: number } | { readonly kind: "refused" };

/** Sends bytes at an offset; repeats itself until the server answers. A wrong offset stores nothing and tells the right one. */
export type PutLog = (at: number, bytes: Buffer) => Promise<PutAnswer>;

const MAX_PUT_BYTES = 1024 * 1024;
const SMALL_PUT_BYTES = 64 * 1024;
// After a small PUT the next one waits: live readers see no difference, and a slow trickle of lines costs a tenth.
const PAUSE_MS = 5;
const FULL_BYTES = 8 * 1024 * 1024;

interface Piece {
  bytes: Buffer;
  /** How much of the raw output is settled once these bytes are stored. */
  readonly raw: number;
}

/**
 * Carries one step's masked bytes to the server, in order, each exactly once: the length that the server holds decides
 * what comes next, whatever was lost on the way. One request is in flight; what comes meanwhile goes with the next.
 */
export class LogUpload {
  readonly #put: PutLog;
  readonly #onStored: (raw: number, stored: number) => void;
  readonly #onRoom: () => void;
  #pieces: Piece[] = [];
  #pending = 0;
  #at: number;
  /** Bytes that the server has already and that come again because we began earlier. */
  #skip = 0;
  #running: Promise<void> | null = null;
  #timer: { readonly stop: () => void } | null = null;
  #hurry = false;
  #over = false;

  constructor(options: {
    put: PutLog;
    at: number;
    onStored: (raw: number, stored: number) => void;
    onRoom: () => void;
  }) {
    this.#put = options.put;
    this.#at = options.at;
    this.#onStored = options.onStored;
    this.#onRoom = options.onRoom;
  }

  /** Whether the reader should wait until `onRoom`. */
  get full(): boolean {
    return this.#pending >= FULL_BYTES;
  }

  /** Asks how much the server holds; the bytes up to there are left out when they come again. */
  async resume(): Promise<void> {
    const answer = await this.#put(this.#at, EMPTY);
    if (answer.kind === "refused") return this.abandon();
    if (answer.stored >= this.#at) this.#skip = answer.stored - this.#at;
    else this.push(lostNotice(this.#at - answer.stored), 0);
    this.#at = answer.stored;
  }

  /** Goes on behind whatever the server holds: for text that does not come again in the same words. */
  async append(): Promise<void> {
    const answer = await this.#put(this.#at, EMPTY);
    if (answer.kind === "refused") this.abandon();
    else this.#at = answer.stored;
  }

  /** Takes bytes; they are copied if the caller will use their memory again. */
  push(bytes: Buffer, raw: number): void {
    if (this.#over) return;
    const skipped = Math.min(this.#skip, bytes.length);
    this.#skip -= skipped;
    const rest = Buffer.from(bytes.subarray(skipped));
    this.#pieces.push({ bytes: rest, raw });
    this.#pending += rest.length;
    this.#running ??= this.#run();
  }

  /** Resolves when everything taken is stored, or nobody wants it any more. */
  async drained(): Promise<void> {
    this.#hurry = true;
    this.#timer?.stop();
    await this.#running;
  }

  /** Drops what is left: the session is refused, or the runner stops (the files stay for the next one). */
  abandon(): void {
    this.#over = true;
    this.#pieces = [];
    this.#pending = 0;
    this.#timer?.stop();
    this.#onRoom();
  }

  async #run(): Promise<void> {
    // Bytes that came in the same turn go together.
    await Promise.resolve();
    while (this.#pieces.length > 0 && !this.#over) {
      const bytes = this.#next();
      if (bytes.length > 0) {
        const answer = await this.#put(this.#at, bytes);
        // Abandoned while the request was under way.
        if (this.#isOver()) break;
        if (answer.kind === "refused") {
          this.abandon();
          break;
        }
        this.#settle(answer.stored);
      } else this.#settle(this.#at);
      if (bytes.length > 0 && bytes.length < SMALL_PUT_BYTES && !this.#hurry) await this.#pause();
    }
    this.#running = null;
  }

  #isOver(): boolean {
    return this.#over;
  }

  #next(): Buffer {
    const parts: Buffer[] = [];
    let size = 0;
    for (const { bytes } of this.#pieces) {
      if (size > 0 && size + bytes.length > MAX_PUT_BYTES) break;
      parts.push(bytes);
      size += bytes.length;
    }
    const [first] = parts;
    return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
  }

  // The server holds `stored` bytes: everything before is settled. Less than before means that it lost some: say so.
  #settle(stored: number): void {
    let gone = stored - this.#at;
    const wasFull = this.full;
    if (gone < 0) {
      const notice = lostNotice(-gone);
      this.#pieces.unshift({ bytes: notice, raw: 0 });
      this.#pending += notice.length;
      gone = 0;
    }
    let raw = -1;
    while (this.#pieces.length > 0) {
      const [piece] = this.#pieces;
      if (piece === undefined) break;
      if (piece.bytes.length > gone) {
        piece.bytes = piece.bytes.subarray(gone);
        this.#pending -= gone;
        break;
      }
      gone -= piece.bytes.length;
      this.#pending -= piece.bytes.length;
      raw = Math.max(raw, piece.raw);
      this.#pieces.shift();
    }
    this.#at = stored;
    if (raw >= 0) this.#onStored(raw, stored);
    if (wasFull && !this.full) this.#onRoom();
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, PAUSE_MS);
      this.#timer = {
        stop: () => {
          clearTimeout(timer);
          resolve();
        },
      };
    });
    this.#timer = null;
  }
}

function lostNotice(bytes: number): Buffer {
  return Buffer.from(
    `\n[Sluice: ${String(bytes)} bytes of this log were stored and are gone from the server]\n`,
  );
}

const EMPTY = Buffer.alloc(0);
