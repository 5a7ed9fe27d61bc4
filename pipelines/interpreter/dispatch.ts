import { Instance, ScriptObject, SuperValue, type CompiledMethod } from "./classes.ts";
import { andThen, type Eventual } from "./flow.ts";
import type { Frame } from "./frame.ts";
import { type CallArguments, HostObject } from "./host.ts";
import { choose } from "./invoke.ts";
import { ProxyValue } from "./library.ts";
import { callStatic } from "./methods/statics.ts";
import { callBuiltin, callOnNull } from "./methods/tables.ts";
import { tryGetProperty, trySetProperty } from "./properties.ts";
import type { Runtime } from "./runtime.ts";
import { exception, missingProperty, notPermitted, nullPointer } from "./thrown.ts";
import {
  ClassRef,
  ClosureValue,
  DELEGATE_FIRST,
  DELEGATE_ONLY,
  EntryValue,
  MapValue,
  OWNER_ONLY,
  TO_SELF,
  type Value,
} from "./values.ts";

/** Methods that would lead out of the closed world; each is refused in words. */
const REFUSED = new Map([
  ["getMetaClass", "classes cannot be changed at run time; write a function"],
  ["setMetaClass", "classes cannot be changed at run time; write a function"],
  ["invokeMethod", 'call the method itself; a name in a variable is obj."${name}"(…)'],
  ["getClassLoader", "there is no Java class loader; use a library"],
  ["getDeclaredMethods", "there is no Java reflection"],
  ["getDeclaredFields", "there is no Java reflection"],
  ["getRawBuild", "Jenkins' own objects do not exist here; currentBuild has what a pipeline needs"],
  ["execute", "a command is run by a step: sh(script: …, returnStdout: true)"],
  ["getMethods", "there is no Java reflection"],
  ["newInstance", "there is no Java reflection; write new Foo(…)"],
  ["forName", "there is no Java reflection; import the class"],
  ["mixin", "classes cannot be changed at run time; write a function"],
  ["wait", "there are no threads here; use the steps parallel, lock and waitUntil"],
  ["notify", "there are no threads here; use the steps parallel, lock and waitUntil"],
  ["notifyAll", "there are no threads here; use the steps parallel, lock and waitUntil"],
]);

const splitNamed = (args: readonly Value[], named: MapValue | null): CallArguments =>
  named === null ? { named, positional: args } : { named, positional: args.slice(1) };

/**
 * Calls a method of a value; `undefined` when it has none of that name that takes these arguments. Named arguments are
 * `named` and also the first of `args`.
 */
export function tryCallMethod(
  run: Runtime,
  target: Value,
  name: string,
  args: readonly Value[],
  named: MapValue | null,
): Eventual | undefined {
  if (target === null) return callOnNull(run, name, args);
  if (target instanceof HostObject) {
    const own = target.callMethod(name, splitNamed(args, named), run.site, run.evaluator);
    return own === undefined ? callBuiltin(run, target, name, args) : own;
  }
  if (target instanceof ScriptObject) return callOnScript(run, target, name, args, named);
  if (target instanceof Instance) return callOnInstance(run, target, name, args);
  if (target instanceof SuperValue) return callOnSuper(run, target, name, args);
  if (target instanceof ClassRef) return callOnClass(run, target, name, args, named);
  if (target instanceof ClosureValue && name === "$proxied") return run.call(target, args.slice(1));
  if (target instanceof MapValue && name === "$proxied") return callInMap(run, target, args);
  if (target instanceof ProxyValue && !OBJECT_METHODS.has(name)) return target.invoke(name, args, run);
  return callBuiltin(run, target, name, args);
}

const OBJECT_METHODS = new Set(["toString", "hashCode", "equals", "getClass"]);

function callInMap(run: Runtime, map: MapValue, args: readonly Value[]): Eventual {
  const [name = null, ...rest] = args;
  const code = map.get(name) ?? null;
  if (code === null) throw exception("java.lang.UnsupportedOperationException", null);
  return code instanceof ClosureValue ? run.call(code, rest) : code;
}

/** Calls a method of a value; throws MissingMethodException. */
export function callMethod(
  run: Runtime,
  target: Value,
  name: string,
  args: readonly Value[],
  named: MapValue | null,
): Eventual {
  run.meter.tick();
  const result = tryCallMethod(run, target, name, args, named);
  if (result !== undefined) return result;
  if (target === null) throw nullPointer(`Cannot invoke method ${name}() on null object`);
  const instead = REFUSED.get(name);
  if (instead !== undefined) throw notPermitted(`method ${run.className(target)} ${name}`, instead);
  const code = closureNamed(run, target, name);
  if (code !== undefined) return run.call(code, args);
  return callMissing(run, target, name, args, named);
}

/** A property that holds a closure may be called like a method. */
function closureNamed(run: Runtime, target: Value, name: string): Value | undefined {
  if (
    !(
      target instanceof Instance ||
      target instanceof MapValue ||
      target instanceof EntryValue ||
      target instanceof ClassRef ||
      target instanceof ScriptObject
    )
  )
    return undefined;
  if (
    target instanceof Instance &&
    !target.fields.has(name) &&
    target.definition.staticRef(name) === undefined
  )
    return undefined;
  if (target instanceof MapValue && !target.has(name)) return undefined;
  if (target instanceof ClassRef && run.classes.get(target.name)?.staticRef(name) === undefined)
    return undefined;
  if (target instanceof ScriptObject && !target.binding.has(name) && !target.fields.has(name))
    return undefined;
  const value = run.now(tryGetProperty(run, target, name) ?? null);
  return isCallable(run, value) ? value : undefined;
}

function isCallable(run: Runtime, value: Value): boolean {
  if (value instanceof ClosureValue || value instanceof HostObject) return true;
  return value instanceof Instance && value.definition.find("call").length > 0;
}

function callMissing(
  run: Runtime,
  target: Value,
  name: string,
  args: readonly Value[],
  named: MapValue | null,
): Eventual {
  if (target instanceof Instance) {
    const own = target.definition.find("methodMissing").find((method) => method.parameters.length === 2);
    const packed = run.cast(run.list(args), "java.lang.Object[]");
    if (own !== undefined) return run.invoke(own, target, [name, packed]);
    const any = target.definition.find("invokeMethod").find((method) => method.parameters.length === 2);
    if (any !== undefined) return run.invoke(any, target, [name, packed]);
  }
  if (target instanceof ScriptObject) {
    const own = target.methods.get("methodMissing")?.find((method) => method.parameters.length === 2);
    if (own !== undefined) return run.invoke(own, target, [name, run.list(args)]);
    const thrown = run.host.missingFunction?.(name, splitNamed(args, named), run.site);
    if (thrown !== undefined) throw thrown;
  }
  throw missingMethod(run, target, name, args);
}

/** The exception for a method that is not there, worded as Groovy does. */
export function missingMethod(run: Runtime, target: Value, name: string, args: readonly Value[]): Error {
  const isStatic = target instanceof ClassRef;
  const owner = isStatic ? target.name : run.className(target);
  const types = args.map((arg) => (arg === null ? "null" : run.className(arg))).join(", ");
  const values = args.map((arg) => shortened(run.text(arg))).join(", ");
  return exception(
    "groovy.lang.MissingMethodException",
    `No signature of method: ${isStatic ? "static " : ""}${owner}.${name}() is applicable for argument types: (${types}) values: [${values}]`,
  );
}

const shortened = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}...` : text);

function callOnScript(
  run: Runtime,
  target: ScriptObject,
  name: string,
  args: readonly Value[],
  named: MapValue | null,
): Eventual | undefined {
  const methods = target.methods.get(name);
  if (methods !== undefined) {
    const chosen = choose(run, methods, args);
    if (chosen !== undefined) return run.invoke(chosen, target, args);
  }
  const bound = target.fields.get(name)?.value ?? target.binding.get(name) ?? null;
  if (isCallable(run, bound)) return run.call(bound, args);
  return (
    run.host.callFunction(name, splitNamed(args, named), run.site, run.evaluator) ??
    callBuiltin(run, target, name, args)
  );
}

function callOnInstance(
  run: Runtime,
  target: Instance,
  name: string,
  args: readonly Value[],
): Eventual | undefined {
  const own = ownMethod(run, target, name, args);
  if (own !== undefined) return run.invoke(own, own.isStatic ? target.definition.ref : target, args);
  const accessor = accessField(run, target, name, args);
  if (accessor !== undefined) return accessor;
  if (target.outer !== null) {
    const outer =
      target.outer instanceof Instance ? callOnInstance(run, target.outer, name, args) : undefined;
    if (outer !== undefined) return outer;
  }
  return callBuiltin(run, target, name, args);
}

function ownMethod(
  run: Runtime,
  target: Instance,
  name: string,
  args: readonly Value[],
): CompiledMethod | undefined {
  return (
    choose(run, overridden(target.definition.find(name)), args) ??
    choose(run, target.definition.findStatic(name), args) ??
    (target.definition.outer === null
      ? undefined
      : choose(run, target.definition.outer.findStatic(name), args))
  );
}

/** Of methods with the same parameter types only the first, which is that of the class furthest down. */
function overridden(methods: readonly CompiledMethod[]): readonly CompiledMethod[] {
  if (methods.length < 2) return methods;
  const seen = new Set<string>();
  return methods.filter((method) => {
    const signature = method.parameters.map((each) => each.type).join();
    if (method.isAbstract || seen.has(signature)) return false;
    seen.add(signature);
    return true;
  });
}

/** `getName()` and `setName(x)` of a property. */
function accessField(
  run: Runtime,
  target: Instance,
  name: string,
  args: readonly Value[],
): Eventual | undefined {
  const match = /^(get|is|set)([A-Z_$].*)$/.exec(name);
  const suffix = match?.[2];
  if (suffix === undefined) return undefined;
  const field = [suffix.charAt(0).toLowerCase() + suffix.slice(1), suffix].find(
    (each) => target.definition.field(each)?.isProperty === true,
  );
  if (field === undefined) return undefined;
  if (match?.[1] === "set") {
    return args.length === 1
      ? andThen(run.setProperty(target, field, args[0] ?? null), () => null)
      : undefined;
  }
  return args.length === 0 ? (tryGetProperty(run, target, field) ?? null) : undefined;
}

function callOnSuper(
  run: Runtime,
  target: SuperValue,
  name: string,
  args: readonly Value[],
): Eventual | undefined {
  const above = target.definition.superclass;
  const own = above === null ? undefined : choose(run, overridden(above.find(name)), args);
  if (own !== undefined) return run.invoke(own, target.self, args);
  if (name === "toString" && args.length === 0) return run.text(target);
  if (name === "hashCode" && args.length === 0 && target.self instanceof Instance)
    return run.identity(target.self);
  if (name === "equals" && args.length === 1) return args[0] === target.self;
  if (name === "getMessage" && target.self instanceof Instance) return target.self.exception?.message ?? null;
  if (target.self instanceof Instance) return accessField(run, target.self, name, args);
  return callBuiltin(run, target.self, name, args);
}

function callOnClass(
  run: Runtime,
  target: ClassRef,
  name: string,
  args: readonly Value[],
  named: MapValue | null,
): Eventual | undefined {
  const definition = run.classes.get(target.name);
  if (definition !== undefined) {
    definition.begin();
    const own = choose(run, definition.findStatic(name), args);
    if (own !== undefined) return run.invoke(own, target, args);
    const outer =
      definition.outer === null ? undefined : choose(run, definition.outer.findStatic(name), args);
    if (outer !== undefined) return run.invoke(outer, target, args);
    if (definition.form === "enum") {
      const value = callOnEnum(run, target, name, args);
      if (value !== undefined) return value;
    }
    const missing = definition.findStatic("$static_methodMissing")[0];
    if (missing !== undefined && !OBJECT_METHODS.has(name))
      return run.invoke(missing, target, [name, run.list(args)]);
  }
  if (name === "newInstance") return run.construct(target.name, args, named);
  const own = callStatic(run, target.name, name, args);
  return own === undefined ? callBuiltin(run, target, name, args) : own;
}

function callOnEnum(
  run: Runtime,
  target: ClassRef,
  name: string,
  args: readonly Value[],
): Eventual | undefined {
  const constants = run.classes.get(target.name)?.constants ?? [];
  if (name === "values" && args.length === 0) return run.cast(run.list(constants), `${target.name}[]`);
  if (name === "valueOf" && args.length === 1) return run.coerce(args[0] ?? null, target.name);
  return undefined;
}

// ------------------------------------------------------ names without a receiver

/** Calls a name as it stands in a closure, a method or a script; `undefined` when nothing of that name is there. */
export function tryCallName(
  run: Runtime,
  from: Value,
  name: string,
  args: readonly Value[],
  named: MapValue | null,
): Eventual | undefined {
  if (!(from instanceof ClosureValue)) return callOnSelf(run, from, name, args, named);
  const own = name === "call" || CLOSURE_METHODS.has(name) ? callBuiltin(run, from, name, args) : undefined;
  if (own !== undefined) return own;
  for (const place of placesOf(from)) {
    const result = tryCallName(run, place, name, args, named);
    if (result !== undefined) return result;
  }
  return undefined;
}

const CLOSURE_METHODS = new Set([
  "getDelegate",
  "getOwner",
  "getThisObject",
  "setDelegate",
  "setResolveStrategy",
  "curry",
  "rcurry",
]);

/** Where a closure looks for names, in order. */
function placesOf(closure: ClosureValue): readonly Value[] {
  const { owner, delegate } = closure;
  switch (closure.resolveStrategy) {
    case DELEGATE_FIRST:
      return [delegate, owner];
    case DELEGATE_ONLY:
      return [delegate];
    case OWNER_ONLY:
      return [owner];
    case TO_SELF:
      return [];
    default:
      return owner === delegate ? [owner] : [owner, delegate];
  }
}

/** A call on `this`: like one with a receiver, also of a closure in a property. */
function callOnSelf(
  run: Runtime,
  self: Value,
  name: string,
  args: readonly Value[],
  named: MapValue | null,
): Eventual | undefined {
  const result = tryCallMethod(run, self, name, args, named);
  if (result !== undefined) return result;
  const code = self === null ? undefined : closureNamed(run, self, name);
  return code === undefined ? undefined : run.call(code, args);
}

/** Calls a name from running code; throws when nothing of that name is there. */
export function callName(
  run: Runtime,
  frame: Frame,
  name: string,
  args: readonly Value[],
  named: MapValue | null,
): Eventual {
  run.meter.tick();
  const from = frame.closure ?? frame.self;
  const result = tryCallName(run, from, name, args, named);
  if (result !== undefined) return result;
  const refused = REFUSED.get(name);
  if (refused !== undefined) throw notPermitted(`method ${name}`, refused);
  if (frame.closure !== null) {
    const answered = missingInPlaces(run, frame.closure, name, args, named);
    if (answered !== undefined) return answered;
  }
  return callMissing(run, frame.self, name, args, named);
}

/** `methodMissing` of a delegate, and of owners that are objects. */
function missingInPlaces(
  run: Runtime,
  closure: ClosureValue,
  name: string,
  args: readonly Value[],
  named: MapValue | null,
): Eventual | undefined {
  for (const place of placesOf(closure)) {
    if (place instanceof ClosureValue) {
      const answered = missingInPlaces(run, place, name, args, named);
      if (answered !== undefined) return answered;
    } else if (place instanceof Instance) {
      const catchesAll = ["methodMissing", "invokeMethod"].some(
        (each) => place.definition.find(each).length > 0,
      );
      if (catchesAll) return callMissing(run, place, name, args, named);
    }
  }
  return undefined;
}

/** Reads a name that is no local variable. */
export function readName(run: Runtime, frame: Frame, name: string): Eventual {
  const own = ownField(frame, name);
  if (own !== undefined) return own;
  const value = tryReadName(run, frame.closure ?? frame.self, name);
  if (value !== undefined) return value;
  const self = frame.self;
  const missingIn = frame.closure === null ? self : closureOfMissing(frame.closure, self);
  if (missingIn instanceof Instance) return run.getProperty(missingIn, name);
  throw missingProperty(name, self instanceof ScriptObject ? "groovy.lang.Binding" : classOf(run, self));
}

/** Code of a class sees the fields of that class themselves, past their getters. */
export function ownField(frame: Frame, name: string): Value | undefined {
  const { self, definition } = frame;
  if (frame.closure !== null || definition === null || !(self instanceof Instance)) return undefined;
  if (!definition.fields.some((field) => field.name === name)) return undefined;
  return self.fields.get(name) ?? null;
}

/** Writes a field from code of its class, past its setter; `undefined` when there is none of that name. */
export function setOwnField(run: Runtime, frame: Frame, name: string, value: Value): Value | undefined {
  const { self, definition } = frame;
  if (frame.closure !== null || definition === null || !(self instanceof Instance)) return undefined;
  const field = definition.fields.find((each) => each.name === name);
  if (field === undefined) return undefined;
  const fitted = field.type === null ? value : run.cast(value, field.type);
  self.fields.set(name, fitted);
  return fitted;
}

/** Who is asked by `propertyMissing`: an own object among the delegates, else `this`. */
function closureOfMissing(closure: ClosureValue, self: Value): Value {
  const found = placesOf(closure).find(
    (place) => place instanceof Instance && place.definition.find("propertyMissing").length > 0,
  );
  return found ?? self;
}

function classOf(run: Runtime, self: Value): string {
  return self instanceof ClassRef ? self.name : run.className(self);
}

function tryReadName(run: Runtime, from: Value, name: string): Eventual | undefined {
  if (!(from instanceof ClosureValue)) return from === null ? undefined : tryGetProperty(run, from, name);
  if (name === "delegate") return from.delegate;
  if (name === "owner") return from.owner;
  if (name === "thisObject") return from.thisObject;
  for (const place of placesOf(from)) {
    const value = tryReadName(run, place, name);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** Assigns a name that is no local variable: a property of what is around, else a variable of the script. */
export function assignName(run: Runtime, frame: Frame, name: string, value: Value): Eventual {
  const own = setOwnField(run, frame, name, value);
  if (own !== undefined) return own;
  const done = tryAssignName(run, frame.closure ?? frame.self, name, value);
  if (done !== undefined) return done;
  throw missingProperty(name, classOf(run, frame.self));
}

function tryAssignName(run: Runtime, from: Value, name: string, value: Value): Eventual | undefined {
  if (!(from instanceof ClosureValue))
    return from === null ? undefined : trySetProperty(run, from, name, value);
  if (name === "delegate" || name === "resolveStrategy") return trySetProperty(run, from, name, value);
  for (const place of placesOf(from)) {
    const done = tryAssignName(run, place, name, value);
    if (done !== undefined) return done;
  }
  return undefined;
}
