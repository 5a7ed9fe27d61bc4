import type { Diagnostic } from "../diagnostic.ts";
import type { MethodCall, Program } from "../syntax/ast.ts";
import { parse } from "../syntax/parser.ts";
import { namesDeclared, usesLibraries } from "./declared.ts";
import { findPipelines, refuseNested } from "./find.ts";
import { warnOfInternals } from "./internals.ts";
import { nearest } from "./nearest.ts";
import type { Pipeline } from "./pipeline.ts";
import { readPipeline } from "./read.ts";
import type { Reading } from "./reading.ts";
import type { SignatureLookup } from "./signatures.ts";

/** A Jenkinsfile, read. With an error among the diagnostics it must not be run. */
export type PipelineFile = {
  readonly program: Program;
  /** The declarative pipeline at the top of the file; a scripted file has none. */
  readonly pipeline?: Pipeline;
  /** Every declarative pipeline by the call that stands for it; a library file may have several. */
  readonly pipelines: ReadonlyMap<MethodCall, Pipeline>;
  readonly diagnostics: readonly Diagnostic[];
};

/** What the reader knows of the world. */
export type KnownSteps = {
  /** Gives the signature of a known step; without it no step's arguments are checked. */
  readonly stepNamed?: SignatureLookup;
  /** The names of all steps; with them a step that nobody knows gets a warning, and so does what no script may use. */
  readonly stepNames?: readonly string[];
  /** What to do about a step that is not among them; by default the nearest name is offered. */
  readonly adviceOn?: (name: string) => string | undefined;
};

/** Reads a Jenkinsfile or a file of a shared library. */
export function parsePipelineFile(text: string, known: KnownSteps = {}): PipelineFile {
  const { program, diagnostics } = parse(text);
  // As in Jenkins, a file that is no Groovy is not looked at further: whatever follows would be guessed.
  if (diagnostics.length > 0) return { program, pipelines: new Map(), diagnostics };
  const r: Reading = {
    text,
    stepNamed: known.stepNamed ?? (() => undefined),
    stepNames: usesLibraries(program) ? [] : (known.stepNames ?? []),
    adviceOn: known.adviceOn ?? ((name) => `did you mean ${nearest(name, known.stepNames ?? [])}?`),
    declared: namesDeclared(program),
    diagnostics: [],
  };
  const pipelines = new Map<MethodCall, Pipeline>();
  const calls = findPipelines(program);
  for (const call of calls) {
    const pipeline = readPipeline(r, call);
    if (pipeline !== undefined) pipelines.set(call, pipeline);
  }
  if (calls.length === 0) refuseNested(r, program.statements);
  const [first] = pipelines.values();
  if (known.stepNames !== undefined) warnOfInternals(r, program);
  return {
    program,
    ...(first === undefined ? {} : { pipeline: first }),
    pipelines,
    diagnostics: r.diagnostics.toSorted((a, b) => a.span.start - b.span.start),
  };
}
