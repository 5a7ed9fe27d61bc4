import { ThrownValue } from "../interpreter/thrown.ts";
import type { Run } from "./build.ts";
import { storedErrorOf } from "./convert.ts";
import { ABORT } from "./stored-errors.ts";

/** Writes an error as Jenkins does: `ERROR: …` for a failed step, causes for an interruption, else the exception. */
export function failureLines(error: unknown): string[] {
  const stored = storedErrorOf(error);
  if (stored === undefined) return [`ERROR: ${error instanceof Error ? error.message : "unknown error"}`];
  if (stored.result !== undefined) return stored.causes.map((cause) => cause.text);
  if (stored.class === ABORT) return [`ERROR: ${stored.message}`];
  if (stored.class.endsWith("MissingContextVariableException")) return [`ERROR: ${stored.message}`];
  const site = error instanceof ThrownValue ? error.site : undefined;
  const head = stored.message === "" ? stored.class : `${stored.class}: ${stored.message}`;
  if (site === undefined) return [head];
  const name = site.file === "" ? "WorkflowScript" : site.file;
  return [head, `\tat ${name}.run(${name}:${site.span.line})`];
}

/** Prints an error into the console. */
export function printFailure(run: Run, error: unknown): void {
  for (const line of failureLines(error)) run.print(line);
}
