import type { Head, StoredError } from "../ports.ts";
import { isAgentLoss } from "../engine/agent-loss.ts";
import { catchable } from "../engine/build.ts";
import { Description } from "../engine/objects/description.ts";
import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

/** Several attempts at a block. */
export const retry = step({
  name: "retry",
  doc: "Runs the block again when it fails, up to `count` attempts in all. An abort is never retried.",
  parameters: [
    required("count", "int", "How many attempts."),
    optional("conditions", "list", "Only then: agent(), kubernetesAgent(), nonresumable()."),
  ],
  positional: "count",
  block: "required",
  isOption: true,
  needsAgent: false,
  kind: "none",
  policy: "none",
  *behave(call) {
    const count = call.args.int("count");
    const conditions = call.args
      .list("conditions")
      .map((value) => (value instanceof Description ? value.symbol : ""));
    for (let attempt = 1; ; attempt += 1) {
      try {
        return yield* call.body();
      } catch (error) {
        const stored = catchable(error);
        if (attempt >= count || !isRetried(call.run.head, stored, conditions)) throw error;
        call.run.print(`ERROR: ${stored.message}`);
        call.run.print("Retrying");
      }
    }
  },
});

/** What a person or a rule stopped is not tried again; a timeout inside the block is. */
function isRetried(head: Head, stored: StoredError, conditions: readonly string[]): boolean {
  if (conditions.length > 0) {
    return (
      isAgentLoss(head, stored) &&
      conditions.some((name) => name === "agent" || name === "kubernetesAgent" || name === "nonresumable")
    );
  }
  if (stored.result === undefined) return true;
  return stored.causes.every(
    (cause) => cause.kind === "ExceededTimeout" || cause.kind === "DownstreamFailure",
  );
}
