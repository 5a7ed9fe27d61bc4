import { pathOf, writeText } from "./files.ts";
import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

/** A text into a file. */
export const writeFile = step({
  name: "writeFile",
  doc: "Writes a file, making its folders.",
  parameters: [
    required("file", "string", "The file, relative to the current directory."),
    required("text", "string", "What to write."),
    optional("encoding", "string", "Character set; Base64 takes the bytes as base64 text."),
  ],
  positional: null,
  block: "none",
  needsAgent: true,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    call.label(call.args.text("file"));
    const encoding = call.args.optionalText("encoding");
    yield* writeText(call, pathOf(call, "file"), call.args.text("text"), { encoding, append: false });
    return null;
  },
});
