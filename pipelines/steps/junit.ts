import { fieldOf } from "../engine/convert.ts";
import { warnStage } from "../engine/stages.ts";
import { MapValue } from "../interpreter/values.ts";
import type { Stored } from "../ports.ts";
import { place } from "./files.ts";
import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

/** Test reports. */
export const junit = step({
  name: "junit",
  doc: "Reads JUnit reports; failures make stage and build UNSTABLE.",
  parameters: [
    required("testResults", "string", "Ant patterns of the reports."),
    optional("allowEmptyResults", "boolean", "Do not fail when there are no reports.", false),
    optional("keepLongStdio", "boolean", "Keep whole outputs of passed tests too.", false),
    optional("stdioRetention", "string", "Has no effect here."),
    optional("healthScaleFactor", "any", "Has no effect here."),
    optional("testDataPublishers", "list", "Has no effect here."),
    optional("skipPublishingChecks", "boolean", "Has no effect here."),
    optional("checksName", "string", "Has no effect here."),
    optional("skipMarkingBuildUnstable", "boolean", "Leave the build's result alone.", false),
    optional("skipMarkingStageUnstable", "boolean", "Leave the stage's state alone.", false),
    optional("skipOldReports", "boolean", "Has no effect here: workspaces are reset before each build."),
    optional("keepProperties", "boolean", "Has no effect here."),
    optional("keepTestNames", "boolean", "Has no effect here."),
  ],
  positional: "testResults",
  block: "none",
  needsAgent: true,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const { args, run } = call;
    call.label(args.text("testResults"));
    call.print("Recording test results");
    const summary = yield* call.effect({
      ...place(call),
      op: "junit",
      dir: run.context.cwd,
      includes: args.text("testResults"),
      allowEmpty: args.flag("allowEmptyResults"),
      keepLongOutput: args.flag("keepLongStdio"),
    });
    const failed = count(summary, "failed");
    const skipped = count(summary, "skipped");
    const total = count(summary, "total");
    if (failed > 0) {
      if (!args.flag("skipMarkingBuildUnstable")) run.build.worsen("UNSTABLE");
      if (!args.flag("skipMarkingStageUnstable")) warnStage(run, "UNSTABLE");
      call.print(`${failed} of ${total} tests failed`);
    }
    return MapValue.of([
      ["totalCount", total],
      ["failCount", failed],
      ["skipCount", skipped],
      ["passCount", total - failed - skipped],
    ]);
  },
});

function count(summary: Stored, name: string): number {
  const value = fieldOf(summary, name);
  return typeof value === "number" ? value : 0;
}
