import { type Eventual, type Flow, isFlow, type Suspension } from "./flow.ts";
import { DeepCall } from "./invoke.ts";
import { DepthLimitError } from "./limits.ts";
import type { Meter } from "./meter.ts";
import { exception } from "./thrown.ts";
import type { Value } from "./values.ts";

/** `toString()` inside `toString()`: how often code that cannot wait may start more of its kind. */
const MAX_NESTED = 6;

/**
 * Runs a flow from the bottom of the stack: deep calls are taken out of it and run here, what the scheduler has to see
 * is passed on, and the depth that the flow had reached is kept while others run.
 */
export function* fromBottom(meter: Meter, start: () => Eventual): Flow<Value> {
  const base = meter.currentDepth;
  const stack: Frame[] = [{ flow: wrap(meter, start), call: null }];
  let input: Input = { kind: "next", value: undefined };
  for (;;) {
    const top = stack.at(-1);
    if (top === undefined) throw new Error("no flow to run");
    const step = advance(top.flow, input);
    if (step.kind === "yield") {
      if (step.suspension instanceof DeepCall) {
        stack.push({ flow: wrap(meter, step.suspension.start), call: step.suspension });
        input = { kind: "next", value: undefined };
        continue;
      }
      const depth = meter.currentDepth;
      meter.currentDepth = base;
      try {
        input = { kind: "next", value: yield step.suspension };
      } catch (error) {
        input = { kind: "throw", error };
      }
      meter.currentDepth = depth;
      continue;
    }
    stack.pop();
    if (top.call === null) {
      if (step.kind === "throw") throw step.error;
      return step.value;
    }
    if (step.kind === "throw") {
      top.call.failed = true;
      top.call.error = step.error;
    } else top.call.value = step.value;
    input = { kind: "next", value: undefined };
  }
}

type Frame = { readonly flow: Flow<Value>; readonly call: DeepCall | null };
type Input =
  | { readonly kind: "next"; readonly value: unknown }
  | { readonly kind: "throw"; readonly error: unknown };
type Step =
  | { readonly kind: "yield"; readonly suspension: Suspension }
  | { readonly kind: "return"; readonly value: Value }
  | { readonly kind: "throw"; readonly error: unknown };

function advance(flow: Flow<Value>, input: Input): Step {
  try {
    const result = input.kind === "next" ? flow.next(input.value) : flow.throw(input.error);
    return result.done === true
      ? { kind: "return", value: result.value }
      : { kind: "yield", suspension: result.value };
  } catch (error) {
    return { kind: "throw", error };
  }
}

function* wrap(meter: Meter, start: () => Eventual): Flow<Value> {
  try {
    const value = start();
    return isFlow(value) ? yield* value : value;
  } catch (error) {
    // The stack of JavaScript is the last resort behind the counted depth.
    if (error instanceof RangeError) throw new DepthLimitError(meter.limits.depth);
    throw error;
  }
}

let nested = 0;

/** Runs a flow to its end here and now, for code that must not wait. */
export function runNow(meter: Meter, value: Eventual): Value {
  if (!isFlow(value)) return value;
  if (nested >= MAX_NESTED) throw new DepthLimitError(meter.limits.depth);
  nested += 1;
  try {
    const step = fromBottom(meter, () => value).next();
    if (step.done === true) return step.value;
    throw exception(
      "java.lang.UnsupportedOperationException",
      "no step can run here: toString(), equals(), hashCode(), compareTo(), comparators and static initialisers must not wait",
    );
  } finally {
    nested -= 1;
  }
}
