import { optional } from "./signature.ts";
import { step } from "./step.ts";

/** Fails the build. */
export const error = step({
  name: "error",
  doc: "Fails with a message, which a script may catch.",
  parameters: [optional("message", "string", "What went wrong.", "")],
  positional: "message",
  block: "none",
  needsAgent: false,
  kind: "none",
  policy: "none",
  behave(call) {
    call.label(call.args.text("message"));
    return call.fail(call.args.text("message"), { code: "error" });
  },
});
