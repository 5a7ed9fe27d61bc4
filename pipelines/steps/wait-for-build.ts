import { toThrown } from "../engine/convert.ts";
import { OtherBuildObject } from "../engine/objects/other-build.ts";
import { failedDownstream } from "./build.ts";
import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

/** Waits for a build that was started elsewhere. */
export const waitForBuild = step({
  name: "waitForBuild",
  doc: "Waits until another build has ended.",
  parameters: [
    required("runId", "string", "Its externalizableId: project#number."),
    optional("propagate", "boolean", "A bad result is thrown here.", false),
    optional("propagateAbort", "boolean", "It is stopped where this wait is.", false),
  ],
  positional: "runId",
  block: "none",
  needsAgent: false,
  kind: "signal",
  policy: "reattach",
  *behave(call) {
    const { args } = call;
    const runId = args.text("runId");
    call.label(runId);
    call.print(`Waiting for ${runId} to complete`);
    const stops = args.flag("propagateAbort");
    const ended = yield* call.effect({ kind: "signal", op: "build", runId, stops });
    const other = new OtherBuildObject(ended);
    const failure = args.flag("propagate") ? failedDownstream(ended, other) : null;
    if (failure !== null) throw toThrown(failure, call.site);
    return other;
  },
});
