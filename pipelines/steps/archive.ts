import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

/** Jenkins' step of old: the patterns have another name, and nothing that matches is no failure. */
export const archive = step({
  name: "archive",
  doc: "Keeps files as artifacts of the build; archiveArtifacts of old, which never fails for want of files.",
  parameters: [
    required("includes", "string", "Ant patterns, separated by commas."),
    optional("excludes", "string", "Patterns of files to leave out.", ""),
  ],
  positional: "includes",
  block: "none",
  needsAgent: true,
  kind: "blob",
  policy: "reattach",
  *behave(call) {
    const { args, run } = call;
    call.label(args.text("includes"));
    yield* call.effect({
      kind: "blob",
      session: call.session().id,
      dir: run.context.cwd,
      op: "archive",
      includes: args.text("includes"),
      excludes: args.text("excludes"),
      defaultExcludes: true,
      allowEmpty: true,
      caseSensitive: true,
      fingerprint: false,
    });
    return null;
  },
});
