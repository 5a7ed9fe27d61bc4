import { Instance, ScriptObject, SuperValue } from "./classes.ts";
import { formatDate, DATE_TO_STRING } from "./dates/format.ts";
import { HostObject } from "./host.ts";
import { LibraryValue } from "./library.ts";
import { numberText } from "./number-text.ts";
import type { Runtime } from "./runtime.ts";
import {
  BytesValue,
  CharValue,
  ClassRef,
  ClosureValue,
  DateValue,
  EntryValue,
  ExceptionValue,
  GroovyObject,
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
} from "./values.ts";

/** What a value prints as: `toString()` of Groovy. */
export function textOf(run: Runtime, value: Value): string {
  if (typeof value === "string") return value;
  if (!(value instanceof GroovyObject)) return String(value);
  const number = numberText(value);
  if (number !== undefined) {
    // Writing a long number down takes the square of its digits.
    if (number.length > 64) run.meter.tick((number.length * number.length) >> 12);
    return number;
  }
  if (value instanceof CharValue) return value.text;
  if (value instanceof GStringValue) return gstringText(run, value);
  if (value instanceof StringBuilderValue) return value.text;
  return inside(run, () => objectText(run, value, (item) => textOf(run, item)));
}

/** What `inspect()` gives: strings in quotes. */
export function inspectOf(run: Runtime, value: Value): string {
  if (typeof value === "string" || value instanceof GStringValue) return quoted(textOf(run, value));
  if (value instanceof GroovyObject && isContainer(value)) {
    return inside(run, () => objectText(run, value, (item) => inspectOf(run, item)));
  }
  return textOf(run, value);
}

const ESCAPES = new Map([
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\f", "\\f"],
  ["\b", "\\b"],
  ["\\", "\\\\"],
  ["'", "\\'"],
]);

function quoted(text: string): string {
  return `'${text
    .split("")
    .map((char) => ESCAPES.get(char) ?? char)
    .join("")}'`;
}

function isContainer(value: GroovyObject): boolean {
  return (
    value instanceof ListValue ||
    value instanceof MapValue ||
    value instanceof SetValue ||
    value instanceof EntryValue ||
    value instanceof RangeValue
  );
}

/** Counts the nesting, so that a list in itself or a `toString()` without end stops. */
function inside(run: Runtime, make: () => string): string {
  run.meter.enter();
  try {
    const text = make();
    run.meter.text(text.length);
    return text;
  } finally {
    run.meter.leave();
  }
}

function objectText(run: Runtime, value: GroovyObject, each: (item: Value) => string): string {
  if (value instanceof ListValue) return sequence(run, value, value.items, each);
  if (value instanceof SetValue) return sequence(run, value, [...value.members.values()], each);
  if (value instanceof MapValue) return mapText(run, value, each);
  if (value instanceof EntryValue) return `${each(value.entryKey)}=${each(value.value)}`;
  if (value instanceof RangeValue) return rangeText(run, value, each);
  if (value instanceof BytesValue)
    return `[${[...value.bytes].map((byte) => (byte << 24) >> 24).join(", ")}]`;
  if (value instanceof ExceptionValue) return throwableText(value.javaClass, value.message);
  if (value instanceof DateValue) return formatDate(DATE_TO_STRING, value.timeMs, run.timeZone);
  if (value instanceof PatternValue) return value.source;
  if (value instanceof MatcherValue) return matcherText(value);
  if (value instanceof ClassRef) return classText(run, value);
  if (value instanceof HostObject) return value.toText();
  if (value instanceof LibraryValue) return value.toText(run);
  if (value instanceof Instance) return instanceText(run, value);
  if (value instanceof SuperValue) return plainIdentity(run, value.self, value.javaClass);
  if (value instanceof ClosureValue)
    return `WorkflowScript$_run_closure1@${run.identity(value).toString(16)}`;
  if (value instanceof IteratorValue || value instanceof ScriptObject)
    return plainIdentity(run, value, value.javaClass);
  return plainIdentity(run, value, value.javaClass);
}

function plainIdentity(run: Runtime, value: Value, name: string): string {
  return `${name}@${value instanceof GroovyObject ? run.identity(value).toString(16) : "0"}`;
}

function sequence(
  run: Runtime,
  self: GroovyObject,
  items: readonly Value[],
  each: (item: Value) => string,
): string {
  let length = 2;
  const parts: string[] = [];
  for (const item of items) {
    const part = item === self ? "(this Collection)" : each(item);
    length += part.length + 2;
    if (length > run.meter.limits.stringLength) run.meter.text(length);
    parts.push(part);
  }
  return `[${parts.join(", ")}]`;
}

function mapText(run: Runtime, map: MapValue, each: (item: Value) => string): string {
  if (map.size === 0) return "[:]";
  let length = 2;
  const parts: string[] = [];
  for (const entry of map.entries.values()) {
    const part = `${each(entry.entryKey)}:${entry.value === map ? "(this Map)" : each(entry.value)}`;
    length += part.length + 2;
    if (length > run.meter.limits.stringLength) run.meter.text(length);
    parts.push(part);
  }
  return `[${parts.join(", ")}]`;
}

function rangeText(run: Runtime, range: RangeValue, each: (item: Value) => string): string {
  if (typeof range.from === "number") return `[${range.items.map((item) => each(item)).join(", ")}]`;
  return sequence(run, range, range.items, each);
}

/** `class: message`, as exceptions print. */
export function throwableText(name: string, message: string | null): string {
  return message === null ? name : `${name}: ${message}`;
}

function matcherText(matcher: MatcherValue): string {
  const last = matcher.current?.[0];
  const text = last === undefined ? "" : matcher.text.slice(last.start, last.end);
  return `java.util.regex.Matcher[pattern=${matcher.pattern.source} region=0,${matcher.text.length} lastmatch=${text}]`;
}

const INTERFACES = new Set([
  "java.util.List",
  "java.util.Map",
  "java.util.Set",
  "java.util.Collection",
  "java.lang.CharSequence",
  "java.lang.Comparable",
  "java.lang.Runnable",
  "java.lang.Iterable",
]);

function classText(run: Runtime, ref: ClassRef): string {
  const definition = run.classes.get(ref.name);
  if (definition?.form === "interface" || INTERFACES.has(ref.name)) return `interface ${ref.name}`;
  return /^[a-z]+$/.test(ref.name) ? ref.name : `class ${ref.name}`;
}

function instanceText(run: Runtime, value: Instance): string {
  const own = value.definition.find("toString").find((method) => method.parameters.length === 0);
  if (own !== undefined) return textOf(run, run.now(run.invoke(own, value, [])));
  if (value.constant !== null) return value.constant.name;
  if (value.exception !== null) return throwableText(value.javaClass, messageOf(run, value));
  if (value.definition.has("ToString")) {
    const fields = value.definition
      .allFields()
      .map((field) => textOf(run, value.fields.get(field.name) ?? null));
    return `${value.javaClass}(${fields.join(", ")})`;
  }
  return plainIdentity(run, value, value.javaClass);
}

/** The message of an exception class's instance, also when it overrides `getMessage()`. */
export function messageOf(run: Runtime, value: Instance): string | null {
  const own = value.definition.find("getMessage").find((method) => method.parameters.length === 0);
  if (own === undefined) return value.exception?.message ?? null;
  const message = run.now(run.invoke(own, value, []));
  return message === null ? null : textOf(run, message);
}

/** A GString's text; closures in it are called now. */
export function gstringText(run: Runtime, value: GStringValue): string {
  let text = value.strings[0] ?? "";
  for (let i = 0; i < value.values.length; i += 1) {
    const item = value.values[i] ?? null;
    text += item instanceof ClosureValue ? lazyText(run, item) : textOf(run, item);
    text += value.strings[i + 1] ?? "";
    run.meter.text(text.length);
  }
  return text;
}

function lazyText(run: Runtime, closure: ClosureValue): string {
  if (closure.code.parameters.length === 0) return textOf(run, run.now(run.call(closure, [])));
  const writer = new StringBuilderValue("", "java.io.StringWriter");
  run.now(run.call(closure, [writer]));
  return writer.text;
}
