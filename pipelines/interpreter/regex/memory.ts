import type { Meter } from "../meter.ts";

/** Bits that the memory of one match may have: 8 MiB. Where it would need more, the count of steps ends a long match. */
const MAX_BITS = 64 * 1024 * 1024;

/**
 * The places of a match that led nowhere: one bit for each instruction and each place in the text. With it every place
 * is tried once, and a match takes a time that grows with the text and not with its square.
 */
export class FailureMemory {
  private readonly bits: Uint32Array;
  private readonly width: number;
  /** The words that were written, so that forgetting costs no more than remembering did; null when it is never asked for. */
  private readonly written: number[] | null;

  /** A memory for so many instructions over a text; null when it would be too large. */
  static of(
    instructions: number,
    textLength: number,
    isForgetful: boolean,
    meter: Meter,
  ): FailureMemory | null {
    const bits = instructions * (textLength + 1);
    if (bits > MAX_BITS) return null;
    meter.allocate(bits >> 3);
    return new FailureMemory(bits, textLength + 1, isForgetful);
  }

  private constructor(bits: number, width: number, isForgetful: boolean) {
    this.bits = new Uint32Array(Math.ceil(bits / 32));
    this.width = width;
    this.written = isForgetful ? [] : null;
  }

  /** Was this place tried before? From now on it was. */
  visit(instruction: number, at: number): boolean {
    const bit = instruction * this.width + at;
    const word = bit >>> 5;
    const mask = 1 << (bit & 31);
    const before = this.bits[word] ?? 0;
    if ((before & mask) !== 0) return true;
    if (before === 0) this.written?.push(word);
    this.bits[word] = before | mask;
    return false;
  }

  forget(): void {
    for (const word of this.written ?? []) this.bits[word] = 0;
    if (this.written !== null) this.written.length = 0;
  }
}
