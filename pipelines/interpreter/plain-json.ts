import { sequenceOf } from "./comparing.ts";
import type { Evaluator } from "./evaluator.ts";
import { isNumber, toDouble } from "./numbers.ts";
import { EntryValue, GStringValue, IteratorValue, MapValue, SetValue, type Value } from "./values.ts";

/** JavaScript data made of nothing but what JSON has. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** How deep it looks into a value: one that contains itself ends there. */
const MAX_DEPTH = 60;

/** A value as JSON for people and scripts outside: numbers as numbers, sets as arrays, what has no form as its text. */
export function plainJson(evaluator: Evaluator, value: Value, depth = 0): Json {
  if (value === null || typeof value !== "object") return value;
  if (depth > MAX_DEPTH) return "…";
  if (isNumber(value)) {
    const number = toDouble(value);
    return Number.isFinite(number) ? number : evaluator.textOf(value);
  }
  if (value instanceof GStringValue) return evaluator.textOf(value);
  if (value instanceof MapValue) return objectOf(evaluator, [...value.entries.values()], depth);
  if (value instanceof EntryValue) return objectOf(evaluator, [value], depth);
  const items =
    sequenceOf(value) ??
    (value instanceof SetValue ? [...value.members.values()] : undefined) ??
    (value instanceof IteratorValue ? value.items.slice(value.next) : undefined);
  if (items !== undefined) return items.map((item) => plainJson(evaluator, item, depth + 1));
  return evaluator.textOf(value);
}

function objectOf(evaluator: Evaluator, entries: readonly EntryValue[], depth: number): Json {
  return Object.fromEntries(
    entries.map((entry) => [evaluator.textOf(entry.entryKey), plainJson(evaluator, entry.value, depth + 1)]),
  );
}
