/** Counts, not times, so that a replay on a slower machine ends the same. */
export const LIMITS = {
  /** Effects of one build. */
  effects: 20_000,
  /** Characters of one line of a step's label on the page. */
  label: 100,
  /** Evaluations that a call of a step counts for: each leaves lines in the console and on the page. */
  stepCost: 100,
  /** Branches of one parallel: each is a flow of its own. */
  branches: 1_000,
  /** Cells of one matrix. */
  cells: 1_000,
} as const;
