import type { Result, StoredError } from "../ports.ts";

/** Java name of what an abort, a timeout or a refused gate throws. */
export const INTERRUPTION = "org.jenkinsci.plugins.workflow.steps.FlowInterruptedException";

/** Java name of what a failing step throws. */
export const ABORT = "hudson.AbortException";

/** The error of an interruption with one cause. */
export function interruption(
  result: Result,
  text: string,
  kind = "UserInterruption",
  user?: string,
): StoredError {
  const cause = user === undefined ? { kind, text } : { kind, text, user };
  return { $: "error", class: INTERRUPTION, message: text, result, causes: [cause] };
}

/** The error of a step that failed with words for a person. */
export function abortError(message: string, more: { exit?: number; code?: string } = {}): StoredError {
  return { $: "error", class: ABORT, message, causes: [], ...more };
}
