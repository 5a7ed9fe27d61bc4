import { Instance } from "../classes.ts";
import { sequenceOf } from "../comparing.ts";
import { LibraryValue } from "../library.ts";
import type { Runtime } from "../runtime.ts";
import {
  CharValue,
  ClassRef,
  GStringValue,
  IteratorValue,
  ListValue,
  MapValue,
  MatcherValue,
  SetValue,
  StringBuilderValue,
  type Value,
} from "../values.ts";
import { allMatches, matchValue } from "./matching.ts";

/** What `for`, `each` and spreading walk over: the elements of a collection, the characters of a string, or just the value. */
export function elementsOf(run: Runtime, value: Value): readonly Value[] {
  if (value === null) return [];
  if (value instanceof ListValue) return value.items;
  const items = sequenceOf(value);
  if (items !== undefined) return items;
  if (value instanceof SetValue) return [...value.members.values()];
  if (value instanceof MapValue) return [...value.entries.values()];
  if (typeof value === "string") return charactersOf(run, value);
  if (value instanceof GStringValue || value instanceof StringBuilderValue)
    return charactersOf(run, run.text(value));
  if (value instanceof IteratorValue) return rest(value);
  if (value instanceof MatcherValue) {
    return allMatches(run, value).map((groups) => matchValue(value.text, groups));
  }
  if (value instanceof LibraryValue) return value.elements() ?? [value];
  if (value instanceof Instance) return instanceElements(run, value);
  if (value instanceof ClassRef) return enumElements(run, value);
  return value instanceof CharValue ? [value] : [value];
}

/** The characters of a text as strings. */
export function charactersOf(run: Runtime, text: string): string[] {
  run.meter.collection(text.length);
  run.meter.allocate(text.length * 8);
  return text.split("");
}

function rest(iterator: IteratorValue): readonly Value[] {
  const items = iterator.items.slice(iterator.next);
  iterator.next = iterator.items.length;
  return items;
}

function enumElements(run: Runtime, value: ClassRef): readonly Value[] {
  const definition = run.classes.get(value.name);
  if (definition?.form !== "enum") return [value];
  definition.begin();
  return definition.constants;
}

/** An object of the script's own with an `iterator()` is walked through; its `hasNext()` and `next()` must not wait. */
function instanceElements(run: Runtime, value: Instance): readonly Value[] {
  const own = value.definition.find("iterator").find((method) => method.parameters.length === 0);
  const hasNext = value.definition.find("hasNext").length > 0;
  if (own === undefined && !hasNext) return [value];
  const iterator = own === undefined ? value : run.now(run.invoke(own, value, []));
  if (!(iterator instanceof Instance)) return elementsOf(run, iterator);
  const items: Value[] = [];
  while (run.isTrue(run.now(run.callMethod(iterator, "hasNext", [])))) {
    run.meter.collection(items.length + 1);
    items.push(run.now(run.callMethod(iterator, "next", [])));
  }
  return items;
}
