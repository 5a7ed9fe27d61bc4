/** The candidate that is fewest edits away from a word, the first one of several; `` when there are none. */
export function nearest(word: string, candidates: readonly string[]): string {
  let best = "";
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** How many characters must be added, dropped, replaced or swapped with their neighbour to turn one word into another. */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    for (let k = 1; k <= to.length; k += 1) {
      const swap = i > 1 && k > 1 && from[i - 1] === to[k - 2] && from[i - 2] === to[k - 1];
      row.push(
        Math.min(
          (last[k] ?? 0) + 1,
          (row[k - 1] ?? 0) + 1,
          (last[k - 1] ?? 0) + (from[i - 1] === to[k - 1] ? 0 : 1),
          swap ? (beforeLast[k - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    beforeLast = last;
    last = row;
  }
  return last[to.length] ?? 0;
}
