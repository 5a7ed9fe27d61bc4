import { exception } from "../interpreter/thrown.ts";
import { pathOf, readText } from "./files.ts";
import { required } from "./signature.ts";
import { step } from "./step.ts";

/** Another Groovy file of the workspace. */
export const load = step({
  name: "load",
  doc: "Runs a Groovy file of the workspace; `return this` at its end gives an object with its functions.",
  parameters: [required("path", "string", "The file, relative to the current directory.")],
  positional: "path",
  block: "none",
  needsAgent: true,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const path = call.args.text("path");
    call.label(path);
    const text = yield* readText(call, pathOf(call, "path"), null);
    const { program, problem } = call.run.parse(text);
    if (problem !== null)
      throw exception(
        "org.codehaus.groovy.control.MultipleCompilationErrorsException",
        `startup failed:\n${path}: ${problem}`,
        call.site,
      );
    const { evaluator, script } = call.run;
    const loaded = script === null ? evaluator.load(program, path) : evaluator.load(program, path, script);
    return yield* evaluator.runScript(loaded);
  },
});
