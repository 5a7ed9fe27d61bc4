import { Instance } from "../classes.ts";
import { sequenceOf } from "../comparing.ts";
import { chargeCall, chargeResult } from "../cost.ts";
import type { Eventual } from "../flow.ts";
import { LibraryListValue, LibraryValue } from "../library.ts";
import { isNumber } from "../numbers.ts";
import type { Runtime } from "../runtime.ts";
import {
  BytesValue,
  CharValue,
  ClassRef,
  ClosureValue,
  DateValue,
  EntryValue,
  ExceptionValue,
  GStringValue,
  IteratorValue,
  ListValue,
  MapValue,
  MatcherValue,
  PatternValue,
  RangeValue,
  SetValue,
  StringBuilderValue,
  type Value,
} from "../values.ts";
import { builderMethods } from "./builder.ts";
import { closureMethods } from "./closure.ts";
import { dateMethods } from "./date.ts";
import { encodeMethods } from "./encode.ts";
import { iterableMethods } from "./iterable.ts";
import { listMethods } from "./list.ts";
import { entryMethods, mapMethods } from "./map.ts";
import { numberMethods } from "./number.ts";
import { objectMethods } from "./object.ts";
import {
  booleanMethods,
  bytesMethods,
  charMethods,
  classMethods,
  exceptionMethods,
  gstringMethods,
  instanceMethods,
  iteratorMethods,
} from "./others.ts";
import { matcherMethods, patternMethods } from "./regex.ts";
import { rangeMethods, setMethods } from "./set.ts";
import { stringMethods } from "./string.ts";
import { elementsOf } from "./walk.ts";

/** Calls one of our methods; `undefined` when the value has none of that name that takes these arguments. */
export function callBuiltin(
  run: Runtime,
  self: Value,
  name: string,
  args: readonly Value[],
): Eventual | undefined {
  chargeCall(run, self, name, args);
  const result = findAndCall(run, self, name, args);
  return result === undefined ? undefined : chargeResult(run, self, result);
}

function findAndCall(run: Runtime, self: Value, name: string, args: readonly Value[]): Eventual | undefined {
  const own = callOwn(run, self, name, args);
  if (own !== undefined) return own;
  const method = iterableMethods.get(name);
  if (method !== undefined && isWalked(self, name)) {
    const result = method({ self, items: elementsOf(run, self) }, args, run);
    if (result !== undefined) return result;
  }
  return objectMethods.get(name)?.(self, args, run);
}

/** What a value of no collection has of their methods: each, collect and their like, with itself as the only element. */
const FOR_ALL = new Set([
  "each",
  "eachWithIndex",
  "collect",
  "find",
  "findAll",
  "any",
  "every",
  "inject",
  "findIndexOf",
  "grep",
  "split",
  "findIndexValues",
  "findLastIndexOf",
]);

function isWalked(self: Value, name: string): boolean {
  if (sequenceOf(self) !== undefined) return true;
  if (self instanceof MapValue || self instanceof SetValue || self instanceof MatcherValue) return true;
  if (self instanceof IteratorValue) return true;
  if (typeof self === "string" || self instanceof GStringValue) return name !== "sum" && name !== "sort";
  if (self instanceof LibraryValue) return self.elements() !== undefined || FOR_ALL.has(name);
  if (self instanceof Instance && self.definition.find("iterator").length > 0) return true;
  return FOR_ALL.has(name);
}

function callOwn(run: Runtime, self: Value, name: string, args: readonly Value[]): Eventual | undefined {
  if (typeof self === "string") return callText(run, self, name, args);
  if (self instanceof ListValue) return callList(run, self, name, args);
  if (self instanceof MapValue) return mapMethods.get(name)?.(self, args, run);
  if (isNumber(self)) return numberMethods.get(name)?.(self, args, run);
  if (typeof self === "boolean") return booleanMethods.get(name)?.(self, args, run);
  if (self instanceof GStringValue) {
    return gstringMethods.get(name)?.(self, args, run) ?? callText(run, run.text(self), name, args);
  }
  if (self instanceof ClosureValue) return closureMethods.get(name)?.(self, args, run);
  if (self instanceof SetValue) return setMethods.get(name)?.(self, args, run);
  if (self instanceof RangeValue) return callRange(run, self, name, args);
  if (self instanceof EntryValue) return entryMethods.get(name)?.(self, args, run);
  if (self instanceof StringBuilderValue) {
    return builderMethods.get(name)?.(self, args, run) ?? callText(run, self.text, name, args);
  }
  return callRare(run, self, name, args);
}

function callRare(run: Runtime, self: Value, name: string, args: readonly Value[]): Eventual | undefined {
  if (self instanceof PatternValue) return patternMethods.get(name)?.(self, args, run);
  if (self instanceof MatcherValue) return matcherMethods.get(name)?.(self, args, run);
  if (self instanceof ExceptionValue) {
    const method = exceptionMethods.get(name);
    // What an interruption tells besides, `result` and `causes`, has getters like everything else.
    return method === undefined ? exceptionGetter(self, name, args) : method(self, args, run);
  }
  if (self instanceof ClassRef) return classMethods.get(name)?.(self, args, run);
  if (self instanceof DateValue) return dateMethods.get(name)?.(self, args, run);
  if (self instanceof CharValue) {
    return charMethods.get(name)?.(self, args, run) ?? callText(run, self.text, name, args);
  }
  if (self instanceof BytesValue) return bytesMethods.get(name)?.(self, args, run);
  if (self instanceof IteratorValue) return iteratorMethods.get(name)?.(self, args, run);
  if (self instanceof LibraryValue) return self.invoke(name, args, run);
  if (self instanceof Instance) return callInstance(run, self, name, args);
  return undefined;
}

function callText(run: Runtime, self: string, name: string, args: readonly Value[]): Eventual | undefined {
  return (stringMethods.get(name) ?? encodeMethods.get(name))?.(self, args, run);
}

function callList(run: Runtime, self: ListValue, name: string, args: readonly Value[]): Eventual | undefined {
  const own = self instanceof LibraryListValue ? self.invoke(name, args, run) : undefined;
  return own === undefined ? listMethods.get(name)?.(self, args, run) : own;
}

/** A range is a list that does not change. */
function callRange(
  run: Runtime,
  self: RangeValue,
  name: string,
  args: readonly Value[],
): Eventual | undefined {
  const own = rangeMethods.get(name)?.(self, args, run);
  if (own !== undefined) return own;
  const list = new ListValue([...self.items]);
  list.isImmutable = name !== "sort" && name !== "unique";
  return listMethods.get(name)?.(list, args, run);
}

function callInstance(
  run: Runtime,
  self: Instance,
  name: string,
  args: readonly Value[],
): Eventual | undefined {
  const own = instanceMethods.get(name)?.(self, args, run);
  if (own !== undefined || self.exception === null) return own;
  return exceptionMethods.get(name)?.(self.exception, args, run);
}

/** What can be called on null: little more than asking whether it is. */
export function callOnNull(run: Runtime, name: string, args: readonly Value[]): Eventual | undefined {
  switch (name) {
    case "toString":
    case "inspect":
      return "null";
    case "equals":
    case "is":
      return (args[0] ?? null) === null;
    case "asBoolean":
      return false;
    case "iterator":
      return new IteratorValue([]);
    case "plus":
      return typeof args[0] === "string" ? `null${args[0]}` : undefined;
    case "each":
    case "eachWithIndex":
    case "collect":
    case "find":
    case "findAll":
    case "any":
    case "every":
    case "inject":
    case "with":
      return name === "with"
        ? objectMethods.get(name)?.(null, args, run)
        : iterableMethods.get(name)?.({ self: null, items: [] }, args, run);
    default:
      return undefined;
  }
}

/** Is there such a method among ours for this value? */
export function hasBuiltin(self: Value, name: string): boolean {
  const tables = [objectMethods, ...tablesOf(self)];
  return tables.some((table) => table.has(name)) || (isWalked(self, name) && iterableMethods.has(name));
}

function tablesOf(self: Value): readonly { has(name: string): boolean }[] {
  if (typeof self === "string" || self instanceof GStringValue) return [stringMethods, encodeMethods];
  if (self instanceof ListValue) return [listMethods];
  if (self instanceof MapValue) return [mapMethods];
  if (self instanceof SetValue) return [setMethods];
  if (isNumber(self)) return [numberMethods];
  return self instanceof ClosureValue ? [closureMethods] : [];
}

function exceptionGetter(self: ExceptionValue, name: string, args: readonly Value[]): Value | undefined {
  const property = /^get([A-Z].*)$/.exec(name)?.[1];
  if (property === undefined || args.length > 0) return undefined;
  return self.properties.get(property.charAt(0).toLowerCase() + property.slice(1));
}
