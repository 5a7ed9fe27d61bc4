import { optional } from "./signature.ts";
import { done, step } from "./step.ts";

/** Where the flow is. */
export const pwd = step({
  name: "pwd",
  doc: "Gives the current directory.",
  parameters: [
    optional("tmp", "boolean", "Give a directory for temporary files beside the workspace instead.", false),
  ],
  positional: null,
  block: "none",
  needsAgent: true,
  kind: "none",
  policy: "none",
  behave: (call) => done(call.args.flag("tmp") ? call.session().opened.tmp : call.run.context.cwd),
});
