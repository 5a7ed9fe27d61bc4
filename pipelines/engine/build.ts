import type { EffectId, EffectKind, Head, Request, ResumePolicy, StepState, Stored } from "../ports.ts";
import type { Evaluator, Script } from "../interpreter/evaluator.ts";
import type { Flow } from "../interpreter/flow.ts";
import type { Pipeline } from "../model/pipeline.ts";
import type { Program } from "../syntax/ast.ts";
import { ThrownValue, type Site } from "../interpreter/thrown.ts";
import type { MapValue, Value } from "../interpreter/values.ts";
import { argsHash, replaceAll, type Needle } from "./args-hash.ts";
import { BuildState } from "./build-state.ts";
import { headVariables } from "./build-variables.ts";
import { effectiveEnv, type Context, type EffectiveVariable } from "./context.ts";
import { storedErrorOf, toThrown } from "./convert.ts";
import type { BeginSpec, Scheduler, TimerScope } from "./scheduler.ts";
import { abortError } from "./stored-errors.ts";
import type { StoredError } from "../ports.ts";

/** What to begin; the rest of a Begin is known here. */
export type EffectSpec = {
  readonly kind: EffectKind;
  readonly name: string;
  readonly args: Stored;
  readonly request: Request;
  readonly policy: ResumePolicy;
  readonly stepNo: number | null;
  readonly site: Site;
};

/** Reads another Groovy text; `problem` is null when it can run. */
export type ParseText = (text: string) => {
  readonly program: Program;
  readonly problem: string | null;
  readonly isDeclarative: boolean;
  /** Declarative pipelines in it, by the offset where each begins. */
  readonly pipelines: readonly (readonly [number, Pipeline])[];
};

/** One build while its engine is loaded: what steps, objects and the declarative model share. */
export class Run {
  readonly head: Head;
  readonly scheduler: Scheduler<Context, Value>;
  readonly build: BuildState;
  /** Secret values bound so far: no line of ours shows them. */
  readonly needles: Needle[] = [];
  /** Parameters in force: `params`. Frozen when the file's definitions are known. */
  params: MapValue;
  /** Environments that a branch is rolling out to now. */
  readonly deploying = new Set<string>();
  /** The number the next milestone without one gets. */
  milestones = 0;
  /** Reads a Groovy text: its tree, what is wrong with it, and whether it holds a declarative pipeline. */
  readonly parse: ParseText;
  /** A `pipeline { }` runs once in a build. */
  hasPipelineRun = false;
  /** The main script, once it is loaded. */
  script: Script | null = null;
  readonly #variables: ReadonlyMap<string, string>;
  readonly #parameterVariables = new Map<string, string>();
  #evaluator: Evaluator | null = null;

  constructor(head: Head, scheduler: Scheduler<Context, Value>, params: MapValue, parse: ParseText) {
    this.head = head;
    this.parse = parse;
    this.scheduler = scheduler;
    this.params = params;
    this.build = new BuildState(`#${head.build.number}`);
    this.#variables = headVariables(head);
  }

  get evaluator(): Evaluator {
    if (this.#evaluator === null) throw new Error("the evaluator is not there yet");
    return this.#evaluator;
  }

  set evaluator(evaluator: Evaluator) {
    this.#evaluator = evaluator;
  }

  /** What steps of the running flow see. */
  get context(): Context {
    return this.scheduler.current.context;
  }

  /** Text of a value, as `toString()` gives it. */
  textOf(value: Value): string {
    return this.evaluator.textOf(value);
  }

  setParameterVariable(name: string, value: string): void {
    this.#parameterVariables.set(name, value);
  }

  /** Variables of the build, later ones win: Jenkins' own, parameters, `env.X = …`. */
  buildVariables(): Map<string, string> {
    return new Map([...this.#variables, ...this.#parameterVariables, ...this.build.variables]);
  }

  /** The whole environment where the running flow is. */
  environment(): Map<string, EffectiveVariable> {
    const { session, layers } = this.context;
    return effectiveEnv(session?.env ?? {}, this.buildVariables(), layers);
  }

  /** One variable of that environment; undefined when it is not set. */
  variable(name: string): string | undefined {
    const { session, layers } = this.context;
    for (let layer = layers; layer !== null; layer = layer.parent) {
      for (const key of layer.values.keys())
        if (key.startsWith(name) && key.charAt(name.length) === "+")
          return this.environment().get(name)?.value;
      const value = layer.values.get(name);
      if (value !== undefined) return value === "" && !layer.isSecret ? undefined : value;
    }
    const { build } = this;
    return (
      build.variables.get(name) ??
      this.#parameterVariables.get(name) ??
      this.#variables.get(name) ??
      session?.env[name]
    );
  }

  /** Runs `body` while the flow's steps see the context with `change`. */
  *within<T>(change: Partial<Context>, body: () => Flow<T>): Flow<T> {
    const strand = this.scheduler.current;
    const before = strand.context;
    strand.context = { ...before, ...change };
    try {
      return yield* body();
    } finally {
      strand.context = before;
    }
  }

  /** Adds variables for `body`. */
  *withVariables<T>(values: Iterable<readonly [string, string]>, body: () => Flow<T>): Flow<T> {
    const layer = { parent: this.context.layers, values: new Map(values), isSecret: false };
    return yield* this.within({ layers: layer }, body);
  }

  /** A line of the console, secrets covered. */
  print(text: string, stepNo: number | null = null): void {
    this.scheduler.mark({ kind: "text", text: this.masked(text), stepNo });
  }

  masked(text: string): string {
    return replaceAll(text, this.needles, "****");
  }

  /** Prints a block as Jenkins does: `[Pipeline] {`, the body, `[Pipeline] }`. */
  *block<T>(label: string | null, body: () => Flow<T>): Flow<T> {
    this.print(label === null ? "[Pipeline] {" : `[Pipeline] { (${label})`);
    try {
      return yield* body();
    } finally {
      this.print("[Pipeline] }");
    }
  }

  /** Begins an effect and waits for it. */
  *effect(spec: EffectSpec, onBegin?: (id: EffectId) => void): Flow<Stored> {
    return yield* this.scheduler.effect(this.beginSpec(spec), onBegin);
  }

  /** Runs `body` under a timer: when it fires, what the body waits for is interrupted with `error`. */
  *underTimer<T>(
    spec: EffectSpec,
    error: StoredError,
    body: (timer: TimerScope<Context, Value>) => Flow<T>,
  ): Flow<T> {
    const timer = this.scheduler.openTimer(this.beginSpec(spec), error);
    try {
      return yield* this.within({ timers: [...this.context.timers, timer] }, () => body(timer));
    } finally {
      this.scheduler.closeTimer(timer);
    }
  }

  beginSpec(spec: EffectSpec): BeginSpec {
    const { timers, stage } = this.context;
    return {
      kind: spec.kind,
      name: spec.name,
      args: spec.args,
      argsHash: argsHash(spec.name, spec.args, this.needles),
      request: spec.request,
      policy: spec.policy,
      stepNo: spec.stepNo,
      timers: timers.map((timer) => timer.id),
      stage: stage?.path ?? null,
      span: spec.site.span,
    };
  }

  /** Shows a step on the page. */
  markStep(stepNo: number, name: string, label: string, state: StepState, effect: EffectId | null): void {
    const stage = this.context.stage?.path ?? null;
    this.scheduler.mark({ kind: "step", stepNo, stage, name, label: this.masked(label), state, effect });
  }

  /** Fails as Jenkins' AbortException does. */
  fail(message: string, site?: Site, more: { exit?: number; code?: string } = {}): never {
    throw toThrown(abortError(message, more), site);
  }
}

/** The error a script could catch; anything else (a limit, our own bug) goes on its way. */
export function catchable(error: unknown): StoredError {
  const stored = error instanceof ThrownValue ? storedErrorOf(error) : undefined;
  if (stored === undefined) throw error;
  return stored;
}
