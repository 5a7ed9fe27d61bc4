import { required } from "./signature.ts";
import { done, step } from "./step.ts";

/** A line in the console. */
export const echo = step({
  name: "echo",
  doc: "Writes a message into the console.",
  parameters: [required("message", "string", "The message.")],
  positional: "message",
  block: "none",
  needsAgent: false,
  kind: "none",
  policy: "none",
  behave(call) {
    const text = call.args.optionalText("message") ?? "null";
    call.label(text);
    call.print(text);
    return done(null);
  },
});
