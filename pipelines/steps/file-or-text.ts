import type { Flow } from "../interpreter/flow.ts";
import { exception, illegalArgument } from "../interpreter/thrown.ts";
import { pathOf, place } from "./files.ts";
import { optional } from "./signature.ts";
import type { StepCall } from "./step.ts";

/** What a step takes that reads a file or a text. */
export const FILE_OR_TEXT = [
  optional("file", "string", "The file."),
  optional("text", "string", "Or the text."),
];

/** The text that was given, or that of the file; null when there is no such file. Refuses both and none, as Jenkins does. */
export function* givenText(call: StepCall): Flow<string | null> {
  const { args, name } = call;
  const hasFile = args.text("file").trim() !== "";
  const hasText = args.text("text").trim() !== "";
  if (!hasFile && !hasText)
    throw illegalArgument(`At least one of file or text needs to be provided to ${name}.`);
  if (hasFile && hasText) throw illegalArgument(`At most one of file or text must be provided to ${name}.`);
  return hasText ? args.text("text") : yield* textIfThere(call, pathOf(call, "file"));
}

/** The same for a file that must be there. */
export function* requiredText(call: StepCall): Flow<string> {
  return (yield* givenText(call)) ?? missing(call, pathOf(call, "file"));
}

/** The text of a file that must be there. */
export function* textThere(call: StepCall, path: string): Flow<string> {
  return (yield* textIfThere(call, path)) ?? missing(call, path);
}

function* textIfThere(call: StepCall, path: string): Flow<string | null> {
  const value = yield* call.effect({ ...place(call), op: "read", path, encoding: null });
  return typeof value === "string" ? value : null;
}

/** These steps throw another exception than readFile does. */
function missing(call: StepCall, path: string): never {
  throw exception("java.io.FileNotFoundException", `${path} does not exist.`, call.site);
}
