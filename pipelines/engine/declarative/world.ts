import type { Flow } from "../../interpreter/flow.ts";
import { ClosureValue, MapValue, type Value } from "../../interpreter/values.ts";
import type { Site } from "../../interpreter/thrown.ts";
import type { Span } from "../../diagnostic.ts";
import type { Pipeline, Setting } from "../../model/pipeline.ts";
import type { Closure, Expression } from "../../syntax/ast.ts";
import type { CallArguments } from "../../interpreter/host.ts";
import type { Run } from "../build.ts";

/** A `pipeline { … }` while it runs: the build, the model, and the closure whose scope its expressions see. */
export type World = {
  readonly run: Run;
  readonly pipeline: Pipeline;
  readonly scope: ClosureValue;
  readonly file: string;
  readonly flags: PipelineFlags;
};

/** Options of the pipeline that change how its stages run. */
export type PipelineFlags = {
  readonly skipDefaultCheckout: boolean;
  readonly checkoutDir: string;
  readonly failFast: boolean;
  readonly skipAfterUnstable: boolean;
  readonly containerPerStage: boolean;
};

/** Where something of the model stands. */
export function siteOf(world: World, span: Span): Site {
  return { file: world.file, span };
}

/** The value of an expression of the model. */
export function* valueOf(world: World, expression: Expression): Flow<Value> {
  return yield* world.run.evaluator.evaluateExpression(expression, world.scope);
}

/** The text of an expression of the model; null gives `null`, as a GString would. */
export function* textOf(world: World, expression: Expression): Flow<string> {
  const value = yield* valueOf(world, expression);
  return world.run.textOf(value);
}

/** Runs a block of the model. */
export function* callBlock(world: World, closure: Closure): Flow<Value> {
  const value = yield* valueOf(world, closure);
  if (!(value instanceof ClosureValue)) throw new Error("a block is no closure");
  return yield* world.run.evaluator.callClosure(value);
}

/** The arguments of an option, parameter or trigger, evaluated. */
export function* argumentsOf(
  world: World,
  setting: Pick<Setting, "named" | "positional">,
): Flow<CallArguments> {
  const positional: Value[] = [];
  for (const expression of setting.positional) positional.push(yield* valueOf(world, expression));
  if (setting.named.length === 0) return { named: null, positional };
  const named = new MapValue();
  for (const { name, value } of setting.named) named.set(name, yield* valueOf(world, value));
  return { named, positional };
}

/** One argument of a condition or parameter by name, `sole` standing for the one without a name; undefined when absent. */
export function* argument(
  world: World,
  setting: Pick<Setting, "named" | "positional">,
  name: string,
  sole: string | null = null,
): Flow<Value | undefined> {
  const given = setting.named.find((candidate) => candidate.name === name);
  if (given !== undefined) return yield* valueOf(world, given.value);
  const [first] = setting.positional;
  return name === sole && first !== undefined ? yield* valueOf(world, first) : undefined;
}
