import { editedPom } from "../engine/objects/maven-edits.ts";
import { MavenObject } from "../engine/objects/maven-object.ts";
import { pathIn } from "../engine/paths.ts";
import { parseXml } from "../interpreter/library/xml-tree.ts";
import { exception, illegalArgument } from "../interpreter/thrown.ts";
import { textThere } from "./file-or-text.ts";
import { writeText } from "./files.ts";
import { optional, required } from "./signature.ts";
import { step, type StepCall } from "./step.ts";

/** A Maven project's description. */
export const readMavenPom = step({
  name: "readMavenPom",
  doc: "Reads a pom.xml of the workspace as Maven's model, with version, parent, properties, dependencies and so on. Nothing is inherited or interpolated.",
  parameters: [optional("file", "string", "The file; pom.xml when absent.", "pom.xml")],
  positional: "file",
  block: "none",
  needsAgent: true,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const { meter } = call.run.evaluator;
    const text = yield* textThere(call, pomPath(call));
    const root = parseXml(meter, text, (message) => malformed(call, message));
    if (root.name !== "project")
      throw malformed(call, `Expected root element 'project' but found '${root.fullName}'`);
    return new MavenObject("Model", root, { text, textOf: (value) => call.run.textOf(value), meter });
  },
});

/** A Maven project's description, changed. */
export const writeMavenPom = step({
  name: "writeMavenPom",
  doc: "Writes what readMavenPom gave into a pom.xml of the workspace: values that were changed, properties and modules; all else stays as it was read.",
  parameters: [
    required("model", "any", "What readMavenPom gave."),
    optional("file", "string", "The file; pom.xml when absent.", "pom.xml"),
  ],
  positional: null,
  block: "none",
  needsAgent: true,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const model = call.args.value("model");
    if (model === null) throw illegalArgument("model must be non-null");
    if (!(model instanceof MavenObject) || model.shape.name !== "Model")
      return call.refuse("model must be what readMavenPom gave");
    const text = editedPom(model, (what) =>
      call.refuse(`cannot write ${what}: change the file by sh 'mvn versions:set …', or by writeFile`),
    );
    yield* writeText(call, pomPath(call), text, { encoding: null, append: false });
    return null;
  },
});

function pomPath(call: StepCall): string {
  return pathIn(call.run.context.cwd, call.args.text("file").trim() || "pom.xml");
}

function malformed(call: StepCall, message: string): Error {
  return exception("org.codehaus.plexus.util.xml.pull.XmlPullParserException", message, call.site);
}
