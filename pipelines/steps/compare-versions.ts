import { optional, required } from "./signature.ts";
import { done, step, type StepCall } from "./step.ts";
import { compareVersionNumbers } from "./version-number.ts";

/** Longer versions are refused: to compare them would take too long. */
const MAX_LENGTH = 1_000;

/** Which of two versions is the newer one. */
export const compareVersions = step({
  name: "compareVersions",
  doc: "Compares two version numbers: -1 when the first is older, 1 when it is newer, 0 when they are the same.",
  parameters: [
    required("v1", "string", "The one version."),
    required("v2", "string", "The other one."),
    optional(
      "failIfEmpty",
      "boolean",
      "Fail when one is empty or null, instead of taking it as the lowest.",
      false,
    ),
  ],
  positional: null,
  block: "none",
  needsAgent: false,
  kind: "none",
  policy: "none",
  behave(call) {
    const v1 = call.args.text("v1");
    const v2 = call.args.text("v2");
    if (call.args.flag("failIfEmpty")) failWhenEmpty(call, v1, v2);
    if (Math.max(v1.length, v2.length) > MAX_LENGTH)
      return call.refuse(`a version has at most ${MAX_LENGTH} characters`);
    if (v1 === "" || v2 === "") return done(Number(v1 !== "") - Number(v2 !== ""));
    return done(compareVersionNumbers(v1, v2));
  },
});

function failWhenEmpty(call: StepCall, v1: string, v2: string): void {
  if (v1 === "" && v2 === "") call.fail("Both parameters are empty.");
  if (v1 === "") call.fail("v1 is empty.");
  if (v2 === "") call.fail("v2 is empty.");
}
