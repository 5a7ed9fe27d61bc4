/** What a script may use up. All are counts, so that a replay on a slower machine ends at the same place. */
export interface Limits {
  /** Evaluations in one turn: statements, calls, elements touched, characters copied (in hundreds), regex steps. */
  readonly evaluations: number;
  /** Calls inside calls. */
  readonly depth: number;
  /** Characters of one string. */
  readonly stringLength: number;
  /** Elements of one list, map, set or range. */
  readonly collectionSize: number;
  /** Bytes, by our own reckoning, of everything the script can still reach. */
  readonly liveBytes: number;
}

export const DEFAULT_LIMITS: Limits = {
  evaluations: 5_000_000,
  depth: 512,
  stringLength: 16 * 1024 * 1024,
  collectionSize: 1_000_000,
  liveBytes: 64 * 1024 * 1024,
};

/** A watch beside the counts, for scripts that nobody replays: they end after a time, whatever they do. */
export interface Watch {
  /** Milliseconds worked, from any beginning. */
  readonly clockMs: () => number;
  readonly limitMs: number;
}

/** A script used up one of its limits. Groovy code cannot catch it, and no `finally` of it runs. */
export abstract class LimitError extends Error {
  abstract readonly code: string;
}

/** Too much work in one turn. */
export class EvaluationLimitError extends LimitError {
  readonly code = "limit.evaluations";
  constructor(limit: number) {
    super(`the script did more than ${limit} evaluations without waiting for a step: an endless loop?`);
  }
}

/** Calls nested too deeply. */
export class DepthLimitError extends LimitError {
  readonly code = "limit.depth";
  constructor(limit: number) {
    super(`calls are nested more than ${limit} deep: a recursion without end?`);
  }
}

/** A string grew too long. */
export class StringLimitError extends LimitError {
  readonly code = "limit.string";
  constructor(limit: number) {
    super(`a string would be longer than ${limit} characters: write it to a file instead`);
  }
}

/** A collection grew too large. */
export class CollectionLimitError extends LimitError {
  readonly code = "limit.collection";
  constructor(limit: number) {
    super(`a list, map, set or range would have more than ${limit} elements`);
  }
}

/** A regular expression has too many ways to match. */
export class PatternLimitError extends LimitError {
  readonly code = "limit.pattern";
  constructor(limit: number) {
    super(
      `a regular expression left more than ${limit} places to come back to: make its repetitions smaller`,
    );
  }
}

/** It takes too long where nobody waits for a replay. */
export class TimeLimitError extends LimitError {
  readonly code = "limit.time";
  constructor(limitMs: number) {
    super(`the script worked for more than ${limitMs} ms: an endless loop?`);
  }
}

/** Everything together is too much. */
export class LiveBytesLimitError extends LimitError {
  readonly code = "limit.memory";
  constructor(limit: number) {
    super(`the script holds more than ${limit} bytes of values: keep large data in files`);
  }
}
