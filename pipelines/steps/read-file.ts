import { pathOf, readText } from "./files.ts";
import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

/** A file's text. */
export const readFile = step({
  name: "readFile",
  doc: "Gives the text of a file in the workspace.",
  parameters: [
    required("file", "string", "The file, relative to the current directory."),
    optional("encoding", "string", "Character set; Base64 gives the bytes of any file as base64 text."),
  ],
  positional: "file",
  block: "none",
  needsAgent: true,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    call.label(call.args.text("file"));
    return yield* readText(call, pathOf(call, "file"), call.args.optionalText("encoding"));
  },
});
