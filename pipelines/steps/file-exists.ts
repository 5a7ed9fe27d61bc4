import { pathOf, place } from "./files.ts";
import { required } from "./signature.ts";
import { step } from "./step.ts";

/** Is there such a file or folder? */
export const fileExists = step({
  name: "fileExists",
  doc: "Gives true when the file or folder exists.",
  parameters: [required("file", "string", "The path, relative to the current directory.")],
  positional: "file",
  block: "none",
  needsAgent: true,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    call.label(call.args.text("file"));
    return (yield* call.effect({ ...place(call), op: "exists", path: pathOf(call, "file") })) === true;
  },
});
