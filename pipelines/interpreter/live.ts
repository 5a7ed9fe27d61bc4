import { ClassDefinition, Instance, ScriptObject, SuperValue } from "./classes.ts";
import { ClosureScope } from "./compile/scope.ts";
import { Frame } from "./frame.ts";
import {
  BigIntegerValue,
  BytesValue,
  ClosureValue,
  EntryValue,
  ExceptionValue,
  GStringValue,
  IteratorValue,
  ListValue,
  MapValue,
  MatcherValue,
  RangeValue,
  Ref,
  SetValue,
  StringBuilderValue,
} from "./values.ts";

/** Bytes reckoned for an object apart from what it holds. */
const OBJECT_BYTES = 48;

/**
 * How many bytes the values behind `roots` take, by our own reckoning, which is the same on every machine. Stops
 * counting a little above `limit`.
 */
export function measure(roots: Iterable<unknown>, limit: number): number {
  const seen = new Set<object>();
  const waiting: unknown[] = [...roots];
  let bytes = 0;
  while (waiting.length > 0 && bytes <= limit) {
    const value = waiting.pop();
    if (typeof value === "string") bytes += value.length + 16;
    else if (typeof value === "object" && value !== null && !seen.has(value)) {
      seen.add(value);
      bytes += OBJECT_BYTES + ownBytes(value);
      for (const part of partsOf(value)) waiting.push(part);
    }
  }
  return bytes;
}

function ownBytes(value: object): number {
  if (value instanceof ListValue) return value.items.length * 8;
  if (value instanceof RangeValue) return value.items.length * 8;
  if (value instanceof MapValue) return value.size * 130;
  if (value instanceof SetValue) return value.size * 100;
  if (value instanceof BytesValue) return value.bytes.length;
  if (value instanceof StringBuilderValue) return value.text.length;
  if (value instanceof MatcherValue) return value.text.length;
  return value instanceof BigIntegerValue ? value.value.toString(16).length : 0;
}

function partsOf(value: object): Iterable<unknown> {
  if (value instanceof Ref) return [value.value];
  if (value instanceof ListValue || value instanceof RangeValue || value instanceof IteratorValue)
    return value.items;
  if (value instanceof MapValue) return [...value.entries.values(), value.defaultValue];
  if (value instanceof SetValue) return value.members.values();
  if (value instanceof EntryValue) return [value.entryKey, value.value];
  if (value instanceof GStringValue) return value.values;
  if (value instanceof ClosureValue) {
    const around = value.scope instanceof ClosureScope ? value.scope.frame : null;
    return [...value.captured, value.owner, value.delegate, value.thisObject, around];
  }
  if (value instanceof Instance)
    return [...value.fields.values(), value.exception, value.outer, value.outerFrame];
  if (value instanceof ExceptionValue) return [value.message, value.cause, ...value.properties.values()];
  if (value instanceof Frame)
    return [...value.refs, ...value.captured, value.self, value.closure, value.result];
  if (value instanceof ScriptObject) return [...value.binding.values(), ...value.fields.values()];
  if (value instanceof ClassDefinition) return [...value.statics.values(), ...value.constants];
  if (value instanceof SuperValue) return [value.self];
  return [];
}
