import { Instance, SuperValue } from "./classes.ts";
import { chargeArithmetic } from "./cost.ts";
import { HostObject } from "./host.ts";
import { LibraryValue } from "./library.ts";
import { compareNumbers, isNumber, isZero, numberOf } from "./numbers.ts";
import type { Runtime } from "./runtime.ts";
import { illegalArgument } from "./thrown.ts";
import {
  BytesValue,
  CharValue,
  ClassRef,
  DateValue,
  EntryValue,
  GroovyObject,
  GStringValue,
  IteratorValue,
  ListValue,
  MapValue,
  MatcherValue,
  RangeValue,
  SetValue,
  StringBuilderValue,
  type Value,
} from "./values.ts";

/** The elements of a list, array or range, in order; `undefined` for anything else. */
export function sequenceOf(value: Value): readonly Value[] | undefined {
  if (value instanceof ListValue || value instanceof RangeValue) return value.items;
  return value instanceof BytesValue ? [...value.bytes].map((byte) => (byte << 24) >> 24) : undefined;
}

/** The text of a string of either kind, or of a character; `undefined` for anything else. */
export function stringOf(run: Runtime, value: Value): string | undefined {
  if (typeof value === "string") return value;
  if (value instanceof GStringValue) return run.text(value);
  return value instanceof CharValue ? value.text : undefined;
}

/** Groovy truth. */
export function truthOf(run: Runtime, value: Value): boolean {
  if (typeof value === "boolean") return value;
  if (value === null) return false;
  if (typeof value === "string") return value !== "";
  if (isNumber(value)) return !isZero(value);
  if (value instanceof CharValue) return value.code !== 0;
  if (value instanceof GStringValue) return run.text(value) !== "";
  if (value instanceof StringBuilderValue) return value.text !== "";
  if (value instanceof MapValue || value instanceof SetValue) return value.size > 0;
  if (value instanceof MatcherValue) return run.isTrue(run.now(run.callMethod(value, "find", [])));
  if (value instanceof IteratorValue) return value.next < value.items.length;
  if (value instanceof LibraryValue) return value.isTruthy();
  if (value instanceof Instance) return instanceTruth(run, value);
  const items = sequenceOf(value);
  return items === undefined || items.length > 0;
}

function instanceTruth(run: Runtime, value: Instance): boolean {
  const own = value.definition.find("asBoolean").find((method) => method.parameters.length === 0);
  return own === undefined || run.isTrue(run.now(run.invoke(own, value, [])));
}

/** `==`. */
export function areEqual(run: Runtime, left: Value, right: Value): boolean {
  if (typeof left === "string" && typeof right === "string") {
    if (left.length === right.length) run.meter.tick(left.length >> 8);
    return left === right;
  }
  if (left === right) return true;
  if (left === null || right === null) return false;
  if (typeof left === "boolean" || typeof right === "boolean") return false;
  const a = numberOf(left);
  const b = numberOf(right);
  if (a !== undefined && b !== undefined) {
    chargeArithmetic(run, "compare", a, b);
    return compareNumbers(a, b) === 0;
  }
  const leftText = stringOf(run, left);
  const rightText = stringOf(run, right);
  if (leftText !== undefined || rightText !== undefined) {
    if (left instanceof Instance) return instancesEqual(run, left, right);
    if (left instanceof LibraryValue) return left.compareTo(right) === 0;
    return leftText === rightText && a === undefined && b === undefined
      ? true
      : charEqual(left, right, leftText, rightText);
  }
  if (left instanceof LibraryValue && typeof right === "number") return left.compareTo(right) === 0;
  if (left instanceof GroovyObject && right instanceof GroovyObject) return objectsEqual(run, left, right);
  return left instanceof Instance && instancesEqual(run, left, right);
}

/** A character equals the string of just that character, never the other things a number equals. */
function charEqual(left: Value, right: Value, leftText?: string, rightText?: string): boolean {
  const oneChar = left instanceof CharValue || right instanceof CharValue;
  return oneChar && leftText !== undefined && leftText === rightText;
}

function objectsEqual(run: Runtime, left: GroovyObject, right: GroovyObject): boolean {
  run.meter.enter();
  try {
    const leftItems = sequenceOf(left);
    const rightItems = sequenceOf(right);
    if (leftItems !== undefined || rightItems !== undefined)
      return sequencesEqual(run, leftItems, rightItems);
    if (left instanceof MapValue) return right instanceof MapValue && mapsEqual(run, left, right);
    if (left instanceof SetValue) return right instanceof SetValue && setsEqual(run, left, right);
    if (left instanceof EntryValue && right instanceof EntryValue) {
      return run.equals(left.entryKey, right.entryKey) && run.equals(left.value, right.value);
    }
    if (left instanceof DateValue) return right instanceof DateValue && left.timeMs === right.timeMs;
    if (left instanceof ClassRef) return right instanceof ClassRef && left.name === right.name;
    if (left instanceof LibraryValue) return left.compareTo(right) === 0 || left.key() === right.key();
    if (left instanceof Instance) return instancesEqual(run, left, right);
    if (left instanceof SuperValue) return left.self === right;
    return false;
  } finally {
    run.meter.leave();
  }
}

function sequencesEqual(run: Runtime, left?: readonly Value[], right?: readonly Value[]): boolean {
  if (left === undefined || right === undefined || left.length !== right.length) return false;
  run.meter.tick(left.length);
  return left.every((item, i) => run.equals(item, right[i] ?? null));
}

function mapsEqual(run: Runtime, left: MapValue, right: MapValue): boolean {
  if (left.size !== right.size) return false;
  for (const entry of left.entries.values()) {
    run.meter.tick();
    const other = right.get(entry.entryKey);
    if (other === undefined || !run.equals(entry.value, other)) return false;
  }
  return true;
}

function setsEqual(run: Runtime, left: SetValue, right: SetValue): boolean {
  if (left.size !== right.size) return false;
  const others = [...right.members.values()];
  for (const item of left.members.values()) {
    run.meter.tick();
    if (right.has(item)) continue;
    run.meter.tick(others.length);
    if (!others.some((other) => run.equals(item, other))) return false;
  }
  return true;
}

function instancesEqual(run: Runtime, left: Instance, right: Value): boolean {
  const definition = left.definition;
  const compareTo = definition.find("compareTo").find((method) => method.parameters.length === 1);
  const isComparable = [...definition.lineage()].some((each) =>
    each.interfaces.includes("java.lang.Comparable"),
  );
  if (compareTo !== undefined && isComparable) {
    return right instanceof Instance && right.definition === definition && run.compare(left, right) === 0;
  }
  const own = definition.find("equals").find((method) => method.parameters.length === 1);
  if (own !== undefined) return run.isTrue(run.now(run.invoke(own, left, [right])));
  if (!definition.has("EqualsAndHashCode") || !(right instanceof Instance)) return false;
  if (right.definition !== definition) return false;
  return definition
    .allFields()
    .every((field) => run.equals(left.fields.get(field.name) ?? null, right.fields.get(field.name) ?? null));
}

/** `<=>`: negative, 0 or positive. */
export function compareValues(run: Runtime, left: Value, right: Value): number {
  if (typeof left === "string" && typeof right === "string") return compareTexts(run, left, right);
  if (left === right) return 0;
  if (left === null) return -1;
  if (right === null) return 1;
  const a = numberOf(left);
  const b = numberOf(right);
  if (a !== undefined && b !== undefined) {
    chargeArithmetic(run, "compare", a, b);
    return compareNumbers(a, b);
  }
  const leftText = stringOf(run, left);
  const rightText = stringOf(run, right);
  if (leftText !== undefined && rightText !== undefined) return compareTexts(run, leftText, rightText);
  // A string of one character meets a number as its code.
  if (a !== undefined && rightText?.length === 1) return compareNumbers(a, rightText.charCodeAt(0));
  if (b !== undefined && leftText?.length === 1) return compareNumbers(leftText.charCodeAt(0), b);
  const objects = compareObjects(run, left, right);
  if (objects !== undefined) return objects;
  if (run.equals(left, right)) return 0;
  throw illegalArgument(
    `Cannot compare ${run.className(left)} with value '${run.text(left)}' and ${run.className(right)} with value '${run.text(right)}'`,
  );
}

function compareTexts(run: Runtime, left: string, right: string): number {
  run.meter.tick(Math.min(left.length, right.length) >> 7);
  return left < right ? -1 : left > right ? 1 : 0;
}

function compareObjects(run: Runtime, left: Value, right: Value): number | undefined {
  if (typeof left === "boolean" && typeof right === "boolean") return Number(left) - Number(right);
  if (left instanceof DateValue && right instanceof DateValue) return Math.sign(left.timeMs - right.timeMs);
  if (left instanceof LibraryValue) return left.compareTo(right);
  if (left instanceof Instance) {
    const own = left.definition.find("compareTo").find((method) => method.parameters.length === 1);
    if (own !== undefined) {
      const result = numberOf(run.now(run.invoke(own, left, [right])));
      return result === undefined ? 0 : compareNumbers(result, 0);
    }
    if (left.constant !== null && right instanceof Instance && right.constant !== null) {
      return Math.sign(left.constant.ordinal - right.constant.ordinal);
    }
  }
  return undefined;
}

/** Is it an object of the host's, whose members are its own business? */
export function isHostObject(value: Value): value is HostObject {
  return value instanceof HostObject;
}
