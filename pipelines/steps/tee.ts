import { pathOf } from "./files.ts";
import { required } from "./signature.ts";
import { step } from "./step.ts";

/** Writes down what the steps of a block print. */
export const tee = step({
  name: "tee",
  doc: "Appends what the commands and echo of the block print to a file of the workspace as well, each when it has ended, secrets covered.",
  parameters: [required("file", "string", "The file, relative to the current directory.")],
  positional: "file",
  block: "required",
  needsAgent: true,
  kind: "none",
  policy: "none",
  behave(call) {
    const session = call.session().id;
    const path = pathOf(call, "file");
    call.label(path);
    return call.body({ tees: [...call.run.context.tees, { session, path }] });
  },
});
