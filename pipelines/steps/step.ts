import type { EffectId, Request, Stored } from "../ports.ts";
import type { Flow } from "../interpreter/flow.ts";
import type { Site } from "../interpreter/thrown.ts";
import type { Value } from "../interpreter/values.ts";
import type { Context, SessionScope } from "../engine/context.ts";
import type { Run } from "../engine/build.ts";
import type { StepArguments } from "./arguments.ts";
import type { Signature } from "./signature.ts";

/** What a step may use while it runs. */
export interface StepCall {
  readonly name: string;
  readonly args: StepArguments;
  readonly site: Site;
  readonly run: Run;
  /** Number of this step on the page; null for steps that only wrap a block. */
  readonly stepNo: number | null;
  /** The agent around it; throws when there is none. */
  session(): SessionScope;
  /** Runs the block, printed as Jenkins prints it, its steps seeing the context with `change`. */
  body(change?: Partial<Context>, label?: string, args?: readonly Value[]): Flow<Value>;
  /** Runs the block and prints nothing around it. */
  bare(args?: readonly Value[]): Flow<Value>;
  /** True when a block was given. */
  readonly hasBody: boolean;
  /** Begins the step's effect and waits for it. */
  effect(request: Request, args?: Stored): Flow<Stored>;
  /** The id the effect got, once it has begun. */
  lastEffect(): EffectId | null;
  /** A line for the console, under this step. */
  print(text: string): void;
  /** One line that says on the page what this step does. */
  label(text: string): void;
  /** Fails the step as Jenkins' AbortException does. */
  fail(message: string, more?: { readonly exit?: number; readonly code?: string }): never;
  /** Fails for arguments that make no sense, as IllegalArgumentException. */
  refuse(message: string): never;
}

/** A step: what it takes and what it does. */
export type Step = Signature & {
  readonly behave: (call: StepCall) => Flow<Value>;
};

/** Declares a step. One per file; `catalogue.ts` lists them. */
export function step(definition: Step): Step {
  return definition;
}

/** For behaviours that never wait: a flow that ends at once. */
// oxlint-disable-next-line require-yield
export function* done(value: Value): Flow<Value> {
  return value;
}
