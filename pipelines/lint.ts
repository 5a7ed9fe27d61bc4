import type { Diagnostic } from "./diagnostic.ts";
import { parsePipelineFile } from "./model/parse-file.ts";
import type { KnownSteps } from "./model/parse-file.ts";

/** All that is wrong with a Jenkinsfile, declarative or scripted, in the order of its text. */
export function lint(text: string, known: KnownSteps = {}): readonly Diagnostic[] {
  return parsePipelineFile(text, known).diagnostics;
}
