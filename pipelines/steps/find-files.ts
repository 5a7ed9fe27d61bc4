import { isList, toValue } from "../engine/convert.ts";
import { FoundFileObject } from "../engine/objects/found-file.ts";
import { ListValue } from "../interpreter/values.ts";
import { place } from "./files.ts";
import { optional } from "./signature.ts";
import { step } from "./step.ts";

/** Files by pattern. */
export const findFiles = step({
  name: "findFiles",
  doc: "Gives the files that match a pattern, with name, path, directory, length and lastModified.",
  parameters: [
    optional("glob", "string", "Ant patterns, separated by commas.", ""),
    optional("excludes", "string", "Patterns of files to leave out.", ""),
  ],
  positional: "glob",
  block: "none",
  needsAgent: true,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const includes = call.args.text("glob");
    const { cwd } = call.run.context;
    const found = yield* call.effect({
      ...place(call),
      op: "find",
      dir: cwd,
      includes: includes === "" ? "*" : includes,
      excludes: call.args.text("excludes"),
    });
    return new ListValue(isList(found) ? found.map((file) => new FoundFileObject(toValue(file))) : []);
  },
});
