import { optional, required } from "./signature.ts";
import { done, step } from "./step.ts";

/** A file of a library. */
export const libraryResource = step({
  name: "libraryResource",
  doc: "Gives the text of a file under resources/ of a loaded library.",
  parameters: [
    required("resource", "string", "Path below resources/."),
    optional("encoding", "string", "Base64 for bytes as base64 text."),
  ],
  positional: "resource",
  block: "none",
  needsAgent: false,
  kind: "none",
  policy: "none",
  behave(call) {
    const path = `resources/${call.args.text("resource")}`;
    for (const candidate of call.run.head.libraries) {
      const text = candidate.files[path];
      if (text === undefined) continue;
      return done(
        call.args.optionalText("encoding") === "Base64" ? Buffer.from(text).toString("base64") : text,
      );
    }
    return call.fail(`No such library resource ${call.args.text("resource")} could be found.`);
  },
});
