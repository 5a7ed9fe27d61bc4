/** Numbers that a seed decides, so that a run can be made again. */
export interface Random {
  /** At least 0, less than 1. */
  next(): number;
  /** A whole number of `from` to `to`, both possible. */
  between(from: number, to: number): number;
  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T;
  /** One of a list, as often as its weight says beside the others'. */
  pickByWeight<T extends { readonly weight: number }>(list: readonly T[]): T;
  /** Another series, decided by this one's seed and a name alone: what one part draws does not move another's. */
  branch(name: string): Random;
}

/** A series of numbers by that seed (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    pick: (list) => {
      const at = Math.floor(next() * list.length);
      for (const one of list.slice(at)) return one;
      throw new Error("nothing to pick from");
    },
    pickByWeight: (list) => {
      const whole = list.reduce((sum, { weight }) => sum + weight, 0);
      let left = next() * whole;
      for (const one of list) {
        left -= one.weight;
        if (left < 0) return one;
      }
      throw new Error("nothing to pick from");
    },
    branch: (name) => {
      let mixed = seed >>> 0;
      for (const letter of name) mixed = Math.imul(mixed ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
      return createRandom(mixed);
    },
  };
}
