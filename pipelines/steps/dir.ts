import { pathIn } from "../engine/paths.ts";
import { required } from "./signature.ts";
import { step } from "./step.ts";

/** Another working directory. */
export const dir = step({
  name: "dir",
  doc: "Changes the working directory for the block; it is made when first needed.",
  parameters: [required("path", "string", "The directory, relative to the current one.")],
  positional: "path",
  block: "required",
  needsAgent: true,
  kind: "none",
  policy: "none",
  *behave(call) {
    const cwd = pathIn(call.run.context.cwd, call.args.text("path"));
    call.run.print(`Running in ${cwd}`);
    return yield* call.body({ cwd });
  },
});
