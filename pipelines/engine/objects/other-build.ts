import { ListValue, LongValue, MapValue, type Value } from "../../interpreter/values.ts";
import type { Stored } from "../../ports.ts";
import { fieldOf, textIn, variablesIn } from "../convert.ts";
import { isWorse, resultNamed } from "../build-state.ts";
import { PlainObject } from "./plain-object.ts";
import type { Eventual } from "../../interpreter/flow.ts";
import type { CallArguments } from "../../interpreter/host.ts";

/** Another build as scripts see it: `currentBuild.previousBuild`, the value of `build job:`. Nothing of it can be set. */
export class OtherBuildObject extends PlainObject {
  readonly #result: string | null;

  constructor(stored: Stored) {
    const result = fieldOf(stored, "result");
    const text = typeof result === "string" ? result : null;
    const number = fieldOf(stored, "number");
    const count = typeof number === "number" ? number : 0;
    const project = textIn(fieldOf(stored, "projectName"));
    const started = longOf(fieldOf(stored, "startedAtMs"));
    super(
      "org.jenkinsci.plugins.workflow.support.steps.build.RunWrapper",
      [
        ["number", count],
        ["id", String(count)],
        ["externalizableId", `${project}#${count}`],
        ["result", text],
        ["currentResult", text ?? "SUCCESS"],
        ["displayName", textIn(fieldOf(stored, "displayName"))],
        ["fullDisplayName", `${project} ${textIn(fieldOf(stored, "displayName"))}`],
        ["description", nullable(fieldOf(stored, "description"))],
        ["projectName", project],
        ["fullProjectName", project],
        ["absoluteUrl", textIn(fieldOf(stored, "url"))],
        ["startTimeInMillis", started],
        ["timeInMillis", started],
        ["duration", longOf(fieldOf(stored, "durationMs"))],
        ["buildVariables", MapValue.of(Object.entries(variablesIn(fieldOf(stored, "variables"))))],
        ["changeSets", new ListValue()],
      ],
      `${project} #${count}`,
    );
    this.#result = text;
  }

  override callMethod(name: string, args: CallArguments): Eventual | undefined {
    const [other] = args.positional;
    if (name === "resultIsBetterOrEqualTo" && typeof other === "string")
      return !isWorse(resultNamed(this.#result ?? "SUCCESS"), resultNamed(other));
    if (name === "resultIsWorseOrEqualTo" && typeof other === "string")
      return !isWorse(resultNamed(other), resultNamed(this.#result ?? "SUCCESS"));
    return super.callMethod(name, args);
  }
}

function nullable(stored: Stored): Value {
  return typeof stored === "string" ? stored : null;
}

function longOf(stored: Stored): Value {
  return new LongValue(BigInt(typeof stored === "number" ? Math.trunc(stored) : 0));
}
