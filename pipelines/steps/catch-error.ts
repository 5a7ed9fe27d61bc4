import type { Result } from "../ports.ts";
import type { Flow } from "../interpreter/flow.ts";
import type { Value } from "../interpreter/values.ts";
import { catchable } from "../engine/build.ts";
import { resultNamed } from "../engine/build-state.ts";
import { printFailure } from "../engine/failure-text.ts";
import { warnStage } from "../engine/stages.ts";
import { optional, required } from "./signature.ts";
import { step, type StepCall } from "./step.ts";

/** Goes on after a failure, with a mark on build and stage. */
export const catchError = step({
  name: "catchError",
  doc: "Goes on when the block fails, and marks the build (FAILURE unless said otherwise) and the stage.",
  parameters: [
    optional("message", "string", "A line for the console."),
    optional("buildResult", "string", "What the build becomes.", "FAILURE"),
    optional("stageResult", "string", "What the stage becomes.", "SUCCESS"),
    optional("catchInterruptions", "boolean", "Catch an abort or a timeout too.", true),
  ],
  positional: null,
  block: "required",
  isOption: true,
  needsAgent: false,
  kind: "none",
  policy: "none",
  behave: (call) =>
    goOn(call, {
      message: call.args.optionalText("message"),
      build: resultNamed(call.args.text("buildResult")),
      stage: resultNamed(call.args.text("stageResult")),
    }),
});

/** Goes on after a failure, unstable. */
export const warnError = step({
  name: "warnError",
  doc: "Goes on when the block fails, and makes stage and build UNSTABLE.",
  parameters: [
    required("message", "string", "A line for the console."),
    optional("catchInterruptions", "boolean", "Catch an abort or a timeout too.", true),
  ],
  positional: "message",
  block: "required",
  isOption: true,
  needsAgent: false,
  kind: "none",
  policy: "none",
  behave: (call) => goOn(call, { message: call.args.text("message"), build: "UNSTABLE", stage: "UNSTABLE" }),
});

function* goOn(
  call: StepCall,
  marks: { readonly message: string | null; readonly build: Result; readonly stage: Result },
): Flow<Value> {
  const { run } = call;
  try {
    yield* call.body();
  } catch (error) {
    const stored = catchable(error);
    const isStopped =
      stored.result !== undefined && !stored.causes.some((cause) => cause.kind === "DownstreamFailure");
    if (isStopped && !call.args.flag("catchInterruptions")) throw error;
    if (marks.message !== null) run.print(marks.message);
    printFailure(run, error);
    const buildResult = stored.result ?? marks.build;
    const stageResult = stored.result ?? marks.stage;
    if (buildResult !== "SUCCESS") {
      run.print(`Setting overall build result to ${buildResult}`);
      run.build.worsen(buildResult);
    }
    warnStage(run, stageResult);
  }
  return null;
}
