import { optional } from "./signature.ts";
import { step } from "./step.ts";

/** Builds pass in their order: an older one that comes later, or stands between two, is stopped. */
export const milestone = step({
  name: "milestone",
  doc: "Builds of a branch pass in their order: one that comes after a newer one stops (NOT_BUILT), and so do older ones between the milestone before and this.",
  parameters: [
    optional("ordinal", "int", "Which milestone; absent: counted."),
    optional("label", "string", "Its name."),
    optional("unsafe", "boolean", "Has no effect here.", false),
  ],
  positional: "ordinal",
  block: "none",
  needsAgent: false,
  kind: "lock",
  policy: "reattach",
  *behave(call) {
    const { run, args } = call;
    if (run.context.inParallel) return call.fail("Using a milestone step inside parallel is not allowed");
    const ordinal = args.has("ordinal") ? args.int("ordinal") : run.milestones;
    run.milestones = ordinal + 1;
    call.label(args.optionalText("label") ?? String(ordinal));
    call.print(`Trying to pass milestone ${ordinal}`);
    yield* call.effect({ kind: "milestone", ordinal, label: args.optionalText("label") });
    return null;
  },
});
