import { pathIn } from "../engine/paths.ts";
import { pathOf, place } from "./files.ts";
import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

/** Files into an archive. */
export const zip = step({
  name: "zip",
  doc: "Packs files of the workspace into a zip file.",
  parameters: [
    required("zipFile", "string", "The file to make."),
    optional("dir", "string", "Where to begin.", ""),
    optional("glob", "string", "Ant patterns; all files when absent.", ""),
    optional("exclude", "string", "Patterns of files to leave out.", ""),
    optional("archive", "boolean", "Use archiveArtifacts for it.", false),
    optional("overwrite", "boolean", "Write over an existing file.", false),
  ],
  positional: null,
  block: "none",
  needsAgent: true,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const { args, run } = call;
    const includes = args.text("glob");
    yield* call.effect({
      ...place(call),
      op: "zip",
      dir: pathIn(run.context.cwd, args.text("dir")),
      path: pathOf(call, "zipFile"),
      includes: includes === "" ? "**" : includes,
      excludes: args.text("exclude"),
      format: "zip",
    });
    return null;
  },
});

/** An archive into files. */
export const unzip = step({
  name: "unzip",
  doc: "Unpacks a zip file of the workspace.",
  parameters: [
    required("zipFile", "string", "The file."),
    optional("dir", "string", "Where to.", ""),
    optional("glob", "string", "Only these, as Ant patterns.", ""),
    optional("quiet", "boolean", "Has no effect here.", false),
  ],
  positional: "zipFile",
  block: "none",
  needsAgent: true,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const { args, run } = call;
    yield* call.effect({
      ...place(call),
      op: "unzip",
      path: pathOf(call, "zipFile"),
      dir: pathIn(run.context.cwd, args.text("dir")),
      includes: args.text("glob"),
      format: "zip",
    });
    return null;
  },
});
