import { Description } from "../engine/objects/description.ts";
import { pathIn } from "../engine/paths.ts";
import { MapValue } from "../interpreter/values.ts";
import { required } from "./signature.ts";
import { step } from "./step.ts";

/** A report: kept with the artifacts. */
export const publishHTML = step({
  name: "publishHTML",
  doc: "Keeps the files of an HTML report with the artifacts of the build.",
  parameters: [
    required("target", "map", "Map with reportDir, reportName, allowMissing; its entries may stand alone."),
  ],
  positional: "target",
  gathersNamed: true,
  block: "none",
  needsAgent: true,
  kind: "blob",
  policy: "reattach",
  *behave(call) {
    const gathered = call.args.value("target");
    const given = gathered instanceof MapValue ? (gathered.get("target") ?? gathered) : gathered;
    const target = given instanceof Description ? given.fields : given;
    if (!(target instanceof MapValue)) return call.refuse("takes a map with reportDir and reportName");
    const includes = target.get("includes") ?? "**/*";
    call.label(call.run.textOf(target.get("reportName") ?? "HTML report"));
    yield* call.effect({
      kind: "blob",
      session: call.session().id,
      dir: pathIn(call.run.context.cwd, call.run.textOf(target.get("reportDir") ?? "")),
      op: "archive",
      includes: call.run.textOf(includes),
      excludes: "",
      defaultExcludes: true,
      allowEmpty: target.get("allowMissing") === true,
      caseSensitive: true,
      fingerprint: false,
    });
    return null;
  },
});
