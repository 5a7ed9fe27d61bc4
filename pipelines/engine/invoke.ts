import type { EffectId, Request, Stored } from "../ports.ts";
import type { Flow } from "../interpreter/flow.ts";
import type { CallArguments } from "../interpreter/host.ts";
import { exception, illegalArgument, type Site } from "../interpreter/thrown.ts";
import type { Value } from "../interpreter/values.ts";
import { bindArguments, type StepArguments } from "../steps/arguments.ts";
import type { Step, StepCall } from "../steps/step.ts";
import type { Run } from "./build.ts";
import type { Context, SessionScope } from "./context.ts";
import { storedErrorOf } from "./convert.ts";
import { LIMITS } from "./limits.ts";

/** A block handed to a step: the script's closure, or a body of the declarative model. */
export type Body = (args: readonly Value[]) => Flow<Value>;

/** Calls a step as a script does. */
export function* invokeStep(run: Run, step: Step, args: CallArguments, site: Site): Flow<Value> {
  const { bound, body, unknown } = bindArguments(step, args, (value) => run.textOf(value));
  if (unknown.length > 0)
    run.print(`WARNING: Unknown parameter(s) found for step '${step.name}': ${unknown.join(", ")}`);
  const closure = body === null ? null : (given: readonly Value[]) => run.evaluator.callClosure(body, given);
  return yield* runStep(run, step, bound, closure, site);
}

/** Runs a step whose arguments are bound, printed as Jenkins prints steps. */
export function* runStep(
  run: Run,
  step: Step,
  args: StepArguments,
  body: Body | null,
  site: Site,
): Flow<Value> {
  run.evaluator.meter.tick(LIMITS.stepCost);
  if (step.block === "required" && body === null)
    throw exception("java.lang.IllegalStateException", `${step.name} step must be called with a body`, site);
  const label = step.parameters.some((parameter) => parameter.name === "label")
    ? args.optionalText("label")
    : null;
  run.print(
    label === null || step.block !== "none"
      ? `[Pipeline] ${step.name}`
      : `[Pipeline] ${step.name} (${label})`,
  );
  const call = new Call(run, step, args, body, site);
  try {
    if (step.needsAgent) call.session();
    const value = yield* step.behave(call);
    call.ended(null);
    return value;
  } catch (error) {
    call.ended(error);
    throw error;
  } finally {
    if (body !== null) run.print(`[Pipeline] // ${step.name}`);
  }
}

class Call implements StepCall {
  readonly name: string;
  readonly args: StepArguments;
  readonly site: Site;
  readonly run: Run;
  readonly stepNo: number | null;
  readonly #step: Step;
  readonly #body: Body | null;
  #label = "";
  #effect: EffectId | null = null;

  constructor(run: Run, step: Step, args: StepArguments, body: Body | null, site: Site) {
    this.run = run;
    this.#step = step;
    this.name = step.name;
    this.args = args;
    this.#body = body;
    this.site = site;
    this.stepNo = step.block === "none" ? run.scheduler.nextStep() : null;
  }

  get hasBody(): boolean {
    return this.#body !== null;
  }

  session(): SessionScope {
    const { session, isDeclarative } = this.run.context;
    if (session !== null) return session;
    if (isDeclarative)
      throw exception(
        "org.jenkinsci.plugins.workflow.steps.MissingContextVariableException",
        "Attempted to execute a step that requires a node context while ‘agent none’ was specified. Be sure to specify your own ‘node { ... }’ blocks when using ‘agent none’.",
        this.site,
      );
    throw exception(
      "org.jenkinsci.plugins.workflow.steps.MissingContextVariableException",
      "Required context class hudson.FilePath is missing\nPerhaps you forgot to surround the step with a step that provides this, such as: node",
      this.site,
    );
  }

  *body(change: Partial<Context> = {}, label?: string, args: readonly Value[] = []): Flow<Value> {
    const body = this.#body;
    if (body === null) return null;
    return yield* this.run.block(label ?? null, () => this.run.within(change, () => body(args)));
  }

  *bare(args: readonly Value[] = []): Flow<Value> {
    return this.#body === null ? null : yield* this.#body(args);
  }

  *effect(request: Request, args: Stored = this.args.stored()): Flow<Stored> {
    const { kind, policy } = this.#step;
    if (kind === "none" || policy === "none")
      throw new Error(`step ${this.name} begins an effect without saying so`);
    const spec = {
      kind: request.kind === "milestone" || request.kind === "throttle" ? kind : request.kind,
      name: this.name,
      args,
      request,
      policy,
      stepNo: this.stepNo,
      site: this.site,
    };
    return yield* this.run.effect(spec, (id) => this.#begun(id));
  }

  lastEffect(): EffectId | null {
    return this.#effect;
  }

  print(text: string): void {
    this.run.print(text, this.stepNo);
  }

  label(text: string): void {
    const [first = ""] = text.trim().split("\n");
    this.#label = first.slice(0, 200);
  }

  fail(message: string, more: { readonly exit?: number; readonly code?: string } = {}): never {
    return this.run.fail(message, this.site, more);
  }

  refuse(message: string): never {
    throw illegalArgument(`${this.name}: ${message}`);
  }

  #begun(id: EffectId): void {
    const isFirst = this.#effect === null;
    this.#effect = id;
    if (this.stepNo === null || !isFirst) return;
    this.run.markStep(this.stepNo, this.name, this.#label, "running", id);
    this.run.scheduler.mark({ kind: "log", stepNo: this.stepNo });
  }

  /** Writes how the step ended, if the page shows it. */
  ended(error: unknown): void {
    if (this.stepNo === null) return;
    const stored = storedErrorOf(error);
    const state = error === null ? "succeeded" : stored?.result === undefined ? "failed" : "aborted";
    this.run.markStep(this.stepNo, this.name, this.#label, state, this.#effect);
  }
}
