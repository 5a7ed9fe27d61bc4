import { place } from "./files.ts";
import { step } from "./step.ts";

/** Empties the current directory. */
export const deleteDir = step({
  name: "deleteDir",
  doc: "Deletes the current directory with all in it.",
  parameters: [],
  positional: null,
  block: "none",
  needsAgent: true,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const { cwd } = call.run.context;
    yield* call.effect({ ...place(call), op: "delete", dir: cwd, includes: null, excludes: null });
    return null;
  },
});
