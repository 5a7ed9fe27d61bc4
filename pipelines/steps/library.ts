import { optional, required } from "./signature.ts";
import { done, step } from "./step.ts";

/** Libraries are frozen with the head, so they are named at the top of the file. */
export const library = step({
  name: "library",
  doc: "Libraries are loaded before the build starts: name them by @Library at the top of the file.",
  parameters: [
    required("identifier", "string", "name@version."),
    optional("changelog", "boolean", "Has no effect here."),
    optional("retriever", "any", "Has no effect here."),
  ],
  positional: "identifier",
  block: "none",
  needsAgent: false,
  kind: "none",
  policy: "none",
  behave(call) {
    const [name = ""] = call.args.text("identifier").split("@");
    if (call.run.head.libraries.some((candidate) => candidate.name === name)) return done(null);
    return call.fail(
      `the library "${name}" cannot be loaded while the build runs: write @Library('${call.args.text("identifier")}') _ at the top of the file, and the project's settings must know it`,
    );
  },
});
