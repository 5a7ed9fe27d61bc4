import { pathOf, place } from "./files.ts";
import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

/** Makes a file, or sets its time. */
export const touch = step({
  name: "touch",
  doc: "Makes an empty file, or sets the time of an existing one.",
  parameters: [
    required("file", "string", "The file, relative to the current directory."),
    optional("timestamp", "long", "Milliseconds since 1970; now when absent."),
  ],
  positional: "file",
  block: "none",
  needsAgent: true,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const atMs = call.args.has("timestamp") ? call.args.int("timestamp") : null;
    yield* call.effect({ ...place(call), op: "touch", path: pathOf(call, "file"), atMs });
    return null;
  },
});
