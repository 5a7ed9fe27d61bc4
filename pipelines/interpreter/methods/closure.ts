import { isFlow, type Flow } from "../flow.ts";
import type { Runtime } from "../runtime.ts";
import { ClassRef, ClosureValue, type Key, keyOf, ListValue, MapValue, type Value } from "../values.ts";
import { intOf } from "./arguments.ts";
import { copyOf } from "./object.ts";
import { type Method, type MethodTable, table } from "./table.ts";

/** The second of what the first gives. */
function composed(run: Runtime, first: Value, second: Value): ClosureValue {
  const own = first instanceof ClosureValue ? first.code.parameters : [];
  // What the first may leave out, an `it` above all, its composition may leave out.
  const parameters = own.length === 0 || own.some((each) => each.hasDefault) ? -1 : own.length;
  return run.closureOf(
    parameters,
    (args) => chain(run, first, second, args),
    () => [first, second],
  );
}

function* chain(run: Runtime, first: Value, second: Value, args: readonly Value[]): Flow<Value> {
  const value = run.call(first, args);
  const result = run.call(second, [isFlow(value) ? yield* value : value]);
  return isFlow(result) ? yield* result : result;
}

/** A closure with some arguments given; it keeps delegate and strategy of the one behind it. */
function curried(
  run: Runtime,
  self: ClosureValue,
  given: readonly Value[],
  fill: (args: readonly Value[]) => readonly Value[],
): ClosureValue {
  const left = Math.max(0, self.code.parameters.length - given.length);
  return run.closureOf(
    left,
    (args) => run.call(self, fill(args)),
    () => [self, ...given],
  );
}

function memoized(run: Runtime, self: ClosureValue): ClosureValue {
  const known = new Map<Key, Value>();
  return run.closureOf(
    self.code.parameters.length,
    (args) => remember(run, self, known, args),
    () => [self, ...known.values(), ...[...known.keys()].filter((key) => typeof key === "string")],
  );
}

function* remember(
  run: Runtime,
  self: ClosureValue,
  known: Map<Key, Value>,
  args: readonly Value[],
): Flow<Value> {
  const key = keyOf(new ListValue([...args]));
  if (typeof key === "string") run.meter.tick(key.length >> 6);
  const old = known.get(key);
  if (old !== undefined) return old;
  const made = run.call(self, args);
  const value = isFlow(made) ? yield* made : made;
  run.meter.collection(known.size);
  run.meter.allocate(120);
  known.set(key, value);
  return value;
}

/** Runs a closure that gives what to go on with, until it gives something else. */
function* bounce(run: Runtime, self: ClosureValue, args: readonly Value[]): Flow<Value> {
  const first = run.call(self, args);
  let value = isFlow(first) ? yield* first : first;
  while (value instanceof ClosureValue && value.delegate === TRAMPOLINE) {
    run.meter.tick();
    const next = run.call(value, []);
    value = isFlow(next) ? yield* next : next;
  }
  return value;
}

/** Marks closures made by `trampoline(args)`. */
const TRAMPOLINE = new MapValue();
// Every script can reach it.
TRAMPOLINE.isImmutable = true;

const call: Method<ClosureValue> = (self, args, run) => run.call(self, args);

/** The methods of closures. */
export const closureMethods: MethodTable<ClosureValue> = table<ClosureValue>({
  call,
  doCall: call,
  run: call,
  curry: (self, given, run) => curried(run, self, given, (args) => [...given, ...args]),
  rcurry: (self, given, run) => curried(run, self, given, (args) => [...args, ...given]),
  ncurry: (self, [at, ...given], run) =>
    curried(run, self, given, (args) => [
      ...args.slice(0, intOf(at) ?? 0),
      ...given,
      ...args.slice(intOf(at) ?? 0),
    ]),
  rightShift: (self, [next = null], run) => composed(run, self, next),
  leftShift: (self, [before = null], run) =>
    before instanceof ClosureValue ? composed(run, before, self) : run.call(self, [before]),
  memoize: (self, _, run) => memoized(run, self),
  memoizeAtMost: (self, _, run) => memoized(run, self),
  memoizeAtLeast: (self, _, run) => memoized(run, self),
  memoizeBetween: (self, _, run) => memoized(run, self),
  trampoline: (self, given, run) => {
    if (given.length === 0)
      return run.closureOf(
        self.code.parameters.length,
        (args) => bounce(run, self, args),
        () => [self],
      );
    const next = run.closureOf(
      0,
      () => run.call(self, given),
      () => [self, ...given],
    );
    next.delegate = TRAMPOLINE;
    return next;
  },
  clone: (self) => copyOf(self),
  rehydrate: (self, [delegate = null]) => {
    const copy = copyOf(self);
    copy.delegate = delegate;
    return copy;
  },
  dehydrate: (self) => copyOf(self),
  asWritable: (self) => self,
  isCase: (self, [candidate = null], run) => run.call(self, [candidate]),
  getDelegate: (self) => self.delegate,
  getOwner: (self) => self.owner,
  getThisObject: (self) => self.thisObject,
  getResolveStrategy: (self) => self.resolveStrategy,
  getMaximumNumberOfParameters: (self) => self.code.parameters.length,
  getParameterTypes: (self, _, run) =>
    run.cast(run.list(self.code.parameters.map((each) => new ClassRef(each.type))), "java.lang.Class[]"),
  setDelegate: (self, [delegate = null]) => {
    self.delegate = delegate;
    return null;
  },
  setResolveStrategy: (self, [strategy]) => {
    self.resolveStrategy = intOf(strategy) ?? 0;
    return null;
  },
});
