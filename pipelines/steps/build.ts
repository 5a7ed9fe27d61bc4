import type { Stored, StoredError } from "../ports.ts";
import { fieldOf, toStored } from "../engine/convert.ts";
import { resultNamed } from "../engine/build-state.ts";
import { Description } from "../engine/objects/description.ts";
import { noteOutward } from "../engine/session.ts";
import { OtherBuildObject } from "../engine/objects/other-build.ts";
import { interruption } from "../engine/stored-errors.ts";
import { toThrown } from "../engine/convert.ts";
import { MapValue } from "../interpreter/values.ts";
import { optional, required } from "./signature.ts";
import { step, type StepCall } from "./step.ts";

/** Starts a build of another project. */
export const build = step({
  name: "build",
  doc: "Starts a build of another project and waits for it.",
  parameters: [
    required("job", "string", "Key of the project, or project/branch."),
    optional("parameters", "list", "string(name: …, value: …), booleanParam(…)."),
    optional("wait", "boolean", "Wait until it has ended.", true),
    optional("waitForStart", "boolean", "Wait only until it has started.", false),
    optional("propagate", "boolean", "A bad result is thrown here.", true),
    optional("quietPeriod", "int", "Seconds that this step waits before it starts the build.", 0),
  ],
  positional: "job",
  block: "none",
  needsAgent: false,
  kind: "build",
  policy: "reattach",
  *behave(call) {
    const { args } = call;
    const job = args.text("job");
    call.label(job);
    call.print(`Scheduling project: ${job}`);
    const quiet = args.int("quietPeriod");
    if (quiet > 0) yield* call.effect({ kind: "timer", afterMs: quiet * 1000, activity: false });
    noteOutward(call.run);
    const ended = yield* call.effect({
      kind: "build",
      job,
      parameters: parametersOf(call),
      wait: args.flag("wait"),
      waitForStart: args.flag("waitForStart"),
    });
    if (ended === null) return null;
    const other = new OtherBuildObject(ended);
    const failure =
      args.flag("propagate") && !args.flag("waitForStart") ? failedDownstream(ended, other) : null;
    if (failure !== null) throw toThrown(failure, call.site);
    return other;
  },
});

/** What is thrown where another build ended badly and the step was to tell; null where it ended well, or goes on. */
export function failedDownstream(ended: Stored, other: OtherBuildObject): StoredError | null {
  const result = fieldOf(ended, "result");
  if (typeof result !== "string" || result === "SUCCESS") return null;
  return interruption(
    resultNamed(result),
    `${other.toText()} completed with status ${result} (propagate: false to ignore)`,
    "DownstreamFailure",
  );
}

function parametersOf(call: StepCall): Record<string, Stored> {
  const found: Record<string, Stored> = {};
  for (const parameter of call.args.list("parameters")) {
    const fields = parameter instanceof Description ? parameter.fields : parameter;
    if (!(fields instanceof MapValue))
      return call.refuse("a parameter is string(name: …, value: …) or booleanParam(…)");
    const name = call.run.textOf(fields.get("name") ?? "");
    found[name] = toStored(
      fields.get("value") ?? null,
      (value) => call.run.textOf(value),
      (what) => call.refuse(`cannot pass ${what} as parameter ${name}`),
    );
  }
  return found;
}
