import { warnStage } from "../engine/stages.ts";
import { required } from "./signature.ts";
import { done, step } from "./step.ts";

/** Marks build and stage as unstable and goes on. */
export const unstable = step({
  name: "unstable",
  doc: "Writes a warning, makes stage and build UNSTABLE, and goes on.",
  parameters: [required("message", "string", "Why.")],
  positional: "message",
  block: "none",
  needsAgent: false,
  kind: "none",
  policy: "none",
  behave(call) {
    call.label(call.args.text("message"));
    call.print(`WARNING: ${call.args.text("message")}`);
    call.run.build.worsen("UNSTABLE");
    warnStage(call.run, "UNSTABLE");
    return done(null);
  },
});
