import type { CompiledCode, CompiledMethod, CompiledParameter } from "./classes.ts";
import { type Eventual, type Flow, isFlow, Suspension } from "./flow.ts";
import { type Completion, type Frame, isRunning } from "./frame.ts";
import { numberOf } from "./numbers.ts";
import type { Runtime } from "./runtime.ts";
import { ThrownValue } from "./thrown.ts";
import { boxed, distanceTo, isPrimitive } from "./types.ts";
import { ClosureValue, GStringValue, ListValue, type ParameterShape, type Value } from "./values.ts";

/** After so many nested calls the next one is run from the bottom of the JavaScript stack. */
const CALLS_PER_STACK = 24;

/** Asks the loop at the bottom to run a call there, so that deep recursion of a script uses no deep stack of ours. */
export class DeepCall extends Suspension {
  readonly kind = "deep-call";
  readonly start: () => Eventual;
  value: Value = null;
  error: unknown = undefined;
  failed = false;
  constructor(start: () => Eventual) {
    super();
    this.start = start;
  }
}

/** Runs the body of code whose arguments are bound, counting depth and noting where an exception came from. */
export function runBody(run: Runtime, code: CompiledCode, frame: Frame): Eventual {
  const depth = run.meter.enter();
  run.meter.frames.add(frame);
  if (depth % CALLS_PER_STACK !== 0) return runHere(run, code, frame);
  return runAtBottom(run, code, frame);
}

function runHere(run: Runtime, code: CompiledCode, frame: Frame): Eventual {
  const caller = run.site;
  let completion: Completion | Flow<Completion>;
  try {
    completion = code.body(frame);
  } catch (error) {
    throw leaving(run, frame, caller, error);
  }
  if (isRunning(completion)) return finish(run, code, frame, completion, caller);
  run.meter.frames.delete(frame);
  run.meter.leave();
  run.site = caller;
  return returned(run, code, frame);
}

function* finish(
  run: Runtime,
  code: CompiledCode,
  frame: Frame,
  body: Flow<Completion>,
  caller: Runtime["site"],
): Flow<Value> {
  try {
    yield* body;
  } catch (error) {
    throw leaving(run, frame, caller, error);
  }
  run.meter.frames.delete(frame);
  run.meter.leave();
  run.site = caller;
  return returned(run, code, frame);
}

function* runAtBottom(run: Runtime, code: CompiledCode, frame: Frame): Flow<Value> {
  const call = new DeepCall(() => runHere(run, code, frame));
  yield call;
  if (call.failed) throw call.error;
  return call.value;
}

function leaving(run: Runtime, frame: Frame, caller: Runtime["site"], error: unknown): unknown {
  run.meter.frames.delete(frame);
  run.meter.leave();
  if (error instanceof ThrownValue) error.site ??= run.site;
  run.site = caller;
  return error;
}

function returned(run: Runtime, code: CompiledCode, frame: Frame): Value {
  if (code.returnType === null) return frame.result;
  return code.returnType === "void" ? null : run.cast(frame.result, code.returnType);
}

/**
 * Puts arguments into a frame's variables: missing ones get their defaults (those furthest right are missing first),
 * surplus ones go into a `String... rest`. The arguments are known to fit.
 */
export function bind(
  run: Runtime,
  parameters: readonly CompiledParameter[],
  frame: Frame,
  args: readonly Value[],
): Flow<void> | undefined {
  const last = parameters.at(-1);
  const packs = last !== undefined && last.isVarargs && !isPacked(last, args, parameters.length);
  if (args.length === parameters.length && !packs) {
    for (let i = 0; i < parameters.length; i += 1) {
      const parameter = parameters[i];
      if (parameter !== undefined) frame.declare(parameter.slot, fitted(run, parameter, args[i] ?? null));
    }
    return undefined;
  }
  const fixed = packs ? parameters.slice(0, -1) : parameters;
  const isFilled = new Set<CompiledParameter>();
  let optional = Math.min(args.length, fixed.length) - fixed.filter((each) => !each.hasDefault).length;
  let next = 0;
  for (const parameter of fixed) {
    if (parameter.hasDefault && optional <= 0) continue;
    if (parameter.hasDefault) optional -= 1;
    frame.declare(parameter.slot, fitted(run, parameter, args[next] ?? null));
    next += 1;
    isFilled.add(parameter);
  }
  if (packs) {
    const type = last.type.endsWith("[]") ? last.type : `${last.type}[]`;
    frame.declare(
      last.slot,
      new ListValue(
        args.slice(next).map((item) => fitElement(run, type, item)),
        type,
      ),
    );
    isFilled.add(last);
  }
  const missing = parameters.filter((each) => !isFilled.has(each));
  return missing.length === 0 ? undefined : bindDefaults(run, missing, frame);
}

function* bindDefaults(run: Runtime, missing: readonly CompiledParameter[], frame: Frame): Flow<void> {
  for (const parameter of missing) {
    const value = parameter.initial === null ? null : parameter.initial(frame);
    frame.declare(parameter.slot, fitted(run, parameter, isFlow(value) ? yield* value : value));
  }
}

function fitElement(run: Runtime, arrayType: string, value: Value): Value {
  const type = arrayType.slice(0, -2);
  return type === "java.lang.Object" ? value : run.cast(value, type);
}

function fitted(run: Runtime, parameter: ParameterShape, value: Value): Value {
  if (parameter.type === "java.lang.Object") return value;
  if (value === null && !isPrimitive(parameter.type)) return null;
  return run.cast(value, parameter.type);
}

/** Is the last argument already the array that a varargs parameter wants? */
function isPacked(last: ParameterShape, args: readonly Value[], count: number): boolean {
  const value = args.at(-1);
  return (
    args.length === count &&
    (value === null || (value instanceof ListValue && value.isArray && last.isVarargs))
  );
}

/** How well arguments fit parameters: 0 is exact, more is worse, `undefined` is not at all. */
export function misfit(
  run: Runtime,
  parameters: readonly ParameterShape[],
  args: readonly Value[],
): number | undefined {
  const required = parameters.filter((each) => !each.hasDefault).length;
  const last = parameters.at(-1);
  if (args.length > parameters.length || args.length < required) {
    const enough = args.length >= required - 1;
    if (last === undefined || !last.isVarargs || !enough) return undefined;
  }
  const chosen = chosenParameters(parameters, args.length);
  let total = chosen.length < parameters.length ? 1 : 0;
  for (let i = 0; i < args.length; i += 1) {
    const parameter = chosen[i] ?? last;
    if (parameter === undefined) return undefined;
    const isRest = parameter.isVarargs && !isPacked(parameter, args, parameters.length);
    const type = isRest && parameter.type.endsWith("[]") ? parameter.type.slice(0, -2) : parameter.type;
    const distance = typeDistance(run, args[i] ?? null, type);
    if (distance === undefined) return undefined;
    total += distance + (isRest ? 100 : 0);
  }
  return total;
}

/** The parameters that so many arguments fill. */
function chosenParameters(parameters: readonly ParameterShape[], count: number): readonly ParameterShape[] {
  if (count >= parameters.length) return parameters;
  let optional = count - parameters.filter((each) => !each.hasDefault).length;
  return parameters.filter((each) => {
    if (!each.hasDefault) return true;
    optional -= 1;
    return optional >= 0;
  });
}

const WIDER: readonly string[] = [
  "java.lang.Byte",
  "java.lang.Short",
  "java.lang.Integer",
  "java.lang.Long",
  "java.math.BigInteger",
  "java.lang.Float",
  "java.lang.Double",
  "java.math.BigDecimal",
];

function typeDistance(run: Runtime, value: Value, type: string): number | undefined {
  if (type === "java.lang.Object") return 20;
  if (value === null) return isPrimitive(type) ? undefined : 1;
  const target = boxed(type);
  const name = run.className(value);
  if (name === target) return 0;
  if (value instanceof GStringValue && target === "java.lang.String") return 2;
  if (value instanceof ListValue && type.endsWith("[]")) return value.isArray ? 3 : undefined;
  if (numberOf(value) !== undefined && WIDER.includes(target)) {
    const steps = WIDER.indexOf(target) - WIDER.indexOf(name);
    return steps >= 0 ? steps : undefined;
  }
  if (value instanceof ClosureValue && !run.isInstance(value, target))
    return isFunctional(run, target) ? 5 : undefined;
  const distance = distanceTo(name, target);
  if (distance !== undefined) return distance;
  if (run.isInstance(value, type)) return 4;
  // A type that nobody knows, such as a class of Jenkins: nothing says that the value is not of it.
  return isUnknownType(run, target) ? 30 : undefined;
}

function isFunctional(run: Runtime, type: string): boolean {
  return (
    run.classes.get(type)?.form === "interface" ||
    type.startsWith("java.util.function.") ||
    type === "java.lang.Runnable" ||
    type === "java.util.concurrent.Callable" ||
    type === "java.util.Comparator"
  );
}

function isUnknownType(run: Runtime, type: string): boolean {
  return (
    !run.classes.has(type) &&
    !type.endsWith("[]") &&
    distanceTo(type, "java.lang.Object") === 50 &&
    !type.startsWith("java.") &&
    !type.startsWith("groovy.")
  );
}

/** The overload that fits best; the first written of equals. */
export function choose(
  run: Runtime,
  methods: readonly CompiledMethod[],
  args: readonly Value[],
): CompiledMethod | undefined {
  const [only] = methods;
  if (methods.length === 1 && only !== undefined && fitsSimply(only, args)) return only;
  let best: CompiledMethod | undefined;
  let bestScore = Number.POSITIVE_INFINITY;
  for (const method of methods) {
    const score = misfit(run, method.parameters, args);
    if (score === undefined || score >= bestScore) continue;
    best = method;
    bestScore = score;
  }
  return best;
}

function fitsSimply(method: CompiledMethod, args: readonly Value[]): boolean {
  return (
    method.parameters.length === args.length &&
    method.parameters.every((each) => each.type === "java.lang.Object" && !each.isVarargs)
  );
}
