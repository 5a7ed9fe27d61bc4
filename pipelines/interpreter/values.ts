import type { Eventual } from "./flow.ts";
import { joinKeys } from "./key-work.ts";

/**
 * Everything a script can hold. `null`, booleans, strings and `number` (a Java Integer, always in 32 bits) are plain
 * JavaScript primitives, because they carry nothing else; every other value is one of our classes. No other JavaScript
 * object, prototype or function is ever a value, and none can be reached from one: members are looked up in tables.
 */
export type Value = null | boolean | string | number | GroovyObject;

/** What a map goes by: equal values have the same key. */
export type Key = null | boolean | string | number | GroovyObject;

let identities = 0;

/** The root of all values that are objects. `javaClass` is what `getClass().name` says. */
export abstract class GroovyObject {
  abstract readonly javaClass: string;
  private identity = 0;
  /** The last round of measuring in which this was found. */
  seenIn = 0;

  /** The key in maps and sets: the object itself unless its class compares by contents. */
  key(): Key {
    return this;
  }

  /** Tells this object from others inside the key of a list that holds it; never shown to a script. */
  identityText(): string {
    if (this.identity === 0) this.identity = identities += 1;
    return `\u0000@${this.identity}`;
  }
}

/** The key of any value: strings, ints, booleans and null are their own. */
export function keyOf(value: Value): Key {
  return value instanceof GroovyObject ? value.key() : value;
}

/** A key as text, for the keys of collections that hold it. */
function keyText(value: Value): string {
  const key = keyOf(value);
  if (key instanceof GroovyObject) return key.identityText();
  return typeof key === "string" ? `"${key.length}:${key}` : `${typeof key}:${key}`;
}

/** A variable: what closures share with the place where it was declared. */
export class Ref {
  value: Value;
  /** The last round of measuring in which this was found. */
  seenIn = 0;
  constructor(value: Value) {
    this.value = value;
  }
}

// ------------------------------------------------------------------ numbers

/** A Java Long. */
export class LongValue extends GroovyObject {
  readonly javaClass = "java.lang.Long";
  readonly value: bigint;
  constructor(value: bigint) {
    super();
    this.value = BigInt.asIntN(64, value);
  }
  override key(): Key {
    return `\u0000L${this.value}`;
  }
}

export class BigIntegerValue extends GroovyObject {
  readonly javaClass = "java.math.BigInteger";
  readonly value: bigint;
  constructor(value: bigint) {
    super();
    this.value = value;
  }
  override key(): Key {
    return `\u0000G${this.value}`;
  }
}

/** `unscaled` times ten to the power of minus `scale`; the scale is part of the value, as in Java. */
export class BigDecimalValue extends GroovyObject {
  readonly javaClass = "java.math.BigDecimal";
  readonly unscaled: bigint;
  readonly scale: number;
  constructor(unscaled: bigint, scale: number) {
    super();
    this.unscaled = unscaled;
    this.scale = scale;
  }
  override key(): Key {
    return `\u0000M${this.unscaled}/${this.scale}`;
  }
}

export class DoubleValue extends GroovyObject {
  readonly javaClass = "java.lang.Double";
  readonly value: number;
  constructor(value: number) {
    super();
    this.value = value;
  }
  override key(): Key {
    return `\u0000D${Object.is(this.value, -0) ? "-0" : this.value}`;
  }
}

export class FloatValue extends GroovyObject {
  readonly javaClass = "java.lang.Float";
  readonly value: number;
  constructor(value: number) {
    super();
    this.value = Math.fround(value);
  }
  override key(): Key {
    return `\u0000F${this.value}`;
  }
}

export class ShortValue extends GroovyObject {
  readonly javaClass = "java.lang.Short";
  readonly value: number;
  constructor(value: number) {
    super();
    this.value = (value << 16) >> 16;
  }
  override key(): Key {
    return `\u0000S${this.value}`;
  }
}

export class ByteValue extends GroovyObject {
  readonly javaClass = "java.lang.Byte";
  readonly value: number;
  constructor(value: number) {
    super();
    this.value = (value << 24) >> 24;
  }
  override key(): Key {
    return `\u0000B${this.value}`;
  }
}

/** A Java char: one UTF-16 unit. */
export class CharValue extends GroovyObject {
  readonly javaClass = "java.lang.Character";
  readonly code: number;
  constructor(code: number) {
    super();
    this.code = code & 0xffff;
  }
  override key(): Key {
    return `\u0000C${this.code}`;
  }
  get text(): string {
    return String.fromCharCode(this.code);
  }
}

// --------------------------------------------------------------------- text

/** A string with values in it. Its text is made when asked for; closures among the values are then called. */
export class GStringValue extends GroovyObject {
  readonly javaClass = "org.codehaus.groovy.runtime.GStringImpl";
  readonly strings: readonly string[];
  readonly values: readonly Value[];
  constructor(strings: readonly string[], values: readonly Value[]) {
    super();
    this.strings = strings;
    this.values = values;
  }
  /** Unlike that of a String: a GString key is not found by the equal String. */
  override key(): Key {
    return joinKeys(`\u0000"${JSON.stringify(this.strings)}`, this.values.map(keyText));
  }
}

/** StringBuilder, StringBuffer and StringWriter. */
export class StringBuilderValue extends GroovyObject {
  readonly javaClass: string;
  text: string;
  constructor(text: string, javaClass = "java.lang.StringBuilder") {
    super();
    this.text = text;
    this.javaClass = javaClass;
  }
}

export class PatternValue extends GroovyObject {
  readonly javaClass = "java.util.regex.Pattern";
  readonly source: string;
  /** Java's flag bits. */
  readonly flags: number;
  constructor(source: string, flags = 0) {
    super();
    this.source = source;
    this.flags = flags;
  }
}

/** What a match covers: offsets of each group, -1 where it took no part; group 0 is the whole. */
export type Groups = readonly { readonly start: number; readonly end: number }[];

export class MatcherValue extends GroovyObject {
  readonly javaClass = "java.util.regex.Matcher";
  readonly pattern: PatternValue;
  text: string;
  /** The match that `group()` speaks of. */
  current: Groups | null = null;
  /** Where the next `find()` begins. */
  next = 0;
  appendAt = 0;
  constructor(pattern: PatternValue, text: string) {
    super();
    this.pattern = pattern;
    this.text = text;
  }
}

// --------------------------------------------------------------- collections

/** A list; arrays are lists of a fixed length whose class says so. */
export class ListValue extends GroovyObject {
  javaClass: string;
  items: Value[];
  isImmutable = false;
  constructor(items: Value[] = [], javaClass = "java.util.ArrayList") {
    super();
    this.items = items;
    this.javaClass = javaClass;
  }
  get isArray(): boolean {
    return this.javaClass.endsWith("[]");
  }
  override key(): Key {
    return this.isArray ? this : joinKeys("\u0000[", this.items.map(keyText));
  }
}

/** The bytes of a string or a digest; a Java byte array. */
export class BytesValue extends GroovyObject {
  readonly javaClass = "byte[]";
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    super();
    this.bytes = bytes;
  }
}

/** An entry of a map: what `each { it.key }` sees. `setValue` writes through. */
export class EntryValue extends GroovyObject {
  readonly javaClass = "java.util.LinkedHashMap$Entry";
  readonly entryKey: Value;
  value: Value;
  constructor(key: Value, value: Value) {
    super();
    this.entryKey = key;
    this.value = value;
  }
  override key(): Key {
    return joinKeys("\u0000=", [keyText(this.entryKey), keyText(this.value)]);
  }
}

/** A map of any keys in the order they came (or sorted, for a TreeMap: by the methods that put). */
export class MapValue extends GroovyObject {
  readonly javaClass: string;
  readonly entries = new Map<Key, EntryValue>();
  isImmutable = false;
  /** The closure of `withDefault`. */
  defaultValue: ClosureValue | null = null;
  constructor(javaClass = "java.util.LinkedHashMap") {
    super();
    this.javaClass = javaClass;
  }
  get size(): number {
    return this.entries.size;
  }
  has(key: Value): boolean {
    return this.entries.has(keyOf(key));
  }
  get(key: Value): Value | undefined {
    return this.entries.get(keyOf(key))?.value;
  }
  set(key: Value, value: Value): void {
    const hashed = keyOf(key);
    const entry = this.entries.get(hashed);
    if (entry === undefined) this.entries.set(hashed, new EntryValue(key, value));
    else entry.value = value;
  }
  delete(key: Value): boolean {
    return this.entries.delete(keyOf(key));
  }
  override key(): Key {
    return joinKeys("\u0000{", [...this.entries.values()].map(keyText).toSorted());
  }
  /** A map with plain names as keys. */
  static of(fields: readonly (readonly [string, Value])[]): MapValue {
    const map = new MapValue();
    for (const [key, value] of fields) map.set(key, value);
    return map;
  }
}

/** A set in the order its elements came. */
export class SetValue extends GroovyObject {
  readonly javaClass: string;
  readonly members = new Map<Key, Value>();
  isImmutable = false;
  constructor(items: Iterable<Value> = [], javaClass = "java.util.LinkedHashSet") {
    super();
    this.javaClass = javaClass;
    for (const item of items) this.add(item);
  }
  get size(): number {
    return this.members.size;
  }
  has(value: Value): boolean {
    return this.members.has(keyOf(value));
  }
  add(value: Value): boolean {
    const key = keyOf(value);
    if (this.members.has(key)) return false;
    this.members.set(key, value);
    return true;
  }
  delete(value: Value): boolean {
    return this.members.delete(keyOf(value));
  }
  override key(): Key {
    return joinKeys("\u0000<", [...this.members.values()].map(keyText).toSorted());
  }
}

/** `from..to` over ints, longs, characters or strings; `from` and `to` are as written, both included. */
export class RangeValue extends GroovyObject {
  readonly javaClass: string;
  readonly from: Value;
  readonly to: Value;
  readonly isReverse: boolean;
  /** The elements, from the first written to the last. */
  readonly items: readonly Value[];
  constructor(from: Value, to: Value, isReverse: boolean, items: readonly Value[]) {
    super();
    this.from = from;
    this.to = to;
    this.isReverse = isReverse;
    this.items = items;
    this.javaClass = typeof from === "number" ? "groovy.lang.IntRange" : "groovy.lang.ObjectRange";
  }
  override key(): Key {
    return joinKeys("\u0000[", this.items.map(keyText));
  }
}

/** Walks over values one by one: `iterator()`, `entrySet().iterator()`. */
export class IteratorValue extends GroovyObject {
  readonly javaClass = "java.util.Iterator";
  readonly items: readonly Value[];
  readonly removeItem: ((item: Value) => void) | null;
  next = 0;
  constructor(items: readonly Value[], removeItem: ((item: Value) => void) | null = null) {
    super();
    this.items = items;
    this.removeItem = removeItem;
  }
}

// --------------------------------------------------------------------- code

/** A parameter as callers see it. */
export interface ParameterShape {
  readonly name: string;
  /** The type as written, or `Object`. */
  readonly type: string;
  readonly hasDefault: boolean;
  readonly isVarargs: boolean;
}

/** What a closure does; made by the compiler, or by methods such as `curry`. Never a value itself. */
export interface ClosureCode {
  /** Without an arrow: one optional `it`. */
  readonly parameters: readonly ParameterShape[];
  call(closure: ClosureValue, args: readonly Value[]): Eventual;
  /** What code of our own keeps alive beyond what the closure captured: the bound arguments, the remembered results. */
  holds?(): Iterable<Value>;
}

/** `Closure.OWNER_FIRST` and its fellows. */
export const OWNER_FIRST = 0;
export const DELEGATE_FIRST = 1;
export const OWNER_ONLY = 2;
export const DELEGATE_ONLY = 3;
export const TO_SELF = 4;

/** A closure with what it captured. */
export class ClosureValue extends GroovyObject {
  readonly javaClass = "org.jenkinsci.plugins.workflow.cps.CpsClosure2";
  readonly code: ClosureCode;
  readonly captured: readonly Ref[];
  readonly owner: Value;
  readonly thisObject: Value;
  delegate: Value;
  resolveStrategy = OWNER_FIRST;
  /** Where it was made, for expressions that are evaluated in its scope later; null for code of our own. */
  readonly scope: object | null;
  constructor(
    code: ClosureCode,
    captured: readonly Ref[],
    owner: Value,
    thisObject: Value,
    scope: object | null,
  ) {
    super();
    this.code = code;
    this.captured = captured;
    this.owner = owner;
    this.delegate = owner;
    this.thisObject = thisObject;
    this.scope = scope;
  }
}

/** A class by name: one of the script's own, or one of those we know. */
export class ClassRef extends GroovyObject {
  readonly javaClass = "java.lang.Class";
  /** The full name; `int`, `java.lang.String[]`. */
  readonly name: string;
  constructor(name: string) {
    super();
    this.name = name;
  }
  override key(): Key {
    return `\u0000K${this.name}`;
  }
}

const NO_PROPERTIES: ReadonlyMap<string, Value> = new Map();

/** An exception of a class we know. One of the script's own classes is an `Instance` that carries one of these. */
export class ExceptionValue extends GroovyObject {
  readonly javaClass: string;
  message: string | null;
  cause: Value;
  readonly suppressed: Value[] = [];
  /** Further properties: `result` and `causes` of an interruption. */
  readonly properties: ReadonlyMap<string, Value>;
  constructor(
    javaClass: string,
    message: string | null,
    cause: Value = null,
    properties: ReadonlyMap<string, Value> = NO_PROPERTIES,
  ) {
    super();
    this.javaClass = javaClass;
    this.message = message;
    this.cause = cause;
    this.properties = properties;
  }
}

/** A point in time, in milliseconds since 1970. */
export class DateValue extends GroovyObject {
  readonly javaClass = "java.util.Date";
  timeMs: number;
  constructor(timeMs: number) {
    super();
    this.timeMs = timeMs;
  }
  override key(): Key {
    return `\u0000T${this.timeMs}`;
  }
}
