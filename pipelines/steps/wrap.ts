import { MapValue } from "../interpreter/values.ts";
import { required } from "./signature.ts";
import { step } from "./step.ts";

const HARMLESS = new Set([
  "AnsiColorBuildWrapper",
  "TimestamperBuildWrapper",
  "BuildUser",
  "MaskPasswordsBuildWrapper",
  "Xvfb",
]);

/** Old wrappers by class name. */
export const wrap = step({
  name: "wrap",
  doc: "Runs the block inside an old build wrapper: colours and times, which the page shows anyway.",
  parameters: [required("delegate", "map", "[$class: 'AnsiColorBuildWrapper'] and its like.")],
  positional: "delegate",
  block: "required",
  needsAgent: false,
  kind: "none",
  policy: "none",
  *behave(call) {
    const delegate = call.args.value("delegate");
    const name = delegate instanceof MapValue ? call.run.textOf(delegate.get("$class") ?? "") : "";
    const short = name.split(".").at(-1) ?? name;
    if (!HARMLESS.has(short)) return call.refuse(`the build wrapper "${short}" is not available`);
    return yield* call.body();
  },
});
