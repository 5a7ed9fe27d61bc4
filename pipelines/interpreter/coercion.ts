import { Instance } from "./classes.ts";
import { sequenceOf, stringOf } from "./comparing.ts";
import { parseDecimal } from "./decimal.ts";
import type { Eventual } from "./flow.ts";
import { LibraryListValue, ProxyValue } from "./library.ts";
import { big, numberOf, parseDouble, parseWhole, toBigInt, toDecimal, toDouble, toInt } from "./numbers.ts";
import type { Runtime } from "./runtime.ts";
import { castFailure, exception } from "./thrown.ts";
import { boxed, defaultClass, derivesFrom, isKnownClass, isPrimitive } from "./types.ts";
import {
  BigDecimalValue,
  ByteValue,
  CharValue,
  ClassRef,
  ClosureValue,
  DoubleValue,
  FloatValue,
  GroovyObject,
  ListValue,
  LongValue,
  MapValue,
  SetValue,
  ShortValue,
  StringBuilderValue,
  type Value,
} from "./values.ts";
import type { NumberValue } from "./numbers.ts";

const NUMERIC = new Set([
  "java.lang.Integer",
  "java.lang.Long",
  "java.lang.Short",
  "java.lang.Byte",
  "java.lang.Double",
  "java.lang.Float",
  "java.math.BigInteger",
  "java.math.BigDecimal",
]);

/** A number as one of another class, cut where it does not fit. */
export function convertNumber(value: NumberValue, type: string): Value {
  switch (boxed(type)) {
    case "java.lang.Integer":
      return toInt(value);
    case "java.lang.Long":
      return new LongValue(toBigInt(value));
    case "java.lang.Short":
      return new ShortValue(toInt(value));
    case "java.lang.Byte":
      return new ByteValue(toInt(value));
    case "java.lang.Double":
      return new DoubleValue(toDouble(value));
    case "java.lang.Float":
      return new FloatValue(toDouble(value));
    case "java.math.BigInteger":
      return big(toBigInt(value));
    case "java.math.BigDecimal":
      return toDecimal(value);
    default:
      return value;
  }
}

/** Reads a string as a number of a class; throws NumberFormatException. */
export function parseNumber(text: string, type: string): Value {
  switch (boxed(type)) {
    case "java.lang.Integer":
      return Number(parseWhole(text, 10, 32));
    case "java.lang.Long":
      return new LongValue(parseWhole(text, 10, 64));
    case "java.lang.Short":
      return new ShortValue(Number(parseWhole(text, 10, 32)));
    case "java.lang.Byte":
      return new ByteValue(Number(parseWhole(text, 10, 32)));
    case "java.lang.Double":
      return new DoubleValue(parseDouble(text));
    case "java.lang.Float":
      return new FloatValue(parseDouble(text));
    case "java.math.BigInteger":
      return big(parseWhole(text, 10, 0));
    default: {
      const decimal = parseDecimal(text);
      if (decimal === null) {
        throw exception(
          "java.lang.NumberFormatException",
          text === "" ? null : `Character array is missing "exponent" mark 'e' or 'E'.`,
        );
      }
      return decimal;
    }
  }
}

/** Does a value have this class, one derived from it, or implement it? */
export function isInstanceOf(run: Runtime, value: Value, type: string): boolean {
  if (value === null) return false;
  if (value instanceof ListValue && type === "java.lang.Object[]") return value.isArray;
  if (value instanceof LibraryListValue && derivesFrom("java.util.ArrayList", type)) return true;
  return classDerivesFrom(run, run.className(value), boxed(type));
}

/** As `derivesFrom`, also through the script's own classes. */
export function classDerivesFrom(run: Runtime, name: string, ancestor: string): boolean {
  if (name === ancestor || ancestor === "java.lang.Object") return true;
  const definition = run.classes.get(name);
  if (definition === undefined) return derivesFrom(name, ancestor);
  if (ancestor === "groovy.lang.GroovyObject") return true;
  if (definition.form === "enum" && derivesFrom("java.lang.Enum", ancestor)) return true;
  const above = definition.superclass?.name ?? definition.superName;
  return (
    classDerivesFrom(run, above, ancestor) ||
    definition.interfaces.some((each) => classDerivesFrom(run, each, ancestor))
  );
}

/** `(type) value`, and what an assignment to a typed variable does. */
export function castTo(run: Runtime, value: Value, type: string): Value {
  if (type === "java.lang.Object") return value;
  const target = boxed(type);
  if (value === null) return nullAs(type);
  if (target === "java.lang.Boolean") return typeof value === "boolean" ? value : run.isTrue(value);
  if (target === "java.lang.String") return typeof value === "string" ? value : run.text(value);
  if (NUMERIC.has(target)) return castToNumber(run, value, type);
  if (target === "java.lang.Character") return castToChar(run, value, type);
  if (isInstanceOf(run, value, target)) return value;
  const other = castToClass(run, value, target);
  if (other === undefined) throw castFailure(run.text(value), run.className(value), type);
  return other;
}

function nullAs(type: string): Value {
  if (!isPrimitive(type)) return null;
  if (type === "boolean") return false;
  throw exception(
    "org.codehaus.groovy.runtime.typehandling.GroovyCastException",
    `Cannot cast object 'null' with class 'null' to class '${type}'. Try '${boxed(type)}' instead`,
  );
}

function castToNumber(run: Runtime, value: Value, type: string): Value {
  const number = numberOf(value);
  if (number !== undefined) return convertNumber(number, type);
  const text = stringOf(run, value);
  if (text?.length === 1) return convertNumber(text.charCodeAt(0), type);
  throw castFailure(run.text(value), run.className(value), type);
}

function castToChar(run: Runtime, value: Value, type: string): Value {
  if (value instanceof CharValue) return value;
  const number = numberOf(value);
  if (number !== undefined) return new CharValue(toInt(number));
  const text = stringOf(run, value);
  if (text?.length === 1) return new CharValue(text.charCodeAt(0));
  throw castFailure(run.text(value), run.className(value), type);
}

function castToClass(run: Runtime, value: Value, type: string): Value | undefined {
  if (type.endsWith("[]")) return asArray(run, value, type);
  const items = sequenceOf(value) ?? (value instanceof SetValue ? [...value.members.values()] : undefined);
  if (items !== undefined && derivesFrom(type, "java.util.Collection")) {
    return collectionOf(items, type);
  }
  const definition = run.classes.get(type);
  if (definition?.form === "enum") return enumConstant(run, value, type);
  if (definition !== undefined && definition.form === "class") {
    if (items !== undefined) return run.now(run.construct(type, items));
    if (value instanceof MapValue) return run.now(run.construct(type, [value], value));
  }
  if (items !== undefined && (type === "java.util.Date" || type.startsWith("java.math."))) {
    return run.now(run.construct(type, items));
  }
  if (isProxied(run, value, type))
    return value instanceof ClosureValue ? new ProxyValue(type, value) : undefined;
  if (type === "java.lang.Class") return classNamed(run, value);
  // A class that only Jenkins has: the value is what a step gave, and nothing checks it.
  return !isKnownClass(type) && definition === undefined && !isPrimitive(type) ? value : undefined;
}

function isProxied(run: Runtime, value: Value, type: string): boolean {
  if (!(value instanceof ClosureValue || value instanceof MapValue)) return false;
  const definition = run.classes.get(type);
  if (definition !== undefined) return definition.form === "interface" || definition.isAbstract;
  return FUNCTIONAL.has(type);
}

const FUNCTIONAL = new Set([
  "java.lang.Runnable",
  "java.util.concurrent.Callable",
  "java.util.function.Function",
  "java.util.function.Predicate",
  "java.util.function.Supplier",
  "java.util.function.Consumer",
  "java.util.Comparator",
  "java.util.Iterator",
  "java.lang.Iterable",
]);

function classNamed(run: Runtime, value: Value): Value | undefined {
  const name = stringOf(run, value);
  if (name === undefined) return undefined;
  const full = run.classes.has(name) || isKnownClass(name) ? name : defaultClass(name);
  return full === undefined ? undefined : new ClassRef(full);
}

/** The constant of an enum that has the value's text as its name. */
function enumConstant(run: Runtime, value: Value, type: string): Value | undefined {
  const name = stringOf(run, value);
  if (name === undefined) return undefined;
  const definition = run.classes.get(type);
  definition?.begin();
  const found = definition?.constants.find((each) => each.constant?.name === name);
  if (found === undefined)
    throw exception("java.lang.IllegalArgumentException", `No enum constant ${type}.${name}`);
  return found;
}

/** The elements as an array, each cast to the element type. */
function asArray(run: Runtime, value: Value, type: string): Value | undefined {
  const items =
    sequenceOf(value) ??
    (value instanceof SetValue ? [...value.members.values()] : undefined) ??
    (type === "char[]" && typeof value === "string"
      ? value.split("").map((c) => new CharValue(c.charCodeAt(0)))
      : undefined);
  if (items === undefined) return undefined;
  const element = type.slice(0, -2);
  return new ListValue(
    items.map((item) => (isLooseElement(element) ? item : castTo(run, item, element))),
    type,
  );
}

const isLooseElement = (type: string): boolean => type === "java.lang.Object" || type === "def";

/** A new collection of a class, from elements. */
export function collectionOf(items: readonly Value[], type: string): Value {
  if (derivesFrom(type, "java.util.Set")) {
    return new SetValue(items, type === "java.util.Set" ? "java.util.LinkedHashSet" : type);
  }
  const isInterface = [
    "java.util.List",
    "java.util.Collection",
    "java.lang.Iterable",
    "java.util.AbstractList",
  ].includes(type);
  if (type === "java.util.Queue" || type === "java.util.Deque")
    return new ListValue([...items], "java.util.LinkedList");
  // What is made of a list of a library's own is an ordinary one.
  const isList = !isInterface && derivesFrom(type, "java.util.Collection");
  return new ListValue([...items], isList ? type : "java.util.ArrayList");
}

/** `value as type`. */
export function coerceTo(run: Runtime, value: Value, type: string): Eventual {
  const target = boxed(type);
  if (value === null) return isPrimitive(type) ? nullAs(type) : null;
  if (value instanceof Instance) {
    const own = value.definition.find("asType").find((method) => method.parameters.length === 1);
    if (own !== undefined) return run.invoke(own, value, [new ClassRef(type)]);
  }
  if (value instanceof StringBuilderValue && target === "java.lang.String") return value.text;
  const text = typeof value === "boolean" ? undefined : stringOf(run, value);
  if (text !== undefined && NUMERIC.has(target)) {
    return value instanceof CharValue ? convertNumber(value.code, target) : parseNumber(text.trim(), target);
  }
  if (text !== undefined && derivesFrom(target, "java.util.Collection")) {
    return collectionOf(
      text.split("").map((char): Value => char),
      target,
    );
  }
  if (value instanceof MapValue && (target === "java.util.List" || target === "java.util.Set")) {
    return collectionOf([...value.entries.values()], target);
  }
  if (value instanceof ClosureValue || value instanceof MapValue) {
    const definition = run.classes.get(target);
    if (
      definition !== undefined &&
      !(value instanceof MapValue && definition.form === "class" && !definition.isAbstract)
    ) {
      return new ProxyValue(target, value);
    }
    if (FUNCTIONAL.has(target)) return new ProxyValue(target, value);
  }
  if (value instanceof MapValue && derivesFrom(target, "java.util.Map")) return value;
  if (value instanceof BigDecimalValue && target === "java.math.BigDecimal") return value;
  return value instanceof GroovyObject || typeof value !== "object" ? castTo(run, value, type) : value;
}
