/** The middle and the ends of some figures. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Sums up figures. @throws {Error} when there are none */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((left, right) => left - right);
  const [least] = sorted;
  const most = sorted.at(-1);
  if (least === undefined || most === undefined) throw new Error("a measure without figures");
  const half = sorted.length / 2;
  const lower = sorted[Math.ceil(half) - 1] ?? least;
  const upper = sorted[Math.floor(half)] ?? most;
  return { median: (lower + upper) / 2, least, most };
}
