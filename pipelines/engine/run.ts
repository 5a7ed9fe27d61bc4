import type { Diagnostic } from "../diagnostic.ts";
import { isError } from "../diagnostic.ts";
import { createEvaluator } from "../interpreter/create.ts";
import type { Flow } from "../interpreter/flow.ts";
import { ThrownValue, type Site } from "../interpreter/thrown.ts";
import { MapValue, type Value } from "../interpreter/values.ts";
import { parsePipelineFile, type PipelineFile } from "../model/parse-file.ts";
import { STEPS, findStep } from "../steps/catalogue.ts";
import type { BuildEnd, Engine, Head, Outcome, Turn } from "../ports.ts";
import { Run, type ParseText } from "./build.ts";
import type { Context } from "./context.ts";
import { toThrown } from "./convert.ts";
import { printFailure } from "./failure-text.ts";
import { createHost } from "./host.ts";
import { Libraries } from "./libraries.ts";
import { literalDefinitions } from "./literal-parameters.ts";
import { applyParameters } from "./parameters.ts";
import { endOf } from "./reason.ts";
import { Scheduler, type Strand } from "./scheduler.ts";

/** Loads a build from its head. Nothing runs before the first turn. */
export function createEngine(head: Head): Engine {
  return new LoadedEngine(head);
}

const SCRIPT = "WorkflowScript";

const NOTHING: Context = {
  layers: null,
  session: null,
  cwd: "",
  stage: null,
  timers: [],
  secrets: [],
  registry: null,
  tees: [],
  pod: null,
  inParallel: false,
  isDeclarative: false,
  envBlock: null,
};

class LoadedEngine implements Engine {
  readonly #head: Head;
  readonly #scheduler: Scheduler<Context, Value>;
  readonly #run: Run;
  #root: Strand<Context, Value> | null = null;
  #read: PipelineFile | null = null;
  #hasEnded = false;

  constructor(head: Head) {
    this.#head = head;
    this.#scheduler = new Scheduler<Context, Value>({
      toThrown: (error) => toThrown(error),
      isFatal: (error) => !(error instanceof ThrownValue),
    });
    this.#run = new Run(head, this.#scheduler, new MapValue(), readText);
  }

  turn(outcome?: Outcome): Turn {
    if (this.#hasEnded) return this.#scheduler.takeTurn();
    try {
      const root = this.#root ?? this.#start();
      if (root === null) return this.#invalid();
      if (outcome !== undefined) this.#scheduler.deliver(outcome, root);
      this.#run.evaluator.beginTurn();
      this.#scheduler.run();
      return this.#after(root);
    } catch (error) {
      // The engine never throws: what comes here is our own bug, and the build says so.
      return this.#end(error);
    }
  }

  #start(): Strand<Context, Value> | null {
    const { file } = this.#head;
    const read = parsePipelineFile(file.text, {
      stepNamed: findStep,
      stepNames: STEPS.map((step) => step.name),
    });
    this.#read = read;
    for (const cause of this.#head.build.causes) this.#run.print(cause.text);
    if (read.diagnostics.some(isError)) return null;
    if (read.pipeline !== undefined) applyParameters(this.#run, literalDefinitions(read.pipeline.parameters));
    else applyParameters(this.#run, []);
    const libraries = new Libraries(this.#run);
    const host = createHost(this.#run, libraries, (site) => pipelineAt(read, libraries, site));
    this.#run.evaluator = createEvaluator({ host, timeZone: this.#head.settings.timeZone });
    this.#root = this.#scheduler.start("root", NOTHING, () => this.#main(read, libraries));
    return this.#root;
  }

  *#main(read: PipelineFile, libraries: Libraries): Flow<Value> {
    this.#run.print("[Pipeline] Start of Pipeline");
    libraries.loadClasses();
    const { evaluator } = this.#run;
    const script = evaluator.load(read.program, SCRIPT);
    this.#run.script = script;
    return yield* evaluator.runScript(script);
  }

  #after(root: Strand<Context, Value>): Turn {
    const { ending } = root;
    if (ending !== null) return this.#end(ending.ok ? null : ending.error);
    if (!this.#scheduler.isWaiting)
      return this.#end(new Error("nothing is waited for and the build has not ended"));
    return this.#scheduler.takeTurn();
  }

  #end(error: unknown): Turn {
    this.#run.print("[Pipeline] End of Pipeline");
    if (error !== null) printFailure(this.#run, error);
    return this.#finish(endOf(this.#run, error));
  }

  #finish(end: BuildEnd): Turn {
    this.#hasEnded = true;
    this.#scheduler.mark({ kind: "build", result: end.result });
    this.#run.print(`Finished: ${end.result}`);
    return this.#scheduler.takeTurn(end);
  }

  /** The file is wrong: nothing runs, and the log says where and what. */
  #invalid(): Turn {
    const diagnostics = (this.#read?.diagnostics ?? []).filter(isError);
    this.#run.print("org.codehaus.groovy.control.MultipleCompilationErrorsException: startup failed:");
    for (const line of diagnosticLines(this.#head.file.text, diagnostics)) this.#run.print(line);
    const [first] = diagnostics;
    return this.#finish({
      result: "FAILURE",
      reason: {
        code: "invalid_file",
        fault: "file",
        text: first === undefined ? "the file is invalid" : `line ${first.span.line}: ${first.message}`,
      },
      span: first?.span ?? null,
    });
  }
}

/** The report of a file's errors, as Jenkins prints it, with our hints. */
function diagnosticLines(text: string, diagnostics: readonly Diagnostic[]): string[] {
  const source = text.split("\n");
  const lines: string[] = [];
  for (const { span, message, hint } of diagnostics) {
    lines.push(`${SCRIPT}: ${span.line}: ${message} @ line ${span.line}, column ${span.column}.`);
    lines.push(`   ${source[span.line - 1] ?? ""}`, `   ${" ".repeat(span.column - 1)}^`);
    if (hint !== undefined) lines.push(`   ${hint}`);
    lines.push("");
  }
  lines.push(`${diagnostics.length} ${diagnostics.length === 1 ? "error" : "errors"}`, "");
  return lines;
}

function pipelineAt(read: PipelineFile, libraries: Libraries, site: Site): PipelineFile["pipeline"] {
  for (const [call, pipeline] of read.pipelines)
    if (site.file === SCRIPT && contains(call.span, site.span)) return pipeline;
  return libraries.pipelines.get(`${site.file}:${site.span.start}`);
}

function contains(outer: { start: number; end: number }, inner: { start: number; end: number }): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

const readText: ParseText = (text) => {
  const read = parsePipelineFile(text);
  const errors = read.diagnostics.filter(isError);
  return {
    program: read.program,
    problem: errors.length === 0 ? null : diagnosticLines(text, errors).join("\n"),
    isDeclarative: read.pipeline !== undefined,
    pipelines: [...read.pipelines].map(([call, pipeline]) => [call.span.start, pipeline]),
  };
};
