import fs from "node:fs";
import path from "node:path";
import { z } from "zod";

/** Which file the tail was being written to, how long it was, and what had been cut before. */
export const TailMark = z.strictObject({
  file: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
  cutBytes: z.int().nonnegative(),
  cutLines: z.int().nonnegative(),
});
export type TailMark = z.infer<typeof TailMark>;

const READ_BYTES = 1024 * 1024;

/**
 * The end of a log that is too long to be stored whole, on disk: at most `limitBytes`, in numbered files of half of that,
 * of which the last two count. Going on from a mark gives the same bytes as never having stopped.
 */
export class RollingTail {
  readonly #name: string;
  readonly #fileBytes: number;
  #mark: TailMark;
  #fd: number | null = null;
  /** Whether anything was cut off the head. */
  begun: boolean;

  constructor(name: string, limitBytes: number, mark: TailMark | null) {
    this.#name = name;
    this.#fileBytes = Math.max(1, Math.floor(limitBytes / 2));
    this.begun = mark !== null;
    this.#mark = mark ?? { file: 0, bytes: 0, cutBytes: 0, cutLines: 0 };
    if (mark !== null) this.#forgetBehind(mark);
  }

  /** The present place. */
  mark(): TailMark {
    return { ...this.#mark };
  }

  /** Removes what no process that goes on from `mark` can need; only once that mark is kept. */
  prune(mark: TailMark): void {
    for (let k = mark.file - 2; k >= 0 && fs.existsSync(this.#path(k)); k -= 1) fs.rmSync(this.#path(k));
  }

  write(bytes: Buffer): void {
    // What an earlier process wrote without a mark comes again from the beginning.
    if (!this.begun) this.remove();
    this.begun = true;
    for (let at = 0; at < bytes.length;) {
      if (this.#mark.bytes >= this.#fileBytes) this.#turn();
      const part = bytes.subarray(at, at + this.#fileBytes - this.#mark.bytes);
      this.#fd ??= fs.openSync(this.#path(this.#mark.file), "a");
      fs.writeSync(this.#fd, part);
      this.#mark.bytes += part.length;
      at += part.length;
    }
  }

  /** Said in the place of what is missing; empty if nothing is. */
  notice(): string {
    const { cutBytes, cutLines } = this.#mark;
    if (cutBytes === 0) return "";
    return `\n[Sluice: ${String(cutLines)} lines, ${String(cutBytes)} bytes cut here: this step wrote more than is kept]\n`;
  }

  *read(): Generator<Buffer> {
    for (const k of [this.#mark.file - 1, this.#mark.file]) {
      if (k < 0 || !fs.existsSync(this.#path(k))) continue;
      const fd = fs.openSync(this.#path(k), "r");
      try {
        for (;;) {
          const buffer = Buffer.alloc(READ_BYTES);
          const got = fs.readSync(fd, buffer, 0, READ_BYTES, null);
          if (got === 0) break;
          yield buffer.subarray(0, got);
        }
      } finally {
        fs.closeSync(fd);
      }
    }
  }

  remove(): void {
    this.#close();
    const prefix = `${path.basename(this.#name)}.`;
    const folder = path.dirname(this.#name);
    for (const name of fs.readdirSync(folder)) {
      if (name.startsWith(prefix)) fs.rmSync(path.join(folder, name));
    }
  }

  #path(k: number): string {
    return `${this.#name}.${String(k)}`;
  }

  #turn(): void {
    this.#close();
    this.#mark.file += 1;
    this.#mark.bytes = 0;
    const dropped = this.#path(this.#mark.file - 2);
    if (this.#mark.file < 2 || !fs.existsSync(dropped)) return;
    const bytes = fs.readFileSync(dropped);
    this.#mark.cutBytes += bytes.length;
    for (const byte of bytes) if (byte === 10) this.#mark.cutLines += 1;
  }

  // An earlier process may have written on after its last mark; those bytes come again.
  #forgetBehind(mark: TailMark): void {
    for (let k = mark.file + 1; fs.existsSync(this.#path(k)); k += 1) fs.rmSync(this.#path(k));
    if (fs.existsSync(this.#path(mark.file))) fs.truncateSync(this.#path(mark.file), mark.bytes);
  }

  #close(): void {
    if (this.#fd !== null) fs.closeSync(this.#fd);
    this.#fd = null;
  }
}
