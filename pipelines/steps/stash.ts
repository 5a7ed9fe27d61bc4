import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

/** Keeps files for other agents of this build. */
export const stash = step({
  name: "stash",
  doc: "Keeps files under a name, for `unstash` on another agent of the same build.",
  parameters: [
    required("name", "string", "The name."),
    optional("includes", "string", "Ant patterns, separated by commas; all files when absent.", ""),
    optional("excludes", "string", "Patterns of files to leave out.", ""),
    optional("useDefaultExcludes", "boolean", "Leave out what Ant leaves out (.git …).", true),
    optional("allowEmpty", "boolean", "Do not fail when nothing matches.", false),
  ],
  positional: "name",
  block: "none",
  needsAgent: true,
  kind: "blob",
  policy: "reattach",
  *behave(call) {
    const { args, run } = call;
    call.label(args.text("name"));
    yield* call.effect({
      kind: "blob",
      session: call.session().id,
      dir: run.context.cwd,
      op: "stash",
      name: args.text("name"),
      includes: args.text("includes") === "" ? "**" : args.text("includes"),
      excludes: args.text("excludes"),
      defaultExcludes: args.flag("useDefaultExcludes"),
      allowEmpty: args.flag("allowEmpty"),
    });
    return null;
  },
});
