import type { Flow } from "../flow.ts";
import type { Runtime } from "../runtime.ts";
import { exception, illegalArgument } from "../thrown.ts";
import { ClosureValue, IteratorValue, ListValue, RangeValue, SetValue, type Value } from "../values.ts";
import { collectionOf } from "../coercion.ts";
import { intOf } from "./arguments.ts";
import { applied, orderBy, sortedBy } from "./iterable.ts";
import { type MethodTable, table } from "./table.ts";
import { elementsOf } from "./walk.ts";

function outOfBounds(index: number, size: number): Error {
  return exception("java.lang.IndexOutOfBoundsException", `Index ${index} out of bounds for length ${size}`);
}

/** Refuses a change of a list that must not change. */
function writable(list: ListValue): void {
  if (list.isImmutable || list.isArray) throw exception("java.lang.UnsupportedOperationException", null);
}

function grow(run: Runtime, list: ListValue, by: number): void {
  writable(list);
  run.meter.collection(list.items.length + by);
  run.meter.allocate(by * 64);
  run.meter.tick(by);
}

/** What `list[index]` gives. */
function at(run: Runtime, list: ListValue, index: Value): Value | undefined {
  const { items } = list;
  const place = intOf(index);
  if (place !== undefined) {
    const from = place < 0 ? items.length + place : place;
    if (from < 0 || (list.isArray && from >= items.length)) {
      if (place >= 0)
        throw exception(
          "java.lang.ArrayIndexOutOfBoundsException",
          `Index ${place} out of bounds for length ${items.length}`,
        );
      throw exception(
        "java.lang.ArrayIndexOutOfBoundsException",
        `Negative array index [${place}] too large for array size ${items.length}`,
      );
    }
    return items[from] ?? null;
  }
  if (index instanceof RangeValue) return run.list(rangeOf(items, index));
  if (index instanceof ListValue) return run.list(index.items.flatMap((each) => manyAt(run, list, each)));
  return undefined;
}

/** The elements for one of several indices: a range among them gives all of its own. */
function manyAt(run: Runtime, list: ListValue, index: Value): readonly Value[] {
  const found = at(run, list, index) ?? null;
  return found instanceof ListValue && (index instanceof RangeValue || index instanceof ListValue)
    ? found.items
    : [found];
}

function rangeOf(items: readonly Value[], range: RangeValue): readonly Value[] {
  if (range.items.length === 0 || typeof range.from !== "number" || typeof range.to !== "number") return [];
  const from = range.from < 0 ? range.from + items.length : range.from;
  const to = range.to < 0 ? range.to + items.length : range.to;
  const [low, high] = from <= to ? [from, to] : [to, from];
  if (low < 0 || high >= items.length) throw outOfBounds(high, items.length);
  const part = items.slice(low, high + 1);
  return from <= to ? part : part.toReversed();
}

function put(run: Runtime, list: ListValue, index: Value, value: Value): Value | undefined {
  if (list.isImmutable) throw exception("java.lang.UnsupportedOperationException", null);
  if (index instanceof RangeValue || index instanceof ListValue) return putMany(run, list, index, value);
  const place = intOf(index);
  if (place === undefined) return undefined;
  const to = place < 0 ? list.items.length + place : place;
  if (to < 0)
    throw exception(
      "java.lang.ArrayIndexOutOfBoundsException",
      `Negative array index [${place}] too large for array size ${list.items.length}`,
    );
  if (list.isArray) {
    if (to >= list.items.length)
      throw exception(
        "java.lang.ArrayIndexOutOfBoundsException",
        `Index ${to} out of bounds for length ${list.items.length}`,
      );
    list.items[to] = run.cast(value, list.javaClass.slice(0, -2));
    return null;
  }
  if (to >= list.items.length) {
    grow(run, list, to - list.items.length + 1);
    while (list.items.length < to) list.items.push(null);
  }
  list.items[to] = value;
  return null;
}

function putMany(run: Runtime, list: ListValue, index: RangeValue | ListValue, value: Value): Value {
  const values = value instanceof ListValue ? value.items : [value];
  if (index instanceof RangeValue) {
    const first = intOf(index.from) ?? 0;
    const from = first < 0 ? first + list.items.length : first;
    grow(run, list, values.length);
    list.items.splice(from, index.items.length, ...values);
    return null;
  }
  for (const [i, each] of index.items.entries()) put(run, list, each, values[i] ?? null);
  return null;
}

function without(run: Runtime, items: readonly Value[], unwanted: readonly Value[]): Value[] {
  run.meter.tick((items.length + unwanted.length) >> 1);
  const keys = new SetValue(unwanted);
  return items.filter((item) => {
    if (keys.has(item)) return false;
    run.meter.tick(1 + (unwanted.length >> 3));
    return !unwanted.some((each) => run.equals(item, each));
  });
}

function indexOf(run: Runtime, items: readonly Value[], wanted: Value): number {
  return items.findIndex((item) => {
    run.meter.tick();
    return run.equals(item, wanted);
  });
}

function flattened(run: Runtime, items: readonly Value[], into: Value[]): Value[] {
  run.meter.enter();
  for (const item of items) {
    run.meter.tick();
    if (item instanceof ListValue || item instanceof SetValue || item instanceof RangeValue) {
      flattened(run, elementsOf(run, item), into);
    } else into.push(item);
    run.meter.collection(into.length);
  }
  run.meter.leave();
  return into;
}

function unwanted(run: Runtime, value: Value): readonly Value[] {
  return value instanceof ListValue || value instanceof SetValue || value instanceof RangeValue
    ? elementsOf(run, value)
    : [value];
}

function* unique(run: Runtime, items: readonly Value[], closure: Value | undefined): Flow<Value[]> {
  const kept: Value[] = [];
  if (closure === undefined || closure === null) {
    const seen = new SetValue();
    for (const item of items) {
      run.meter.tick();
      if (seen.has(item) || kept.some((each) => typeof item === "object" && run.equals(each, item))) continue;
      seen.add(item);
      kept.push(item);
    }
    return kept;
  }
  const order = orderBy(run, closure);
  for (const item of items) {
    let isNew = true;
    for (const each of kept) {
      if ((yield* order(each, item)) === 0) {
        isNew = false;
        break;
      }
    }
    if (isNew) kept.push(item);
  }
  return kept;
}

function combinations(run: Runtime, lists: readonly (readonly Value[])[]): Value[] {
  let result: Value[][] = [[]];
  for (const items of lists) {
    run.meter.collection(result.length * items.length);
    run.meter.tick(result.length * items.length * 6);
    run.meter.allocate(result.length * items.length * 16);
    result = items.flatMap((item) => result.map((each) => [...each, item]));
  }
  return result.map((each) => new ListValue(each));
}

function permutations(run: Runtime, items: readonly Value[]): Value[][] {
  if (items.length === 0) return [[]];
  const result: Value[][] = [];
  for (const [i, item] of items.entries()) {
    for (const rest of permutations(run, [...items.slice(0, i), ...items.slice(i + 1)])) {
      run.meter.tick(items.length * 2 + 6);
      run.meter.collection(result.length);
      result.push([item, ...rest]);
    }
  }
  return result;
}

function* removeWhere(run: Runtime, list: ListValue, condition: Value, removes: boolean): Flow<Value> {
  writable(list);
  const kept: Value[] = [];
  for (const item of list.items) {
    if (run.isTrue(yield* applied(run, condition, item)) !== removes) kept.push(item);
  }
  const isChanged = kept.length !== list.items.length;
  list.items = kept;
  return isChanged;
}

/** A copy of the same kind of list. */
function copy(run: Runtime, self: ListValue, items: readonly Value[]): Value {
  if (self.isArray) return new ListValue([...items], self.javaClass);
  return self.javaClass === "java.util.ArrayList" || self.isImmutable
    ? run.list(items)
    : collectionOf(items, self.javaClass);
}

function takenFrom(self: ListValue, run: Runtime, from: number, to: number): Value {
  return copy(run, self, self.items.slice(Math.max(0, from), Math.max(0, to)));
}

function notEmpty(self: ListValue, method: string): void {
  if (self.items.length === 0)
    throw exception("java.util.NoSuchElementException", `Cannot ${method}() an empty List`);
}

/** The methods of lists and arrays. */
export const listMethods: MethodTable<ListValue> = table<ListValue>({
  size: ({ items }) => items.length,
  isEmpty: ({ items }) => items.length === 0,
  getLength: (self) => (self.isArray ? self.items.length : undefined),
  get: ({ items }, [index]) => {
    const place = intOf(index);
    if (place === undefined) return undefined;
    if (place < 0 || place >= items.length) throw outOfBounds(place, items.length);
    return items[place] ?? null;
  },
  getAt: (self, [index = null], run) => at(run, self, index),
  putAt: (self, [index = null, value = null], run) => put(run, self, index, value),
  set: (self, [index, value = null]) => {
    const place = intOf(index) ?? -1;
    if (self.isImmutable) throw exception("java.lang.UnsupportedOperationException", null);
    if (place < 0 || place >= self.items.length) throw outOfBounds(place, self.items.length);
    const old = self.items[place] ?? null;
    self.items[place] = value;
    return old;
  },
  add: (self, args, run) => {
    const [first = null, second] = args;
    grow(run, self, 1);
    if (second === undefined) {
      self.items.push(first);
      return true;
    }
    const place = intOf(first) ?? 0;
    if (place < 0 || place > self.items.length) throw outOfBounds(place, self.items.length);
    self.items.splice(place, 0, second);
    return null;
  },
  addAll: (self, args, run) => {
    const items = elementsOf(run, args.at(-1) ?? null);
    const place = args.length > 1 ? (intOf(args[0]) ?? 0) : self.items.length;
    grow(run, self, items.length);
    if (items.length < 10_000) self.items.splice(place, 0, ...items);
    else self.items = [...self.items.slice(0, place), ...items, ...self.items.slice(place)];
    return items.length > 0;
  },
  leftShift: (self, [item = null], run) => {
    grow(run, self, 1);
    self.items.push(item);
    return self;
  },
  push: (self, [item = null], run) => {
    grow(run, self, 1);
    if (self.javaClass === "java.util.ArrayDeque" || self.javaClass === "java.util.LinkedList")
      self.items.unshift(item);
    else self.items.push(item);
    return true;
  },
  addFirst: (self, [item = null], run) => {
    grow(run, self, 1);
    self.items.unshift(item);
    return null;
  },
  addLast: (self, [item = null], run) => {
    grow(run, self, 1);
    self.items.push(item);
    return null;
  },
  offer: (self, [item = null], run) => {
    grow(run, self, 1);
    self.items.push(item);
    return true;
  },
  pop: (self) => {
    writable(self);
    notEmpty(self, "pop");
    const isQueue = self.javaClass === "java.util.ArrayDeque" || self.javaClass === "java.util.LinkedList";
    return (isQueue ? self.items.shift() : self.items.pop()) ?? null;
  },
  poll: (self) => self.items.shift() ?? null,
  pollFirst: (self) => self.items.shift() ?? null,
  pollLast: (self) => self.items.pop() ?? null,
  removeFirst: (self) => {
    notEmpty(self, "removeFirst");
    return self.items.shift() ?? null;
  },
  removeLast: (self) => {
    notEmpty(self, "removeLast");
    return self.items.pop() ?? null;
  },
  peek: ({ items, javaClass }) => (javaClass === "java.util.Stack" ? items.at(-1) : items[0]) ?? null,
  peekFirst: ({ items }) => items[0] ?? null,
  peekLast: ({ items }) => items.at(-1) ?? null,
  getFirst: ({ items }) => items[0] ?? null,
  getLast: ({ items }) => items.at(-1) ?? null,
  remove: (self, [what = null], run) => {
    writable(self);
    if (typeof what === "number") {
      if (what < 0 || what >= self.items.length) throw outOfBounds(what, self.items.length);
      return self.items.splice(what, 1)[0] ?? null;
    }
    const place = indexOf(run, self.items, what);
    if (place >= 0) self.items.splice(place, 1);
    return place >= 0;
  },
  removeAt: (self, [index]) => {
    writable(self);
    const place = intOf(index) ?? -1;
    if (place < 0 || place >= self.items.length) throw outOfBounds(place, self.items.length);
    return self.items.splice(place, 1)[0] ?? null;
  },
  removeElement: (self, [what = null], run) => {
    writable(self);
    const place = indexOf(run, self.items, what);
    if (place >= 0) self.items.splice(place, 1);
    return place >= 0;
  },
  removeAll: (self, [what = null], run) => {
    if (what instanceof ClosureValue) return removeWhere(run, self, what, true);
    writable(self);
    const before = self.items.length;
    self.items = without(run, self.items, elementsOf(run, what));
    return self.items.length !== before;
  },
  removeIf: (self, [condition = null], run) => removeWhere(run, self, condition, true),
  retainAll: (self, [what = null], run) => {
    if (what instanceof ClosureValue) return removeWhere(run, self, what, false);
    writable(self);
    const before = self.items.length;
    const wanted = elementsOf(run, what);
    self.items = self.items.filter((item) => wanted.some((each) => run.equals(each, item)));
    return self.items.length !== before;
  },
  clear: (self) => {
    writable(self);
    self.items = [];
    return null;
  },
  plus: (self, args, run) => {
    const value = args.at(-1) ?? null;
    const more = unwanted(run, value);
    if (args.length > 1) {
      const place = intOf(args[0]) ?? 0;
      return run.list([...self.items.slice(0, place), ...more, ...self.items.slice(place)]);
    }
    run.meter.tick(self.items.length >> 3);
    run.meter.allocate((self.items.length + more.length) * 8);
    return copy(run, self, [...self.items, ...more]);
  },
  minus: (self, [value = null], run) => copy(run, self, without(run, self.items, unwanted(run, value))),
  multiply: (self, [count], run) => {
    const times = intOf(count);
    if (times === undefined) return undefined;
    if (times < 0)
      throw illegalArgument(`multiply() should be called with a number of 0 or greater not: ${times}`);
    run.meter.collection(self.items.length * times);
    run.meter.tick(self.items.length * times);
    run.meter.allocate(self.items.length * times * 8);
    const items: Value[] = [];
    for (let i = 0; i < times; i += 1) for (const item of self.items) items.push(item);
    return new ListValue(items);
  },
  contains: ({ items }, [wanted = null], run) => indexOf(run, items, wanted) >= 0,
  containsAll: ({ items }, [wanted = null], run) =>
    elementsOf(run, wanted).every((each) => indexOf(run, items, each) >= 0),
  disjoint: ({ items }, [other = null], run) =>
    !elementsOf(run, other).some((each) => indexOf(run, items, each) >= 0),
  indexOf: ({ items }, [wanted = null], run) => indexOf(run, items, wanted),
  lastIndexOf: ({ items }, [wanted = null], run) => items.findLastIndex((item) => run.equals(item, wanted)),
  first: (self) => {
    notEmptyIn(self, "first");
    return self.items[0] ?? null;
  },
  head: (self) => {
    notEmptyIn(self, "head");
    return self.items[0] ?? null;
  },
  last: (self) => {
    notEmptyIn(self, "last");
    return self.items.at(-1) ?? null;
  },
  tail: (self, _, run) => {
    notEmptyIn(self, "tail");
    return takenFrom(self, run, 1, self.items.length);
  },
  init: (self, _, run) => {
    notEmptyIn(self, "init");
    return takenFrom(self, run, 0, self.items.length - 1);
  },
  inits: ({ items }, _, run) =>
    run.list([...items, null].map((_each, i) => new ListValue(items.slice(0, items.length - i)))),
  tails: ({ items }, _, run) => run.list([...items, null].map((_each, i) => new ListValue(items.slice(i)))),
  take: (self, [count], run) => takenFrom(self, run, 0, intOf(count) ?? 0),
  takeRight: (self, [count], run) =>
    takenFrom(self, run, self.items.length - Math.max(0, intOf(count) ?? 0), self.items.length),
  drop: (self, [count], run) => takenFrom(self, run, intOf(count) ?? 0, self.items.length),
  dropRight: (self, [count], run) => takenFrom(self, run, 0, self.items.length - (intOf(count) ?? 0)),
  subList: (self, [from, to], run) => {
    const [low, high] = [intOf(from) ?? 0, intOf(to) ?? 0];
    if (low < 0 || high > self.items.length || low > high)
      throw outOfBounds(low < 0 ? low : high, self.items.length);
    return run.list(self.items.slice(low, high));
  },
  reverse: (self, [isInPlace], run) => {
    if (isInPlace !== true) return copy(run, self, self.items.toReversed());
    self.items.reverse();
    return self;
  },
  *sort(self, args, run): Flow<Value> {
    const [first] = args;
    const closure = args.find((arg) => typeof arg !== "boolean");
    const items = yield* sortedBy(run, self.items, closure);
    if (first === false || self.isImmutable) return copy(run, self, items);
    self.items = items;
    return self;
  },
  *unique(self, args, run): Flow<Value> {
    const closure = args.find((arg) => typeof arg !== "boolean");
    const items = yield* unique(run, self.items, closure);
    if (args[0] === false) return copy(run, self, items);
    writable(self);
    self.items = items;
    return self;
  },
  *toUnique(self, [closure], run): Flow<Value> {
    return copy(run, self, yield* unique(run, self.items, closure));
  },
  flatten: ({ items }, _, run) => run.list(flattened(run, items, [])),
  intersect: ({ items }, [other = null], run) => {
    const others = elementsOf(run, other);
    return run.list(items.filter((item) => indexOf(run, others, item) >= 0));
  },
  collate: ({ items }, [size, step, keeps], run) => {
    const width = intOf(size) ?? 0;
    const stride = typeof step === "number" ? step : width;
    if (width <= 0 || stride <= 0) return run.list([new ListValue([...items])]);
    const parts: Value[] = [];
    for (let i = 0; i < items.length; i += stride) {
      const part = items.slice(i, i + width);
      if (part.length < width && (keeps === false || step === false)) break;
      run.meter.tick(part.length);
      parts.push(new ListValue(part));
    }
    return run.list(parts);
  },
  transpose: ({ items }, _, run) => {
    const rows = items.map((item) => elementsOf(run, item));
    const width = Math.min(...rows.map((row) => row.length), Number.MAX_SAFE_INTEGER);
    const columns: Value[] = [];
    for (let i = 0; rows.length > 0 && i < width; i += 1)
      columns.push(new ListValue(rows.map((row) => row[i] ?? null)));
    return run.list(columns);
  },
  combinations: ({ items }, [closure], run) => {
    const all = run.list(
      combinations(
        run,
        items.map((item) => elementsOf(run, item)),
      ),
    );
    return closure === undefined ? all : run.callMethod(all, "collect", [closure]);
  },
  eachCombination: ({ items }, [closure = null], run) =>
    run.callMethod(
      run.list(
        combinations(
          run,
          items.map((item) => elementsOf(run, item)),
        ),
      ),
      "each",
      [closure],
    ),
  permutations: ({ items }, _, run) =>
    new SetValue(permutations(run, items).map((each) => new ListValue(each))),
  eachPermutation: ({ items }, [closure = null], run) =>
    run.callMethod(run.list(permutations(run, items).map((each) => new ListValue(each))), "collect", [
      closure,
    ]),
  subsequences: ({ items }, _, run) => {
    let sets: Value[][] = [[]];
    for (const item of items) {
      run.meter.collection(sets.length * 2);
      run.meter.tick(sets.length * 40);
      sets = [...sets, ...sets.map((set) => [...set, item])];
    }
    return new SetValue(sets.filter((set) => set.length > 0).map((set) => new ListValue(set)));
  },
  swap: (self, [a, b]) => {
    const [i, j] = [intOf(a) ?? 0, intOf(b) ?? 0];
    const items = self.items;
    [items[i], items[j]] = [items[j] ?? null, items[i] ?? null];
    return self;
  },
  iterator: (self) =>
    new IteratorValue(self.items, (item) => {
      self.items = self.items.filter((each) => each !== item);
    }),
  listIterator: (self) => new IteratorValue(self.items),
  stream: (self) => self,
  asImmutable: (self) => immutable(self),
  asUnmodifiable: (self) => immutable(self),
  asSynchronized: (self) => self,
  clone: (self, _, run) => copy(run, self, self.items),
  toArray: ({ items }) => new ListValue([...items], "java.lang.Object[]"),
  toListString: (self, _, run) => run.text(self),
  withDefault: (self) => self,
  withLazyDefault: (self) => self,
  getIndices: ({ items }, _, run) => run.list(items.map((_item, i) => i)),
  isCase: ({ items }, [item = null], run) => indexOf(run, items, item) >= 0,
  *replaceAll(self, [closure = null], run): Flow<Value> {
    for (const [i, item] of self.items.entries()) self.items[i] = yield* applied(run, closure, item);
    return null;
  },
  getCount: ({ items }) => items.length,
});

function notEmptyIn(self: ListValue, method: string): void {
  if (self.items.length > 0) return;
  throw exception(
    "java.util.NoSuchElementException",
    `Cannot access ${method}() ${method === "first" || method === "last" || method === "head" ? "element " : ""}from an empty ${self.isArray ? "Array" : "List"}`,
  );
}

function immutable(self: ListValue): ListValue {
  const list = new ListValue([...self.items], "java.util.Collections$UnmodifiableList");
  list.isImmutable = true;
  return list;
}
