import { worst } from "../engine/build-state.ts";
import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

/** Keeps files of the build. */
export const archiveArtifacts = step({
  name: "archiveArtifacts",
  doc: "Keeps files as artifacts of the build.",
  parameters: [
    required("artifacts", "string", "Ant patterns, separated by commas."),
    optional("excludes", "string", "Patterns of files to leave out.", ""),
    optional("allowEmptyArchive", "boolean", "Do not fail when nothing matches.", false),
    optional("fingerprint", "boolean", "Record digests.", false),
    optional("onlyIfSuccessful", "boolean", "Only while the build is good.", false),
    optional("defaultExcludes", "boolean", "Leave out what Ant leaves out (.git …).", true),
    optional("caseSensitive", "boolean", "Patterns tell case.", true),
    optional("followSymlinks", "boolean", "Links are never followed out of the workspace.", true),
  ],
  positional: "artifacts",
  block: "none",
  needsAgent: true,
  kind: "blob",
  policy: "reattach",
  *behave(call) {
    const { args, run } = call;
    call.label(args.text("artifacts"));
    if (args.flag("onlyIfSuccessful") && worst(run.build.result) !== "SUCCESS") {
      call.print("Skipping archiving because build is not successful");
      return null;
    }
    call.print("Archiving artifacts");
    yield* call.effect({
      kind: "blob",
      session: call.session().id,
      dir: run.context.cwd,
      op: "archive",
      includes: args.text("artifacts"),
      excludes: args.text("excludes"),
      defaultExcludes: args.flag("defaultExcludes"),
      allowEmpty: args.flag("allowEmptyArchive"),
      caseSensitive: args.flag("caseSensitive"),
      fingerprint: args.flag("fingerprint"),
    });
    return null;
  },
});
