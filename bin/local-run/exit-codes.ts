import type { BuildState } from "../../server/store/states.ts";

/** What the command line's exit statuses mean, the same for every command. */
export const EXIT = {
  done: 0,
  failed: 1,
  wrongUse: 2,
  unstable: 3,
  conflict: 5,
  aborted: 6,
  unavailable: 69,
  waiting: 75,
  configuration: 78,
  interrupted: 130,
} as const;

/** The exit status of a build that has ended. */
export function exitCodeOf(state: BuildState, allowUnstable: boolean): number {
  if (state === "succeeded") return EXIT.done;
  if (state === "unstable") return allowUnstable ? EXIT.done : EXIT.unstable;
  return state === "aborted" || state === "not_built" ? EXIT.aborted : EXIT.failed;
}
