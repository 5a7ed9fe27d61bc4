import { PatternLimitError } from "../limits.ts";

/** Numbers that the choices of one match may take: 32 MiB. Java's own stack is full long before. */
export const MAX_CHOICES = 8 * 1024 * 1024;

/** What a match goes back to: pairs of numbers, last in, first out. */
export class Choices {
  private pairs = new Int32Array(64);
  private length = 0;

  get isEmpty(): boolean {
    return this.length === 0;
  }

  push(first: number, second: number): void {
    if (this.length + 2 > this.pairs.length) this.grow();
    this.pairs[this.length] = first;
    this.pairs[this.length + 1] = second;
    this.length += 2;
  }

  /** The first number of the pair on top. */
  get first(): number {
    return this.pairs[this.length - 2] ?? 0;
  }

  /** The second number of the pair on top. */
  get second(): number {
    return this.pairs[this.length - 1] ?? 0;
  }

  drop(): void {
    this.length -= 2;
  }

  clear(): void {
    this.length = 0;
  }

  private grow(): void {
    const size = this.pairs.length * 2;
    if (size > MAX_CHOICES) throw new PatternLimitError(MAX_CHOICES / 2);
    const larger = new Int32Array(size);
    larger.set(this.pairs);
    this.pairs = larger;
  }
}
