import type { Result } from "../ports.ts";

const RANK: Record<Result, number> = { SUCCESS: 0, UNSTABLE: 1, FAILURE: 2, NOT_BUILT: 3, ABORTED: 4 };

/** True when `a` is worse than `b`. */
export function isWorse(a: Result, b: Result): boolean {
  return RANK[a] > RANK[b];
}

/** The worst of several results; null counts as good. */
export function worst(...results: readonly (Result | null)[]): Result {
  let found: Result = "SUCCESS";
  for (const result of results) if (result !== null && isWorse(result, found)) found = result;
  return found;
}

/** Reads a result as scripts write it; unknown names mean FAILURE, as in Jenkins. */
export function resultNamed(text: string): Result {
  switch (text.toUpperCase()) {
    case "SUCCESS":
      return "SUCCESS";
    case "UNSTABLE":
      return "UNSTABLE";
    case "NOT_BUILT":
      return "NOT_BUILT";
    case "ABORTED":
      return "ABORTED";
    default:
      return "FAILURE";
  }
}

/** What a script can read and set of the build it runs in. */
export class BuildState {
  /** Null while nothing made it worse than good. */
  result: Result | null = null;
  /** What `currentBuild.result` reads inside a `post` block: the result with the error of the stage in it. */
  combined: Result | null = null;
  displayName: string;
  description: string | null = null;
  keepLog = false;
  /** `env.X = …`. */
  readonly variables = new Map<string, string>();

  constructor(displayName: string) {
    this.displayName = displayName;
  }

  /** What a script reads as `currentBuild.result`. */
  get shownResult(): Result | null {
    return this.combined === null ? this.result : worst(this.combined, this.result);
  }

  /** Setting a result only ever worsens it. */
  worsen(result: Result): void {
    if (this.result === null || isWorse(result, this.result)) this.result = result;
  }
}
