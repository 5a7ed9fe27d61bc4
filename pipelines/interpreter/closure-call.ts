import { ListValue, type ClosureValue, type Value } from "./values.ts";
import type { Eventual } from "./flow.ts";
import { misfit } from "./invoke.ts";
import type { Runtime } from "./runtime.ts";
import { exception } from "./thrown.ts";

/**
 * Fits arguments to a closure's parameters as Groovy does and goes on with them: one list spreads over several
 * parameters, and an implicit `it` may be left out.
 */
export function callClosure(
  run: Runtime,
  closure: ClosureValue,
  args: readonly Value[],
  next: (args: readonly Value[]) => Eventual,
): Eventual {
  const { parameters } = closure.code;
  const [only] = parameters;
  if (parameters.length === 1 && args.length === 1 && only?.type === "java.lang.Object" && !only.isVarargs)
    return next(args);
  if (misfit(run, parameters, args) !== undefined) return next(args);
  const [first] = args;
  if (args.length === 1 && parameters.length > 1 && first instanceof ListValue) {
    if (misfit(run, parameters, first.items) !== undefined) return next(first.items);
  }
  const last = parameters.at(-1);
  if (last !== undefined && last.type.endsWith("[]") && args.length >= parameters.length - 1) {
    const rest = new ListValue(args.slice(parameters.length - 1), last.type);
    const packed = [...args.slice(0, parameters.length - 1), rest];
    if (misfit(run, parameters, packed) !== undefined) return next(packed);
  }
  const types = args.map((arg) => (arg === null ? "null" : run.className(arg))).join(", ");
  const values = args.map((arg) => run.text(arg).slice(0, 60)).join(", ");
  throw exception(
    "groovy.lang.MissingMethodException",
    `No signature of method: ${run.className(closure)}.call() is applicable for argument types: (${types}) values: [${values}]`,
  );
}
