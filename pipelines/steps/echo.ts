import { required } from "./signature.ts";
import { place } from "./files.ts";
import { teesOf } from "./shell.ts";
import { step } from "./step.ts";

/** A line in the console. */
export const echo = step({
  name: "echo",
  doc: "Writes a message into the console.",
  parameters: [required("message", "string", "The message.")],
  positional: "message",
  block: "none",
  needsAgent: false,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const text = call.args.optionalText("message") ?? "null";
    call.label(text);
    call.print(text);
    const { session } = call.run.context;
    if (session === null) return null;
    for (const path of teesOf(call.run, session.id)) {
      const written = `${call.run.masked(text)}\n`;
      yield* call.effect({ ...place(call), op: "write", path, text: written, encoding: null, append: true });
    }
    return null;
  },
});
