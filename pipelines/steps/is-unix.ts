import { done, step } from "./step.ts";

/** Always true: agents are Linux containers. */
export const isUnix = step({
  name: "isUnix",
  doc: "Gives true: agents are Linux containers.",
  parameters: [],
  positional: null,
  block: "none",
  needsAgent: true,
  kind: "none",
  policy: "none",
  behave: () => done(true),
});
