import type { Failure, FailureCode } from "../../../runners/protocol.ts";
import type { StoredError } from "../../../pipelines/ports.ts";

/** Java name of what a script catches when its agent is gone, and what `retry(conditions: [agent()])` asks for. */
const AGENT_LOST = "org.jenkinsci.plugins.workflow.steps.AgentOfflineException";
const ABORT = "hudson.AbortException";
const INTERRUPTION = "org.jenkinsci.plugins.workflow.steps.FlowInterruptedException";

/** Failures that are the loss of the agent as a whole: nothing is known of what the command would have said. */
const LOST: ReadonlySet<FailureCode> = new Set([
  "agent_lost",
  "container_gone",
  "container_exited",
  "docker_daemon",
  "session_unknown",
  "stale_fence",
]);

/** Reason codes of a build by failure codes of a runner, where the words differ. */
const REASON: Partial<Record<FailureCode, string>> = {
  agent_lost: "runner_lost",
  session_unknown: "runner_lost",
  stale_fence: "runner_lost",
  container_exited: "container_gone",
  image_missing: "image_pull",
  registry_denied: "registry_auth",
  registry_unreachable: "image_pull",
  checkout_failed: "git_fetch",
  no_space: "disk",
  docker_refused: "docker_daemon",
  internal: "internal_error",
  image_build_failed: "exit_nonzero",
  file_missing: "error_step",
  path_refused: "not_allowed",
  refused: "not_allowed",
};

/** A runner's failure as the exception that a script may catch. */
export function errorOf(failure: Failure): StoredError {
  if (failure.code === "cancelled") return interruption("ABORTED", failure.message);
  const code = REASON[failure.code] ?? failure.code;
  return {
    $: "error",
    class: LOST.has(failure.code) ? AGENT_LOST : ABORT,
    message: failure.message,
    code,
    fault: failure.fault,
    causes: [],
  };
}

/** What the open steps of an agent end with when all of it is lost, by the code with which that was said. */
export function lossOf(code: string, text: string): StoredError {
  const reason = new Map(Object.entries(REASON)).get(code) ?? code;
  // Its own command ended it: that is no loss through us.
  const fault = code === "container_exited" || code === "oom" ? "command" : "sluice";
  return { $: "error", class: AGENT_LOST, message: text, code: reason, fault, causes: [] };
}

/** The error of an effect that somebody stopped or that ran out of time. */
export function interruption(
  result: "ABORTED" | "NOT_BUILT" | "FAILURE",
  text: string,
  user?: string,
): StoredError {
  const cause = user === undefined ? { kind: "UserInterruption", text } : { kind: "Rejection", text, user };
  return { $: "error", class: INTERRUPTION, message: text, result, causes: [cause] };
}

/** The error of an effect that the server itself could not carry out. */
export function refusal(message: string, code: string, fault: StoredError["fault"] = "file"): StoredError {
  return { $: "error", class: ABORT, message, code, causes: [], ...(fault === undefined ? {} : { fault }) };
}
