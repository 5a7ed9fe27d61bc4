import { step } from "./step.ts";

/** Groovy inside a declarative pipeline. */
export const script = step({
  name: "script",
  doc: "A block of Groovy inside a declarative pipeline.",
  parameters: [],
  positional: null,
  block: "required",
  needsAgent: false,
  kind: "none",
  policy: "none",
  behave: (call) => call.body(),
});
