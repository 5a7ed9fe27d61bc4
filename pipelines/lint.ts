import type { Diagnostic } from "./diagnostic.ts";
import { parsePipelineFile } from "./model/parse-file.ts";
import type { KnownSteps } from "./model/parse-file.ts";
import { findStep, STEPS } from "./steps/catalogue.ts";
import { insteadOf, nearestStep } from "./steps/unavailable.ts";

/** The steps of the catalogue, as the reader of pipelines wants them. */
export const CATALOGUE: KnownSteps = {
  stepNamed: findStep,
  stepNames: STEPS.flatMap((step) => [step.name, ...(step.aliases ?? [])]),
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
