import { required } from "./signature.ts";
import { step } from "./step.ts";

/** Brings stashed files into the current directory. */
export const unstash = step({
  name: "unstash",
  doc: "Brings files stashed under a name into the current directory.",
  parameters: [required("name", "string", "The name given to `stash`.")],
  positional: "name",
  block: "none",
  needsAgent: true,
  kind: "blob",
  policy: "reattach",
  *behave(call) {
    call.label(call.args.text("name"));
    const { cwd } = call.run.context;
    yield* call.effect({
      kind: "blob",
      session: call.session().id,
      dir: cwd,
      op: "unstash",
      name: call.args.text("name"),
    });
    return null;
  },
});
