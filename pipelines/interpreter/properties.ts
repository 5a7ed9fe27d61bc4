import { Instance, ScriptObject, SuperValue } from "./classes.ts";
import { sequenceOf } from "./comparing.ts";
import { all, type Eventual } from "./flow.ts";
import { HostObject } from "./host.ts";
import { LibraryListValue, LibraryValue } from "./library.ts";
import { callBuiltin } from "./methods/tables.ts";
import { builtinStatic } from "./methods/statics.ts";
import type { Runtime } from "./runtime.ts";
import { messageOf } from "./text.ts";
import { exception, missingProperty, notPermitted, nullPointer } from "./thrown.ts";
import { simpleName } from "./types.ts";
import {
  ClassRef,
  ClosureValue,
  DateValue,
  EntryValue,
  ExceptionValue,
  ListValue,
  MapValue,
  SetValue,
  type Value,
} from "./values.ts";

const capitalised = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** Names that would lead out of the closed world; each is refused in words. */
const REFUSED = new Map([
  ["metaClass", "classes cannot be changed at run time; write a function"],
  ["rawBuild", "Jenkins' own objects do not exist here; currentBuild has what a pipeline needs"],
  ["classLoader", "there is no Java class loader; use a library"],
  ["protectionDomain", "there is no Java class loader"],
]);

/** The refusal of a member that would lead out of the language; `undefined` for any other name. */
export function refusalOf(name: string): Error | undefined {
  const instead = REFUSED.get(name);
  return instead === undefined ? undefined : notPermitted(`property ${name}`, instead);
}

/** `target.name`, or `undefined` when there is no such property. */
export function tryGetProperty(run: Runtime, target: Value, name: string): Eventual | undefined {
  if (target instanceof MapValue) return mapProperty(run, target, name);
  if (target === null) throw nullPointer(`Cannot get property '${name}' on null object`);
  if (name === "class" && !(target instanceof HostObject)) return new ClassRef(run.className(target));
  const refused = refusalOf(name);
  if (refused !== undefined) throw refused;
  if (target instanceof HostObject) return target.getProperty(name, run.site);
  if (target instanceof ScriptObject) return scriptProperty(run, target, name);
  if (target instanceof Instance) return instanceProperty(run, target, name);
  if (target instanceof SuperValue) return ownOr(instanceField(run, target.self, name), run, target, name);
  if (target instanceof ClassRef) return classProperty(run, target, name);
  if (target instanceof ClosureValue) return ownOr(closureProperty(target, name), run, target, name);
  if (target instanceof ExceptionValue) return ownOr(exceptionProperty(target, name), run, target, name);
  if (target instanceof EntryValue) return ownOr(entryProperty(target, name), run, target, name);
  if (target instanceof LibraryValue) return ownOr(target.property(name, run), run, target, name);
  const own =
    target instanceof LibraryListValue
      ? ownOr(target.property(name), run, target, name)
      : getter(run, target, name);
  if (own !== undefined) return own;
  if (target instanceof LibraryListValue) return target.lacking(name, run);
  return spreadProperty(run, target, name);
}

/** A value that is there, null among them, or what a getter gives. */
function ownOr(own: Eventual | undefined, run: Runtime, target: Value, name: string): Eventual | undefined {
  return own === undefined ? getter(run, target, name) : own;
}

/** `target.name`; throws MissingPropertyException. */
export function getProperty(run: Runtime, target: Value, name: string): Eventual {
  const value = tryGetProperty(run, target, name);
  if (value !== undefined) return value;
  return missing(run, target, name);
}

function missing(run: Runtime, target: Value, name: string): Eventual {
  if (target instanceof Instance) {
    const own = target.definition.find("propertyMissing").find((method) => method.parameters.length === 1);
    if (own !== undefined) return run.invoke(own, target, [name]);
  }
  throw missingProperty(
    name,
    target instanceof ScriptObject ? "groovy.lang.Binding" : classNameOf(run, target),
  );
}

function classNameOf(run: Runtime, target: Value): string {
  return target instanceof ClassRef ? target.name : run.className(target);
}

function mapProperty(run: Runtime, map: MapValue, name: string): Eventual {
  const value = map.get(name);
  if (value !== undefined) return value;
  if (name === "metaClass") throw refusalOf(name) ?? missingProperty(name, map.javaClass);
  return map.defaultValue === null ? null : run.callMethod(map, "get", [name]);
}

/** The method behind a property: `getName()`, or `isName()`. */
function getter(run: Runtime, target: Value, name: string): Eventual | undefined {
  const value = callBuiltin(run, target, `get${capitalised(name)}`, []);
  return value === undefined ? callBuiltin(run, target, `is${capitalised(name)}`, []) : value;
}

/** `list.name` is the list of the elements' names. */
function spreadProperty(run: Runtime, target: Value, name: string): Eventual | undefined {
  const items = sequenceOf(target) ?? (target instanceof SetValue ? [...target.members.values()] : undefined);
  if (items === undefined) return undefined;
  run.meter.tick(items.length);
  return all(
    items.filter((item) => item !== null).map((item) => ({ item })),
    ({ item }) => spreadElement(run, target, item, name),
    (values) => new ListValue(values),
  );
}

function spreadElement(run: Runtime, list: Value, item: Value, name: string): Eventual {
  const value = tryGetProperty(run, item, name);
  if (value !== undefined) return value;
  throw exception(
    "groovy.lang.MissingPropertyException",
    `Exception evaluating property '${name}' for ${run.className(list)}, Reason: groovy.lang.MissingPropertyException: No such property: ${name} for class: ${classNameOf(run, item)}`,
  );
}

function scriptProperty(run: Runtime, script: ScriptObject, name: string): Eventual | undefined {
  const field = script.fields.get(name);
  if (field !== undefined) return field.value;
  const bound = script.binding.get(name);
  if (bound !== undefined) return bound;
  const own = script.methods.get(`get${capitalised(name)}`)?.find((method) => method.parameters.length === 0);
  if (own !== undefined) return run.invoke(own, script, []);
  const outside = run.host.readName(name, run.site);
  if (outside !== undefined) return outside;
  if (name === "binding") return MapValue.of([...script.binding]);
  return name === "out" ? script : undefined;
}

function instanceField(run: Runtime, target: Value, name: string): Value | undefined {
  if (!(target instanceof Instance)) return undefined;
  const value = target.fields.get(name);
  return value ?? (target.fields.has(name) ? null : target.definition.staticRef(name)?.value);
}

/** A getter of the class's own comes before its field, and both before what every object has. */
function instanceProperty(run: Runtime, target: Instance, name: string): Eventual | undefined {
  const definition = target.definition;
  for (const prefix of ["get", "is"]) {
    const own = definition.find(prefix + capitalised(name)).find((method) => method.parameters.length === 0);
    if (own !== undefined) return run.invoke(own, target, []);
  }
  const field = instanceField(run, target, name);
  if (field !== undefined) return field;
  if (target.constant !== null) {
    if (name === "name") return target.constant.name;
    if (name === "ordinal") return target.constant.ordinal;
  }
  if (target.exception !== null) {
    if (name === "message") return messageOf(run, target);
    const value = exceptionProperty(target.exception, name);
    if (value !== undefined) return value;
  }
  const dynamic = definition.find("getProperty").find((method) => method.parameters.length === 1);
  if (dynamic !== undefined) return run.invoke(dynamic, target, [name]);
  if (target.outer !== null) {
    const outer = tryGetProperty(run, target.outer, name);
    if (outer !== undefined) return outer;
  }
  return name === "properties" ? propertiesOf(target) : getter(run, target, name);
}

function propertiesOf(target: Instance): MapValue {
  const map = new MapValue();
  for (const field of target.definition.allFields()) {
    if (field.isProperty) map.set(field.name, target.fields.get(field.name) ?? null);
  }
  map.set("class", target.definition.ref);
  return map;
}

function classProperty(run: Runtime, target: ClassRef, name: string): Eventual | undefined {
  const definition = run.classes.get(target.name);
  if (definition !== undefined) {
    const ref = definition.staticRef(name);
    if (ref !== undefined) return ref.value;
    const own = definition
      .findStatic(`get${capitalised(name)}`)
      .find((method) => method.parameters.length === 0);
    if (own !== undefined) return run.invoke(own, target, []);
  }
  const constant = builtinStatic(run, target.name, name);
  if (constant !== undefined) return constant;
  if (name === "name" || name === "typeName" || name === "canonicalName")
    return target.name.replace("$", name === "name" ? "$" : ".");
  if (name === "simpleName") return simpleName(target.name);
  return (
    callBuiltin(run, target, `get${capitalised(name)}`, []) ??
    callBuiltin(run, target, `is${capitalised(name)}`, [])
  );
}

function closureProperty(target: ClosureValue, name: string): Value | undefined {
  switch (name) {
    case "delegate":
      return target.delegate;
    case "owner":
      return target.owner;
    case "thisObject":
      return target.thisObject;
    case "resolveStrategy":
      return target.resolveStrategy;
    default:
      return undefined;
  }
}

function exceptionProperty(target: ExceptionValue, name: string): Value | undefined {
  if (name === "message" || name === "localizedMessage") return target.message;
  if (name === "cause") return target.cause;
  if (name === "stackTrace") return new ListValue([], "java.lang.StackTraceElement[]");
  if (name === "suppressed") return new ListValue(target.suppressed, "java.lang.Throwable[]");
  return target.properties.get(name);
}

function entryProperty(target: EntryValue, name: string): Value | undefined {
  if (name === "key") return target.entryKey;
  return name === "value" ? target.value : undefined;
}

/** `target.name = value`; `undefined` when there is no such property to write. */
export function trySetProperty(
  run: Runtime,
  target: Value,
  name: string,
  value: Value,
): Eventual | undefined {
  if (target === null) throw nullPointer(`Cannot set property '${name}' on null object`);
  if (target instanceof MapValue) return run.callMethod(target, "put", [name, value]);
  const refused = refusalOf(name);
  if (refused !== undefined) throw refused;
  if (target instanceof HostObject) return target.setProperty(name, value, run.site) ? value : undefined;
  if (target instanceof ScriptObject) return setScriptProperty(run, target, name, value);
  if (target instanceof Instance) return setInstanceProperty(run, target, name, value);
  if (target instanceof SuperValue) return trySetProperty(run, target.self, name, value);
  if (target instanceof ClassRef) return setStatic(run, target, name, value);
  if (target instanceof ClosureValue) return setClosureProperty(target, name, value);
  if (target instanceof LibraryValue && target.assign(name, value, run)) return value;
  if (target instanceof EntryValue && name === "value") return run.callMethod(target, "setValue", [value]);
  if (target instanceof DateValue && name === "time") return run.callMethod(target, "setTime", [value]);
  const items = sequenceOf(target);
  if (items === undefined) return callBuiltin(run, target, `set${capitalised(name)}`, [value]);
  for (const item of items) run.now(setProperty(run, item, name, value));
  return value;
}

/** `target.name = value`; throws MissingPropertyException. */
export function setProperty(run: Runtime, target: Value, name: string, value: Value): Eventual {
  const done = trySetProperty(run, target, name, value);
  if (done !== undefined) return done;
  if (target instanceof Instance) {
    const own = target.definition.find("propertyMissing").find((method) => method.parameters.length === 2);
    if (own !== undefined) return run.invoke(own, target, [name, value]);
  }
  throw missingProperty(name, classNameOf(run, target));
}

function setScriptProperty(run: Runtime, target: ScriptObject, name: string, value: Value): Eventual {
  const field = target.fields.get(name);
  if (field !== undefined) {
    field.value = value;
    return value;
  }
  const own = target.methods.get(`set${capitalised(name)}`)?.find((method) => method.parameters.length === 1);
  if (own !== undefined) return run.invoke(own, target, [value]);
  if (!target.binding.has(name) && run.host.assignName(name, value, run.site)) return value;
  target.binding.set(name, value);
  return value;
}

function setInstanceProperty(
  run: Runtime,
  target: Instance,
  name: string,
  value: Value,
): Eventual | undefined {
  const setters = target.definition
    .find(`set${capitalised(name)}`)
    .filter((method) => method.parameters.length === 1);
  const [setter] = setters;
  if (setter !== undefined) return run.invoke(setter, target, [value]);
  const field = target.definition.field(name);
  if (field !== undefined) {
    if (field.isFinal && target.fields.has(name)) {
      throw exception(
        "groovy.lang.ReadOnlyPropertyException",
        `Cannot set readonly property: ${name} for class: ${target.javaClass}`,
      );
    }
    target.fields.set(name, field.type === null ? value : run.cast(value, field.type));
    return value;
  }
  const ref = target.definition.staticRef(name);
  if (ref !== undefined) {
    ref.value = value;
    return value;
  }
  const dynamic = target.definition.find("setProperty").find((method) => method.parameters.length === 2);
  if (dynamic !== undefined) return run.invoke(dynamic, target, [name, value]);
  return target.outer === null ? undefined : trySetProperty(run, target.outer, name, value);
}

function setStatic(run: Runtime, target: ClassRef, name: string, value: Value): Eventual | undefined {
  const definition = run.classes.get(target.name);
  const setter = definition
    ?.findStatic(`set${capitalised(name)}`)
    .find((method) => method.parameters.length === 1);
  if (setter !== undefined) return run.invoke(setter, target, [value]);
  const ref = definition?.staticRef(name);
  if (ref === undefined) return undefined;
  if (definition?.finalStatics.has(name) === true) {
    throw exception(
      "groovy.lang.ReadOnlyPropertyException",
      `Cannot set readonly property: ${name} for class: ${target.name}`,
    );
  }
  ref.value = value;
  return value;
}

function setClosureProperty(target: ClosureValue, name: string, value: Value): Value | undefined {
  if (name === "delegate") {
    target.delegate = value;
    return value;
  }
  if (name === "resolveStrategy" && typeof value === "number") {
    target.resolveStrategy = value;
    return value;
  }
  return undefined;
}

/** The field itself, past getters: `target.@name`. */
export function attributeOf(run: Runtime, target: Value, name: string): Eventual {
  const field = instanceField(run, target, name);
  if (field !== undefined) return field;
  if (target instanceof Instance) {
    throw exception(
      "groovy.lang.MissingFieldException",
      `No such field: ${name} for class: ${target.javaClass}`,
    );
  }
  // What is read from XML has attributes of this spelling.
  return getProperty(run, target, target instanceof LibraryValue ? `@${name}` : name);
}
