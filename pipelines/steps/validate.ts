import { place, pathOf } from "./files.ts";
import { required } from "./signature.ts";
import { step } from "./step.ts";

/** Is a file a valid declarative pipeline? */
export const validateDeclarativePipeline = step({
  name: "validateDeclarativePipeline",
  doc: "Checks a Jenkinsfile of the workspace and gives whether it is valid.",
  parameters: [required("path", "string", "The file.")],
  positional: "path",
  block: "none",
  needsAgent: true,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const name = call.args.text("path");
    const text = yield* call.effect({
      ...place(call),
      op: "read",
      path: pathOf(call, "path"),
      encoding: null,
    });
    if (typeof text !== "string") {
      call.print(`Declarative Pipeline file '${name}' does not exist.`);
      return false;
    }
    const { problem, isDeclarative } = call.run.parse(text);
    if (problem !== null) {
      call.print(
        `Error(s) validating Declarative Pipeline file '${name}' - org.codehaus.groovy.control.MultipleCompilationErrorsException: startup failed:\n${problem}`,
      );
      return false;
    }
    if (!isDeclarative) {
      call.print(`Declarative Pipeline file '${name}' does not contain the 'pipeline' step.`);
      return false;
    }
    call.print(`Declarative Pipeline file '${name}' is valid.`);
    return true;
  },
});
