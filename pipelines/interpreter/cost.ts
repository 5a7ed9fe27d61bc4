import type { Eventual } from "./flow.ts";
import { LibraryValue } from "./library.ts";
import type { Runtime } from "./runtime.ts";
import {
  BigDecimalValue,
  BigIntegerValue,
  BytesValue,
  DateValue,
  GroovyObject,
  ListValue,
  MapValue,
  RangeValue,
  SetValue,
  StringBuilderValue,
  type Value,
} from "./values.ts";

/** Below this size a call costs what every call costs. */
const SMALL = 256;
/** Elements or characters that a method of our own goes through in the time of one evaluation. */
const ONE_BY_ONE = 4;
/** The same for work that the machine does on whole blocks. */
const IN_BLOCKS = 7;
/** A search for a long text in a long text may compare every character of one with every one of the other. */
const SEARCH = 9;
/** A part of a text this long is copied, so that it does not keep the whole alive. */
const LONG_TEXT = 16_384;

/** Methods whose work does not grow with what they are called on. */
const CONSTANT = new Set([
  "add",
  "addLast",
  "append",
  "asBoolean",
  "call",
  "charAt",
  "containsKey",
  "first",
  "get",
  "getAt",
  "getClass",
  "getKey",
  "getValue",
  "head",
  "is",
  "isEmpty",
  "iterator",
  "last",
  "leftShift",
  "length",
  "next",
  "peek",
  "pop",
  "previous",
  "print",
  "println",
  "push",
  "put",
  "putAt",
  "removeLast",
  "set",
  "size",
  "substring",
  "take",
  "toString",
  "with",
  "write",
]);

/** Methods that leave the walk to the machine. */
const BLOCKWISE = new Set([
  "clone",
  "collate",
  "concat",
  "contains",
  "drop",
  "endsWith",
  "equals",
  "indexOf",
  "isCase",
  "isBlank",
  "isInteger",
  "isNumber",
  "join",
  "lastIndexOf",
  "minus",
  "multiply",
  "plus",
  "startsWith",
  "strip",
  "subList",
  "tail",
  "toLowerCase",
  "toUpperCase",
  "trim",
]);

/** What the arithmetic of calendars weighs beside going through characters, and that of library objects as well. */
const CALENDAR = 800;

/** Counts a call of one of our methods by the sizes of what it is called on and given. */
export function chargeCall(run: Runtime, self: Value, name: string, args: readonly Value[]): void {
  const own = weightOf(self);
  let given = 0;
  for (const arg of args) given += weightOf(arg);
  if (own < 0) {
    chargeArithmetic(run, "/", self, args[0] ?? null);
    return;
  }
  if (own + given < SMALL || (CONSTANT.has(name) && given < SMALL)) return;
  run.meter.tick(((CONSTANT.has(name) ? 0 : own) + given) >> (BLOCKWISE.has(name) ? IN_BLOCKS : ONE_BY_ONE));
  const [wanted] = args;
  if (typeof self === "string" && typeof wanted === "string" && wanted.length > SMALL)
    run.meter.tick(Math.floor((self.length * wanted.length) / 2 ** SEARCH));
}

/** Counts what a method of ours gave, and takes parts of a long text out of it. */
export function chargeResult(run: Runtime, self: Value, result: Eventual): Eventual {
  if (typeof result === "string") {
    if (result.length > 64) run.meter.text(result.length);
    return isPartOf(self, result.length) ? apart(result) : result;
  }
  if (result === self || !(result instanceof GroovyObject)) return result;
  const size = sizeOf(result);
  if (size < SMALL) return result;
  if (!(result instanceof StringBuilderValue)) run.meter.collection(size);
  if (!(result instanceof BytesValue) && isElement(self)) return result;
  run.meter.allocate(result instanceof BytesValue ? size : size * 16);
  if (result instanceof ListValue && isPartOf(self, SMALL)) {
    for (let i = 0; i < result.items.length; i += 1) {
      const item = result.items[i];
      if (typeof item === "string") result.items[i] = apart(item);
    }
  }
  return result;
}

/** What is taken out of a collection is there already. */
function isElement(self: Value): boolean {
  return self instanceof MapValue || (self instanceof ListValue && !(self.items.length > SMALL));
}

function isPartOf(self: Value, length: number): boolean {
  const whole = typeof self === "string" ? self : self instanceof StringBuilderValue ? self.text : "";
  return whole.length >= LONG_TEXT && length * 2 < whole.length;
}

/** The same text in memory of its own: JavaScript lets a part of a text keep all of it. */
export function apart(text: string): string {
  return text.length < 13 ? text : ` ${text}`.slice(1);
}

/** The part of a text that stands there, in memory of its own when the text is long. */
export function partOf(text: string, start: number, end: number): string {
  const part = text.slice(start, end);
  return text.length >= LONG_TEXT ? apart(part) : part;
}

/** How many characters or elements a value has. */
function sizeOf(value: Value): number {
  if (typeof value === "string") return value.length;
  if (!(value instanceof GroovyObject)) return 0;
  if (value instanceof ListValue || value instanceof RangeValue) return value.items.length;
  if (value instanceof MapValue || value instanceof SetValue) return value.size;
  if (value instanceof StringBuilderValue) return value.text.length;
  return value instanceof BytesValue ? value.bytes.length : 0;
}

/** How long it takes to go through a value, in characters of a text; negative for numbers of many digits. */
function weightOf(value: Value): number {
  if (typeof value === "string") return value.length;
  if (!(value instanceof GroovyObject)) return 0;
  if (value instanceof BigIntegerValue || value instanceof BigDecimalValue) return -1;
  if (value instanceof MapValue) return value.size * 16;
  if (value instanceof DateValue || value instanceof LibraryValue) return CALENDAR;
  return value instanceof SetValue ? value.size * 8 : sizeOf(value) * 2;
}

/** Digits, in hexadecimal, from which on arithmetic takes longer than an evaluation. */
const FEW_DIGITS = 64;
const SMALL_NUMBER = 2n ** 64n;

/** Counts arithmetic by the digits of both numbers; a division of decimals looks for the shortest exact answer. */
export function chargeArithmetic(run: Runtime, operator: string, left: Value, right: Value): void {
  if (typeof left === "number" && typeof right === "number") return;
  const a = digitsOf(left);
  const b = digitsOf(right);
  if (a + b < FEW_DIGITS) return;
  run.meter.allocate(a + b);
  if (operator === "+" || operator === "-" || operator === "compare") run.meter.tick((a + b) >> 5);
  else run.meter.tick(Math.floor((Math.max(a, 16) * Math.max(b, 16)) / (operator === "/" ? 256 : 8192)));
}

/** Counts the making of a power, whose digits nobody knows before. */
export function chargePower(run: Runtime, result: Value): void {
  const digits = digitsOf(result);
  if (digits < FEW_DIGITS) return;
  run.meter.allocate(digits);
  run.meter.tick(Math.floor((digits * digits) / 2048));
}

/** How many digits arithmetic has to do with: those that are written, and the zeros between them and the point. */
export function digitsOf(value: Value): number {
  if (value instanceof BigIntegerValue) return hexDigits(value.value);
  if (value instanceof BigDecimalValue)
    return hexDigits(value.unscaled) + Math.min(20_000, Math.abs(value.scale));
  return 0;
}

function hexDigits(value: bigint): number {
  return value < SMALL_NUMBER && value > -SMALL_NUMBER ? 8 : value.toString(16).length;
}
