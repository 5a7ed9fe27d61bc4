import type { Diagnostic } from "../diagnostic.ts";
import type { MethodCall, Program } from "../syntax/ast.ts";
import { parse } from "../syntax/parser.ts";
import { findPipelines, refuseNested } from "./find.ts";
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

/** Reads a Jenkinsfile or a file of a shared library. Steps are checked as far as `stepNamed` knows them. */
export function parsePipelineFile(text: string, stepNamed: SignatureLookup): PipelineFile {
  const { program, diagnostics } = parse(text);
  // As in Jenkins, a file that is no Groovy is not looked at further: whatever follows would be guessed.
  if (diagnostics.length > 0) return { program, pipelines: new Map(), diagnostics };
  const r: Reading = { text, stepNamed, diagnostics: [] };
  const pipelines = new Map<MethodCall, Pipeline>();
  const calls = findPipelines(program);
  for (const call of calls) {
    const pipeline = readPipeline(r, call);
    if (pipeline !== undefined) pipelines.set(call, pipeline);
  }
  if (calls.length === 0) refuseNested(r, program.statements);
  const [first] = pipelines.values();
  return {
    program,
    ...(first === undefined ? {} : { pipeline: first }),
    pipelines,
    diagnostics: r.diagnostics.toSorted((a, b) => a.span.start - b.span.start),
  };
}
