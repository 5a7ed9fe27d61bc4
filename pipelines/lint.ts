import type { Diagnostic } from "./diagnostic.ts";
import { parsePipelineFile } from "./model/parse-file.ts";
import type { KnownSteps } from "./model/parse-file.ts";
import { passedOverNames } from "./steps/passed-over.ts";
import type { Signature } from "./steps/signature.ts";
import { SIGNATURES } from "./steps/signatures.ts";
import { insteadOf, nearestStep } from "./steps/unavailable.ts";

const BY_NAME = new Map<string, Signature>(
  SIGNATURES.flatMap((step) => [step.name, ...(step.aliases ?? [])].map((name) => [name, step])),
);

/** The steps of the catalogue, as the reader of pipelines wants them. */
export const CATALOGUE: KnownSteps = {
  stepNamed: (name) => BY_NAME.get(name),
  stepNames: [...BY_NAME.keys(), ...passedOverNames()],
  adviceOn,
};

function adviceOn(name: string): string | undefined {
  const near = nearestStep(name);
  return insteadOf(name) ?? (near === undefined ? undefined : `did you mean ${near}?`);
}

/** All that is wrong with a Jenkinsfile, declarative or scripted, in the order of its text. */
export function lint(text: string, known: KnownSteps = CATALOGUE): readonly Diagnostic[] {
  return parsePipelineFile(text, known).diagnostics;
}
