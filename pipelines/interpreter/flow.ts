import { GroovyObject, type Value } from "./values.ts";

/**
 * What a flow hands to the scheduler when it has to wait. The interpreter never looks inside: the engine derives its own
 * classes from it, yields them from its steps, and finds the answer wherever it put it.
 */
export abstract class Suspension {
  abstract readonly kind: string;
}

/** What the scheduler hands back to a waiting flow; passed through unread. To interrupt, it throws into the flow instead. */
export type Resumption = unknown;

/** A computation that may wait: the only way in which Groovy code and steps take turns. */
export type Flow<T> = Generator<Suspension, T, Resumption>;

/**
 * A value, or the flow that will give it. Most expressions never wait and are plain calls; whoever gets one of these
 * looks which it is, so that a generator exists only where something may really wait.
 */
export type Eventual = Value | Flow<Value>;

/** Tells a flow from a value: every value that is an object is one of ours, so any other object is a flow. */
export function isFlow(value: Eventual): value is Flow<Value> {
  return typeof value === "object" && value !== null && !(value instanceof GroovyObject);
}

/** Goes on with `next` once the value is there: at once when it is, in a flow when it is not. */
export function andThen(value: Eventual, next: (value: Value) => Eventual): Eventual {
  return isFlow(value) ? andThenLater(value, next) : next(value);
}

function* andThenLater(flow: Flow<Value>, next: (value: Value) => Eventual): Flow<Value> {
  const result = next(yield* flow);
  return isFlow(result) ? yield* result : result;
}

/** The value inside a flow: `yield* settle(x)` where `x` may or may not wait. */
export function* settle(value: Eventual): Flow<Value> {
  return isFlow(value) ? yield* value : value;
}

/** Works out all of `parts` from left to right and goes on with the list of their values. */
export function all<P>(
  parts: readonly P[],
  evaluate: (part: P) => Eventual,
  next: (values: Value[]) => Eventual,
): Eventual {
  const values: Value[] = [];
  for (let i = 0; i < parts.length; i += 1) {
    const part = parts[i];
    if (part === undefined) continue;
    const value = evaluate(part);
    if (isFlow(value)) return allLater(parts, evaluate, next, values, i, value);
    values.push(value);
  }
  return next(values);
}

function* allLater<P>(
  parts: readonly P[],
  evaluate: (part: P) => Eventual,
  next: (values: Value[]) => Eventual,
  values: Value[],
  at: number,
  pending: Flow<Value>,
): Flow<Value> {
  values.push(yield* pending);
  for (let i = at + 1; i < parts.length; i += 1) {
    const part = parts[i];
    if (part === undefined) continue;
    const value = evaluate(part);
    values.push(isFlow(value) ? yield* value : value);
  }
  const result = next(values);
  return isFlow(result) ? yield* result : result;
}
