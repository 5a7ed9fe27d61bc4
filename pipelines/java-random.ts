const MASK = (1n << 48n) - 1n;

/** The numbers that java.util.Random gives for a seed. */
export class JavaRandom {
  private seed = 0n;

  constructor(seed: bigint) {
    this.reseed(seed);
  }

  reseed(seed: bigint): void {
    this.seed = (seed ^ 0x5deece66dn) & MASK;
  }

  /** The next bits of the sequence, as a signed number of 32 bits at most. */
  bits(count: number): number {
    this.seed = (this.seed * 0x5deece66dn + 0xbn) & MASK;
    return Number(BigInt.asIntN(32, this.seed >> BigInt(48 - count)));
  }

  /** From 0 to `bound` - 1; the bound is above 0. */
  below(bound: number): number {
    if ((bound & -bound) === bound) return Number((BigInt(bound) * BigInt(this.bits(31))) >> 31n);
    for (;;) {
      const bits = this.bits(31);
      const value = bits % bound;
      if (((bits - value + (bound - 1)) | 0) >= 0) return value;
    }
  }
}
