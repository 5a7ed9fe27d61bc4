import { ClassDefinition, Instance, ScriptObject, SuperValue } from "./classes.ts";
import { ClosureScope } from "./compile/scope.ts";
import { Frame } from "./frame.ts";
import {
  BigDecimalValue,
  BigIntegerValue,
  BytesValue,
  ClosureValue,
  EntryValue,
  ExceptionValue,
  GroovyObject,
  GStringValue,
  IteratorValue,
  ListValue,
  MapValue,
  MatcherValue,
  RangeValue,
  Ref,
  SetValue,
  StringBuilderValue,
  type Value,
} from "./values.ts";

/** Bytes reckoned for an object apart from what it holds, as V8 lays it out, rounded up. */
const OBJECT_BYTES = 80;
/** A JavaScript Map with nothing in it, and what each entry of it takes. */
const TABLE_BYTES = 250;
const TABLE_ENTRY_BYTES = 56;

let rounds = 0;

/** What the script holds, as far as it was found. */
type Found = { bytes: number; readonly round: number; readonly waiting: (GroovyObject | Ref | Frame)[] };

/**
 * How many bytes the values behind `roots` take, by our own reckoning, which is the same on every machine. Stops
 * counting a little above `limit`. What was seen is marked with the number of the round: a set of all values would take
 * as much memory as they do.
 */
export function measure(roots: Iterable<unknown>, limit: number): number {
  rounds += 1;
  const found: Found = { bytes: 0, round: rounds, waiting: [] };
  for (const root of roots) {
    if (root instanceof ClassDefinition) definition(found, root);
    else if (root instanceof GroovyObject || root instanceof Frame) object(found, root);
  }
  while (found.bytes <= limit) {
    const next = found.waiting.pop();
    if (next === undefined) break;
    if (next instanceof Ref) value(found, next.value);
    else if (next instanceof Frame) frame(found, next);
    else parts(found, next);
  }
  return found.bytes;
}

function object(found: Found, what: GroovyObject | Ref | Frame): void {
  if (what.seenIn === found.round) return;
  what.seenIn = found.round;
  found.bytes += OBJECT_BYTES;
  found.waiting.push(what);
}

function value(found: Found, what: Value): void {
  if (typeof what === "string") found.bytes += what.length + 24;
  else if (what instanceof GroovyObject) object(found, what);
}

function values(found: Found, all: Iterable<Value>): void {
  for (const each of all) value(found, each);
}

function frame(found: Found, what: Frame): void {
  found.bytes += (what.refs.length + what.captured.length) * 8;
  for (const ref of what.refs) if (ref !== undefined) object(found, ref);
  for (const ref of what.captured) object(found, ref);
  value(found, what.self);
  value(found, what.closure);
  value(found, what.result);
}

function table(found: Found, size: number): void {
  found.bytes += TABLE_BYTES + size * TABLE_ENTRY_BYTES;
}

function definition(found: Found, what: ClassDefinition): void {
  for (const ref of what.statics.values()) object(found, ref);
  values(found, what.constants);
}

function parts(found: Found, what: GroovyObject): void {
  if (what instanceof ListValue || what instanceof RangeValue || what instanceof IteratorValue) {
    found.bytes += 48 + what.items.length * 8;
    values(found, what.items);
  } else if (what instanceof MapValue) {
    table(found, what.size);
    for (const [key, entry] of what.entries) {
      if (typeof key === "string" && key !== entry.entryKey) found.bytes += key.length + 24;
      object(found, entry);
    }
    value(found, what.defaultValue);
  } else if (what instanceof SetValue) {
    table(found, what.size);
    for (const [key, member] of what.members) {
      if (typeof key === "string" && key !== member) found.bytes += key.length + 24;
      value(found, member);
    }
  } else if (what instanceof EntryValue) values(found, [what.entryKey, what.value]);
  else if (what instanceof GStringValue) values(found, what.values);
  else if (what instanceof ClosureValue) closure(found, what);
  else if (what instanceof Instance) instance(found, what);
  else rare(found, what);
}

function closure(found: Found, what: ClosureValue): void {
  found.bytes += 64 + what.captured.length * 8;
  for (const ref of what.captured) object(found, ref);
  values(found, [what.owner, what.delegate, what.thisObject, ...(what.code.holds?.() ?? [])]);
  if (what.scope instanceof ClosureScope) object(found, what.scope.frame);
}

function instance(found: Found, what: Instance): void {
  table(found, what.fields.size);
  values(found, what.fields.values());
  values(found, [what.exception, what.outer]);
  if (what.outerFrame !== null) object(found, what.outerFrame);
}

function rare(found: Found, what: GroovyObject): void {
  if (what instanceof BytesValue) found.bytes += 120 + what.bytes.length;
  else if (what instanceof StringBuilderValue) found.bytes += what.text.length;
  else if (what instanceof MatcherValue) found.bytes += what.text.length;
  else if (what instanceof BigIntegerValue) found.bytes += what.value.toString(16).length;
  else if (what instanceof BigDecimalValue) found.bytes += what.unscaled.toString(16).length;
  else if (what instanceof ExceptionValue) {
    found.bytes += 64;
    values(found, [what.message, what.cause, ...what.suppressed, ...what.properties.values()]);
  } else if (what instanceof ScriptObject) {
    table(found, what.binding.size);
    values(found, what.binding.values());
    for (const ref of what.fields.values()) object(found, ref);
  } else if (what instanceof SuperValue) value(found, what.self);
}
