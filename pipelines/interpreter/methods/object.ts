import { isFlow, type Flow } from "../flow.ts";
import type { Runtime } from "../runtime.ts";
import {
  ClassRef,
  ClosureValue,
  DELEGATE_FIRST,
  type Key,
  keyOf,
  ListValue,
  MapValue,
  SetValue,
  type Value,
} from "../values.ts";
import { formatText } from "./format.ts";
import { type MethodTable, table } from "./table.ts";
import { elementsOf } from "./walk.ts";

/** Calls a closure with the value as its delegate, which comes first. */
function* withDelegate(run: Runtime, self: Value, closure: Value): Flow<Value> {
  if (!(closure instanceof ClosureValue)) return null;
  const copy = copyOf(closure);
  copy.delegate = self;
  copy.resolveStrategy = DELEGATE_FIRST;
  const result = run.call(copy, [self]);
  return isFlow(result) ? yield* result : result;
}

/** Another closure over the same variables, with a delegate of its own. */
export function copyOf(closure: ClosureValue): ClosureValue {
  const copy = new ClosureValue(
    closure.code,
    closure.captured,
    closure.owner,
    closure.thisObject,
    closure.scope,
  );
  copy.delegate = closure.delegate;
  copy.resolveStrategy = closure.resolveStrategy;
  return copy;
}

/** The type that a class as a value stands for. */
export function typeOf(value: Value | undefined): string | undefined {
  return value instanceof ClassRef ? value.name : undefined;
}

/** What every value can do. */
export const objectMethods: MethodTable<Value> = table<Value>({
  toString$: (self, _, run) => run.text(self),
  inspect: (self, _, run) => run.inspect(self),
  dump: (self, _, run) => `<${run.className(self)}@${run.hash(self).toString(16)}>`,
  equals: (self, [other = null], run) => strictlyEqual(run, self, other),
  hashCode: (self, _, run) => run.hash(self),
  getClass: (self, _, run) => new ClassRef(run.className(self)),
  is: (self, [other = null]) => self === other,
  asBoolean: (self, _, run) => run.isTrue(self),
  compareTo: (self, [other = null], run) => run.compare(self, other),
  asType: (self, [type], run) => {
    const name = typeOf(type);
    return name === undefined ? undefined : run.coerce(self, name);
  },
  with: (self, [closure = null], run) => withDelegate(run, self, closure),
  identity: (self, [closure = null], run) => withDelegate(run, self, closure),
  *tap(self, [closure = null], run): Flow<Value> {
    yield* withDelegate(run, self, closure);
    return self;
  },
  respondsTo: (self, [name = null], run) =>
    run.respondsTo(self, run.text(name)) ? run.list([run.text(name)]) : run.list([]),
  hasProperty: (self, [name = null], run) => {
    try {
      const value = run.getProperty(self, run.text(name));
      return isFlow(value) ? true : run.text(name);
    } catch {
      return null; // a MissingPropertyException says no
    }
  },
  isCase: (self, [other = null], run) => run.equals(self, other),
  getAt: (self, [name = null], run) => (typeof name === "string" ? run.getProperty(self, name) : undefined),
  putAt: (self, [name = null, value = null], run) =>
    typeof name === "string" ? run.setProperty(self, name, value) : undefined,
  getProperty: (self, [name = null], run) =>
    typeof name === "string" ? run.getProperty(self, name) : undefined,
  setProperty: (self, [name = null, value = null], run) =>
    typeof name === "string" ? run.setProperty(self, name, value) : undefined,
  println: (_, args, run) => {
    run.host.print(`${args.length === 0 ? "" : run.text(args[0] ?? null)}\n`, run.site);
    return null;
  },
  print: (_, [value = null], run) => {
    run.host.print(run.text(value), run.site);
    return null;
  },
  printf: (_, [format = null, ...values], run) => {
    run.host.print(formatText(run, run.text(format), values), run.site);
    return null;
  },
  sprintf: (_, [format = null, ...values], run) => formatText(run, run.text(format), values),
  iterator: (self, _, run) => run.callMethod(run.list(elementsOf(run, self)), "iterator", []),
});

/** `equals` of Java: no number equals one of another class, no GString a String. */
function strictlyEqual(run: Runtime, self: Value, other: Value): boolean {
  if (self === null || other === null) return self === other;
  const left: Key = keyOf(self);
  const right: Key = keyOf(other);
  if (left === right) return true;
  const isByContents =
    (self instanceof ListValue && other instanceof ListValue && !self.isArray) ||
    (self instanceof MapValue && other instanceof MapValue) ||
    (self instanceof SetValue && other instanceof SetValue);
  if (isByContents) return run.equals(self, other);
  return typeof self === "object" && typeof other === "object" && run.className(self) === run.className(other)
    ? run.equals(self, other)
    : false;
}
