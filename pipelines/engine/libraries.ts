import type { Flow } from "../interpreter/flow.ts";
import type { Script } from "../interpreter/evaluator.ts";
import type { CallArguments } from "../interpreter/host.ts";
import { exception, type Site } from "../interpreter/thrown.ts";
import type { GroovyObject, Value } from "../interpreter/values.ts";
import type { Pipeline } from "../model/pipeline.ts";
import type { Run } from "./build.ts";

/** The global variables of the build's shared libraries: `vars/NAME.groovy`. */
export class Libraries {
  readonly #run: Run;
  readonly #texts = new Map<string, string>();
  readonly #loaded = new Map<string, Script>();
  /** Declarative pipelines written in library files, by file and place. */
  readonly pipelines = new Map<string, Pipeline>();

  constructor(run: Run) {
    this.#run = run;
    for (const library of run.head.libraries)
      for (const [path, text] of Object.entries(library.files)) {
        const name = /^vars\/(\w+)\.groovy$/.exec(path)?.[1];
        if (name !== undefined && !this.#texts.has(name)) this.#texts.set(name, text);
      }
  }

  /** Takes in the classes of `src/`, so that files can name them. */
  loadClasses(): void {
    for (const library of this.#run.head.libraries)
      for (const [path, text] of Object.entries(library.files))
        if (path.startsWith("src/") && path.endsWith(".groovy")) this.#load(path, text);
  }

  /** Calls `NAME(…)`: the method `call` of that file; undefined when there is no such variable. */
  call(name: string, args: CallArguments, site: Site): Flow<Value> | undefined {
    const script = this.#script(name);
    if (script === undefined || !this.#run.evaluator.hasMethod(script, "call")) return undefined;
    return this.#run.evaluator.callMethod(script.self, "call", args, site);
  }

  /** `NAME` itself, for `NAME.method()`. */
  object(name: string): GroovyObject | undefined {
    return this.#script(name)?.self;
  }

  #script(name: string): Script | undefined {
    const known = this.#loaded.get(name);
    if (known !== undefined) return known;
    const text = this.#texts.get(name);
    if (text === undefined) return undefined;
    const script = this.#load(`vars/${name}.groovy`, text);
    this.#loaded.set(name, script);
    return script;
  }

  #load(path: string, text: string): Script {
    const { program, problem, pipelines } = this.#run.parse(text);
    if (problem !== null)
      throw exception(
        "org.codehaus.groovy.control.MultipleCompilationErrorsException",
        `startup failed:\n${path}: ${problem}`,
      );
    for (const [start, pipeline] of pipelines) this.pipelines.set(`${path}:${start}`, pipeline);
    return this.#run.evaluator.load(program, path);
  }
}
