import { isFlow, type Flow } from "../flow.ts";
import { numberOf } from "../numbers.ts";
import { operate } from "../operators.ts";
import type { Runtime } from "../runtime.ts";
import { exception } from "../thrown.ts";
import {
  ClosureValue,
  EntryValue,
  GStringValue,
  ListValue,
  MapValue,
  SetValue,
  type Value,
} from "../values.ts";
import { type Method, type MethodTable, table } from "./table.ts";
import { elementsOf } from "./walk.ts";

/** Something that is walked through: the value and its elements. */
export interface Walk {
  readonly self: Value;
  readonly items: readonly Value[];
}

/** Calls a closure with an element; one of two parameters gets key and value of a map's entry apart. */
export function* applied(run: Runtime, closure: Value, item: Value): Flow<Value> {
  const result = run.call(closure, itemArguments(closure, item));
  return isFlow(result) ? yield* result : result;
}

function itemArguments(closure: Value, item: Value): readonly Value[] {
  const isPair =
    item instanceof EntryValue && closure instanceof ClosureValue && closure.code.parameters.length === 2;
  return isPair ? [item.entryKey, item.value] : [item];
}

/** As `applied`, at once when nothing waits. */
function apply(run: Runtime, closure: Value, item: Value): ReturnType<Runtime["call"]> {
  run.meter.tick();
  return run.call(closure, itemArguments(closure, item));
}

/** Does an element pass? Without a closure, is it true? */
function test(run: Runtime, condition: Value | undefined, item: Value): ReturnType<Runtime["call"]> {
  if (condition === undefined) return item;
  if (condition instanceof ClosureValue) return apply(run, condition, item);
  run.meter.tick();
  return run.isCase(condition, item);
}

/** What a filter of the same kind of collection gives. */
function like(run: Runtime, self: Value, items: readonly Value[]): Value {
  if (self instanceof SetValue) return new SetValue(items, self.javaClass);
  if (self instanceof MapValue) return mapOf(items);
  return run.list(items);
}

/** A part of a string is a string. */
function sameKind(run: Runtime, self: Value, items: readonly Value[]): Value {
  if (typeof self === "string" || self instanceof GStringValue)
    return items.map((item) => run.text(item)).join("");
  return like(run, self, items);
}

/** A map of entries. */
export function mapOf(items: readonly Value[]): MapValue {
  const map = new MapValue();
  for (const item of items) if (item instanceof EntryValue) map.set(item.entryKey, item.value);
  return map;
}

function indexed(run: Runtime, closure: Value, item: Value, index: number): ReturnType<Runtime["call"]> {
  run.meter.tick();
  const isTriple =
    item instanceof EntryValue && closure instanceof ClosureValue && closure.code.parameters.length === 3;
  return run.call(closure, isTriple ? [item.entryKey, item.value, index] : [item, index]);
}

function* filter(run: Runtime, walk: Walk, condition: Value | undefined, keeps: boolean): Flow<Value> {
  const kept: Value[] = [];
  for (const item of walk.items) {
    const result = test(run, condition, item);
    if (run.isTrue(isFlow(result) ? yield* result : result) === keeps) kept.push(item);
  }
  return like(run, walk.self, kept);
}

function* findWhere(run: Runtime, walk: Walk, condition: Value | undefined): Flow<Value> {
  for (const item of walk.items) {
    const result = test(run, condition, item);
    if (run.isTrue(isFlow(result) ? yield* result : result)) return item;
  }
  return null;
}

function* indexWhere(
  run: Runtime,
  items: readonly Value[],
  condition: Value | undefined,
  from: number,
): Flow<Value> {
  for (let i = Math.max(0, from < 0 ? items.length + from : from); i < items.length; i += 1) {
    const result = test(run, condition, items[i] ?? null);
    if (run.isTrue(isFlow(result) ? yield* result : result)) return i;
  }
  return -1;
}

function* collected(
  run: Runtime,
  items: readonly Value[],
  closure: Value | undefined,
  into: Value,
): Flow<Value> {
  const results: Value[] = [];
  for (const item of items) {
    if (closure === undefined) results.push(item);
    else {
      const result = apply(run, closure, item);
      results.push(isFlow(result) ? yield* result : result);
    }
  }
  run.meter.allocate(results.length * 16);
  if (into instanceof ListValue) into.items.push(...results);
  else if (into instanceof SetValue) for (const each of results) into.add(each);
  else return run.list(results);
  return into;
}

function* nested(run: Runtime, items: readonly Value[], closure: Value): Flow<Value> {
  const results: Value[] = [];
  run.meter.enter();
  for (const item of items) {
    if (item instanceof ListValue) results.push(yield* nested(run, item.items, closure));
    else {
      const result = apply(run, closure, item);
      results.push(isFlow(result) ? yield* result : result);
    }
  }
  run.meter.leave();
  return run.list(results);
}

/** Sorts by comparisons that may call code of the script: a merge sort, whose comparisons are the same in every run. */
export function* sorted(
  run: Runtime,
  items: readonly Value[],
  compare: (a: Value, b: Value) => Flow<number>,
): Flow<Value[]> {
  if (items.length < 2) return [...items];
  const middle = items.length >> 1;
  const left = yield* sorted(run, items.slice(0, middle), compare);
  const right = yield* sorted(run, items.slice(middle), compare);
  const merged: Value[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    run.meter.tick();
    const a = left[i] ?? null;
    const b = right[j] ?? null;
    if ((yield* compare(a, b)) <= 0) {
      merged.push(a);
      i += 1;
    } else {
      merged.push(b);
      j += 1;
    }
  }
  return [...merged, ...left.slice(i), ...right.slice(j)];
}

// A generator that never waits, for the sake of those that may.
// oxlint-disable-next-line require-yield
function* comparing(run: Runtime, a: Value, b: Value): Flow<number> {
  return run.compare(a, b);
}

/** How a closure, or nothing, orders elements. */
export function orderBy(run: Runtime, closure: Value | undefined): (a: Value, b: Value) => Flow<number> {
  if (closure === undefined || closure === null) {
    return (a, b) => comparing(run, a, b);
  }
  const isComparator = !(closure instanceof ClosureValue) || closure.code.parameters.length === 2;
  if (isComparator) {
    return function* (a, b): Flow<number> {
      const result =
        closure instanceof ClosureValue
          ? run.call(closure, [a, b])
          : run.callMethod(closure, "compare", [a, b]);
      const number = numberOf(isFlow(result) ? yield* result : result);
      return number === undefined ? 0 : run.compare(number, 0);
    };
  }
  return function* (a, b): Flow<number> {
    const left = yield* applied(run, closure, a);
    return run.compare(left, yield* applied(run, closure, b));
  };
}

/** Sorts as a script asks for it; a key closure is called once for each element. */
export function* sortedBy(run: Runtime, items: readonly Value[], closure: Value | undefined): Flow<Value[]> {
  return yield* sorted(run, items, orderBy(run, closure));
}

function* extreme(
  run: Runtime,
  items: readonly Value[],
  closure: Value | undefined,
  sign: 1 | -1,
): Flow<Value> {
  const order = orderBy(run, closure);
  let best: Value = null;
  let isFirst = true;
  for (const item of items) {
    run.meter.tick();
    if (closure === undefined && item === null) continue;
    if (isFirst || (yield* order(item, best)) * sign > 0) best = item;
    isFirst = false;
  }
  return best;
}

function* total(
  run: Runtime,
  items: readonly Value[],
  closure: Value | undefined,
  start: Value | undefined,
): Flow<Value> {
  let sum: Value | undefined = start;
  for (const item of items) {
    run.meter.tick();
    const value = closure instanceof ClosureValue ? yield* applied(run, closure, item) : item;
    if (sum === undefined) sum = value;
    else {
      const next = operate(run, "+", sum, value);
      sum = isFlow(next) ? yield* next : next;
    }
  }
  return sum ?? null;
}

function* grouped(run: Runtime, items: readonly Value[], closure: Value): Flow<Value> {
  const groups = new MapValue();
  for (const item of items) {
    const key = yield* applied(run, closure, item);
    const group = groups.get(key);
    if (item instanceof EntryValue) {
      if (group instanceof MapValue) group.set(item.entryKey, item.value);
      else groups.set(key, mapOf([item]));
    } else if (group instanceof ListValue) group.items.push(item);
    else groups.set(key, new ListValue([item]));
  }
  return groups;
}

function* counted(run: Runtime, items: readonly Value[], closure: Value): Flow<Value> {
  const counts = new MapValue();
  for (const item of items) {
    const key = yield* applied(run, closure, item);
    const count = counts.get(key);
    counts.set(key, typeof count === "number" ? count + 1 : 1);
  }
  return counts;
}

/** Adds what a closure of `collectEntries` gave: an entry, a map, or a pair. */
function addEntry(run: Runtime, map: MapValue, value: Value): void {
  if (value instanceof MapValue)
    for (const each of value.entries.values()) map.set(each.entryKey, each.value);
  else if (value instanceof EntryValue) map.set(value.entryKey, value.value);
  else {
    const [key = null, item = null] = elementsOf(run, value);
    map.set(key, item);
  }
}

const each: Method<Walk> = function* ({ self, items }, [closure = null], run): Flow<Value> {
  for (const item of items) {
    const result = apply(run, closure, item);
    if (isFlow(result)) yield* result;
  }
  return self;
};

const inject: Method<Walk> = function* ({ items }, args, run): Flow<Value> {
  const closure = args.at(-1) ?? null;
  let value: Value = args.length > 1 ? (args[0] ?? null) : (items[0] ?? null);
  for (const item of args.length > 1 ? items : items.slice(1)) {
    run.meter.tick();
    const isTriple =
      item instanceof EntryValue && closure instanceof ClosureValue && closure.code.parameters.length === 3;
    const result = run.call(closure, isTriple ? [value, item.entryKey, item.value] : [value, item]);
    value = isFlow(result) ? yield* result : result;
  }
  return value;
};

/** What can be done with anything that has elements. */
export const iterableMethods: MethodTable<Walk> = table<Walk>({
  each,
  forEach: each,
  inject,
  *eachWithIndex({ self, items }, [closure = null], run): Flow<Value> {
    for (const [index, item] of items.entries()) {
      const result = indexed(run, closure, item, index);
      if (isFlow(result)) yield* result;
    }
    return self;
  },
  *reverseEach({ self, items }, [closure = null], run): Flow<Value> {
    for (const item of items.toReversed()) yield* applied(run, closure, item);
    return self;
  },
  collect({ items }, args, run) {
    const closure = args.at(-1);
    return collected(run, items, closure, args.length > 1 ? (args[0] ?? null) : null);
  },
  *collectNested({ items }, args, run): Flow<Value> {
    const results = yield* nested(run, items, args.at(-1) ?? null);
    const [into] = args;
    if (args.length < 2 || !(into instanceof ListValue)) return results;
    into.items.push(...elementsOf(run, results));
    return into;
  },
  *collectMany({ items }, args, run): Flow<Value> {
    const [into] = args;
    const results = args.length > 1 && into instanceof ListValue ? into : new ListValue();
    for (const item of items) {
      const made = elementsOf(run, yield* applied(run, args.at(-1) ?? null, item));
      run.meter.collection(results.items.length + made.length);
      results.items.push(...made);
    }
    return results;
  },
  *collectEntries({ items }, args, run): Flow<Value> {
    const first = args[0];
    const map = first instanceof MapValue ? first : new MapValue();
    const closure = args.at(-1);
    for (const item of items) {
      run.meter.tick();
      addEntry(run, map, closure instanceof ClosureValue ? yield* applied(run, closure, item) : item);
    }
    return map;
  },
  find: (walk, [condition], run) => findWhere(run, walk, condition),
  findAll: (walk, [condition], run) => filter(run, walk, condition, true),
  grep: ({ items }, [condition], run) => filter(run, { self: null, items }, condition, true),
  findIndexOf: ({ items }, args, run) =>
    indexWhere(run, items, args.at(-1), args.length > 1 && typeof args[0] === "number" ? args[0] : 0),
  *findLastIndexOf({ items }, args, run): Flow<Value> {
    for (let i = items.length - 1; i >= 0; i -= 1) {
      if (run.isTrue(yield* applied(run, args.at(-1) ?? null, items[i] ?? null))) return i;
    }
    return -1;
  },
  *findIndexValues({ items }, args, run): Flow<Value> {
    const found: Value[] = [];
    for (const [index, item] of items.entries()) {
      const from = args.length > 1 && typeof args[0] === "number" ? args[0] : 0;
      if (index >= from && run.isTrue(yield* applied(run, args.at(-1) ?? null, item))) found.push(index);
    }
    return run.list(found);
  },
  *findResult({ items }, args, run): Flow<Value> {
    for (const item of items) {
      const result = yield* applied(run, args.at(-1) ?? null, item);
      if (result !== null) return result;
    }
    return args.length > 1 ? (args[0] ?? null) : null;
  },
  *findResults({ items }, [closure = null], run): Flow<Value> {
    const found: Value[] = [];
    for (const item of items) {
      const result = yield* applied(run, closure, item);
      if (result !== null) found.push(result);
    }
    return run.list(found);
  },
  *any({ items }, [condition], run): Flow<Value> {
    for (const item of items) {
      const result = test(run, condition, item);
      if (run.isTrue(isFlow(result) ? yield* result : result)) return true;
    }
    return false;
  },
  *every({ items }, [condition], run): Flow<Value> {
    for (const item of items) {
      const result = test(run, condition, item);
      if (!run.isTrue(isFlow(result) ? yield* result : result)) return false;
    }
    return true;
  },
  *split(walk, [condition], run): Flow<Value> {
    const yes = yield* filter(run, walk, condition, true);
    return new ListValue([yes, yield* filter(run, walk, condition, false)]);
  },
  sum: ({ items }, args, run) =>
    total(
      run,
      items,
      args.at(-1),
      args.length > 0 && !(args[0] instanceof ClosureValue) ? args[0] : undefined,
    ),
  min: ({ items }, [closure], run) => extreme(run, items, closure, -1),
  max: ({ items }, [closure], run) => extreme(run, items, closure, 1),
  *count({ items }, [wanted = null], run): Flow<Value> {
    let count = 0;
    for (const item of items) {
      run.meter.tick();
      if (
        wanted instanceof ClosureValue
          ? run.isTrue(yield* applied(run, wanted, item))
          : run.equals(item, wanted)
      )
        count += 1;
    }
    return count;
  },
  countBy: ({ items }, [closure = null], run) => counted(run, items, closure),
  groupBy: ({ items }, args, run) => (args.length > 1 ? undefined : grouped(run, items, args[0] ?? null)),
  *indexBy({ items }, [closure = null], run): Flow<Value> {
    const map = new MapValue();
    for (const item of items) map.set(yield* applied(run, closure, item), item);
    return map;
  },
  join({ items }, [separator], run) {
    let length = 0;
    const between = separator === undefined ? "" : run.text(separator);
    const parts: string[] = [];
    for (const item of items) {
      const part = run.text(item);
      length += part.length + between.length;
      if (length > run.meter.limits.stringLength) run.meter.text(length);
      parts.push(part);
    }
    run.meter.text(length);
    return parts.join(between);
  },
  *sort({ items }, args, run): Flow<Value> {
    const closure = args.find((arg) => typeof arg !== "boolean");
    return run.list(yield* sortedBy(run, items, closure));
  },
  *toSorted({ items }, [closure], run): Flow<Value> {
    return run.list(yield* sortedBy(run, items, closure));
  },
  *takeWhile(walk, [condition], run): Flow<Value> {
    const taken: Value[] = [];
    for (const item of walk.items) {
      const result = test(run, condition, item);
      if (!run.isTrue(isFlow(result) ? yield* result : result)) break;
      taken.push(item);
    }
    return sameKind(run, walk.self, taken);
  },
  *dropWhile(walk, [condition], run): Flow<Value> {
    let from = 0;
    for (const item of walk.items) {
      const result = test(run, condition, item);
      if (!run.isTrue(isFlow(result) ? yield* result : result)) break;
      from += 1;
    }
    return sameKind(run, walk.self, walk.items.slice(from));
  },
  toList: ({ items }, _, run) => run.list(items),
  asList: ({ items }, _, run) => run.list(items),
  toSet: ({ items }) => new SetValue(items),
  withIndex: ({ items }, [from], run) =>
    run.list(
      items.map((item, index) => new ListValue([item, index + (typeof from === "number" ? from : 0)])),
    ),
  indexed: ({ items }, [from]) => {
    const map = new MapValue();
    for (const [index, item] of items.entries()) map.set(index + (typeof from === "number" ? from : 0), item);
    return map;
  },
  first: ({ items }) => {
    const [item] = items;
    if (item === undefined)
      throw exception(
        "java.util.NoSuchElementException",
        "Cannot access first() element from an empty Iterable",
      );
    return item;
  },
  last: ({ items }) => {
    const item = items.at(-1);
    if (item === undefined)
      throw exception(
        "java.util.NoSuchElementException",
        "Cannot access last() element from an empty Iterable",
      );
    return item;
  },
});
