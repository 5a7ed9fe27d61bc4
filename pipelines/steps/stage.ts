import { optional, required } from "./signature.ts";
import { step } from "./step.ts";
import { inStage, markStage, openStage } from "../engine/stages.ts";

/** A stage of a scripted pipeline. */
export const stage = step({
  name: "stage",
  doc: "A named part of a scripted pipeline. Without a block it lasts until the next one, as in old files.",
  parameters: [
    required("name", "string", "Its name on the page."),
    optional("concurrency", "int", "Of old files; has no effect."),
  ],
  positional: "name",
  block: "optional",
  needsAgent: false,
  kind: "none",
  policy: "none",
  *behave(call) {
    const name = call.args.text("name");
    if (call.hasBody) return yield* inStage(call.run, name, () => call.bare());
    const opened = openStage(call.run, name);
    markStage(call.run, opened, "running");
    markStage(call.run, opened, "succeeded");
    call.run.print(`Entering stage ${name}`);
    return null;
  },
});
