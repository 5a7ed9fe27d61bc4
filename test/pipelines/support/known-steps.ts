import type { KnownSteps } from "../../../pipelines/model/parse-file.ts";
import { optional, required } from "../../../pipelines/steps/signature.ts";
import type { Parameter, Signature } from "../../../pipelines/steps/signature.ts";

function aStep(name: string, parameters: readonly Parameter[], more: Partial<Signature> = {}): Signature {
  return {
    name,
    doc: "",
    parameters,
    positional: parameters[0]?.name ?? null,
    block: "none",
    needsAgent: false,
    kind: "none",
    policy: "none",
    ...more,
  };
}

const STEPS: ReadonlyMap<string, Signature> = new Map(
  [
    aStep("echo", [required("message", "string", "")]),
    aStep("sh", [
      required("script", "string", ""),
      optional("label", "string", ""),
      optional("returnStdout", "boolean", ""),
    ]),
    aStep("noSole", [optional("a", "string", ""), optional("b", "string", "")], { positional: null }),
    aStep("sleep", [required("time", "int", ""), optional("unit", "string", "")]),
    aStep("dir", [required("path", "string", "")], { block: "required" }),
    aStep("retry", [required("count", "int", "")], { block: "required", isOption: true }),
    aStep(
      "timeout",
      [required("time", "int", ""), optional("unit", "string", ""), optional("activity", "boolean", "")],
      { block: "required", isOption: true },
    ),
    aStep("lock", [optional("resource", "string", ""), optional("label", "string", "")], {
      block: "required",
      isOption: true,
    }),
  ].map((signature) => [signature.name, signature]),
);

/** A handful of steps, so that what is said of their arguments does not hang on the catalogue. */
export const knownSteps: KnownSteps = { stepNamed: (name) => STEPS.get(name) };

/** The same, with their names, so that unknown steps are spoken of. */
export const knownByName: KnownSteps = { ...knownSteps, stepNames: [...STEPS.keys()] };
