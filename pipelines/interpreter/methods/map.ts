import { isFlow, type Eventual, type Flow } from "../flow.ts";
import type { Runtime } from "../runtime.ts";
import { exception } from "../thrown.ts";
import { ClosureValue, EntryValue, IteratorValue, MapValue, SetValue, type Value } from "../values.ts";
import { applied, mapOf, sortedBy } from "./iterable.ts";
import { type MethodTable, table } from "./table.ts";
import { elementsOf } from "./walk.ts";

const entriesOf = (map: MapValue): EntryValue[] => [...map.entries.values()];

function writable(map: MapValue): void {
  if (map.isImmutable) throw exception("java.lang.UnsupportedOperationException", null);
}

/** Puts into a map; one that sorts puts its keys in order again. */
export function putInto(run: Runtime, map: MapValue, key: Value, value: Value): Value {
  writable(map);
  run.meter.collection(map.size + 1);
  run.meter.allocate(240);
  const old = map.get(key) ?? null;
  const isNew = !map.has(key);
  map.set(key, value);
  if (isNew && map.javaClass === "java.util.TreeMap") reorder(run, map);
  return old;
}

function reorder(run: Runtime, map: MapValue): void {
  run.meter.tick(map.size);
  const entries = entriesOf(map).toSorted((a, b) => run.compare(a.entryKey, b.entryKey));
  map.entries.clear();
  for (const entry of entries) map.set(entry.entryKey, entry.value);
}

/** A map's value, or what its `withDefault` closure makes, which is then kept. */
function get(run: Runtime, map: MapValue, key: Value): Eventual {
  const value = map.get(key);
  if (value !== undefined || map.defaultValue === null) return value ?? null;
  return withDefault(run, map, map.defaultValue, key);
}

function* withDefault(run: Runtime, map: MapValue, closure: Value, key: Value): Flow<Value> {
  const value = yield* applied(run, closure, key);
  putInto(run, map, key, value);
  return value;
}

function copyOf(map: MapValue): MapValue {
  const copy = new MapValue(map.javaClass.includes("Unmodifiable") ? undefined : map.javaClass);
  for (const entry of entriesOf(map)) copy.set(entry.entryKey, entry.value);
  copy.defaultValue = map.defaultValue;
  return copy;
}

function addAll(run: Runtime, map: MapValue, more: Value): MapValue {
  const entries = more instanceof MapValue ? entriesOf(more) : elementsOf(run, more);
  run.meter.tick(entries.length);
  for (const entry of entries) {
    if (entry instanceof EntryValue) putInto(run, map, entry.entryKey, entry.value);
  }
  return map;
}

function* removeWhere(run: Runtime, map: MapValue, condition: Value, removes: boolean): Flow<Value> {
  writable(map);
  const before = map.size;
  for (const entry of entriesOf(map)) {
    if (run.isTrue(yield* applied(run, condition, entry)) === removes) map.delete(entry.entryKey);
  }
  return map.size !== before;
}

function* compute(
  run: Runtime,
  map: MapValue,
  key: Value,
  closure: Value,
  args: readonly Value[],
): Flow<Value> {
  const made = run.call(closure, args);
  const value = isFlow(made) ? yield* made : made;
  if (value === null) map.delete(key);
  else putInto(run, map, key, value);
  return value;
}

/** The methods of maps; those of anything with elements work on its entries. */
export const mapMethods: MethodTable<MapValue> = table<MapValue>({
  size: (self) => self.size,
  isEmpty: (self) => self.size === 0,
  get: (self, args, run) => {
    const [key = null, fallback] = args;
    if (fallback === undefined) return get(run, self, key);
    const value = self.get(key);
    if (value !== undefined) return value;
    putInto(run, self, key, fallback);
    return fallback;
  },
  getAt: (self, [key = null], run) => get(run, self, key),
  getOrDefault: (self, [key = null, fallback = null]) => self.get(key) ?? (self.has(key) ? null : fallback),
  put: (self, [key = null, value = null], run) => putInto(run, self, key, value),
  putAt: (self, [key = null, value = null], run) => putInto(run, self, key, value),
  putIfAbsent: (self, [key = null, value = null], run) => {
    const old = self.get(key) ?? null;
    if (old === null) putInto(run, self, key, value);
    return old;
  },
  computeIfAbsent: (self, [key = null, closure = null], run) => {
    const old = self.get(key) ?? null;
    return old ?? compute(run, self, key, closure, [key]);
  },
  computeIfPresent: (self, [key = null, closure = null], run) => {
    const old = self.get(key) ?? null;
    return old === null ? null : compute(run, self, key, closure, [key, old]);
  },
  compute: (self, [key = null, closure = null], run) =>
    compute(run, self, key, closure, [key, self.get(key) ?? null]),
  merge: (self, [key = null, value = null, closure = null], run) => {
    const old = self.get(key) ?? null;
    if (old !== null) return compute(run, self, key, closure, [old, value]);
    putInto(run, self, key, value);
    return value;
  },
  putAll: (self, [more = null], run) => {
    addAll(run, self, more);
    return null;
  },
  remove: (self, [key = null]) => {
    writable(self);
    const old = self.get(key) ?? null;
    self.delete(key);
    return old;
  },
  removeAll: (self, [condition = null], run) => removeWhere(run, self, condition, true),
  retainAll: (self, [condition = null], run) => removeWhere(run, self, condition, false),
  clear: (self) => {
    writable(self);
    self.entries.clear();
    return null;
  },
  containsKey: (self, [key = null]) => self.has(key),
  containsValue: (self, [value = null], run) =>
    entriesOf(self).some((entry) => run.equals(entry.value, value)),
  keySet: (self) => new SetValue(entriesOf(self).map((entry) => entry.entryKey)),
  values: (self, _, run) => run.list(entriesOf(self).map((entry) => entry.value)),
  entrySet: (self) => new SetValue(entriesOf(self)),
  iterator: (self) =>
    new IteratorValue(entriesOf(self), (item) => {
      if (item instanceof EntryValue) self.delete(item.entryKey);
    }),
  subMap: (self, [keys = null], run) => {
    const part = new MapValue();
    for (const key of elementsOf(run, keys)) if (self.has(key)) part.set(key, self.get(key) ?? null);
    return part;
  },
  plus: (self, [more = null], run) => {
    run.meter.tick(self.size);
    run.meter.allocate(self.size * 64);
    return addAll(run, copyOf(self), more);
  },
  leftShift: (self, [more = null], run) =>
    addAll(run, self, more instanceof EntryValue ? run.list([more]) : more),
  minus: (self, [less = null], run) => {
    const copy = copyOf(self);
    if (!(less instanceof MapValue)) return undefined;
    for (const entry of entriesOf(less)) {
      const value = copy.get(entry.entryKey);
      if (value !== undefined && run.equals(value, entry.value)) copy.delete(entry.entryKey);
    }
    return copy;
  },
  intersect: (self, [other = null], run) => {
    if (!(other instanceof MapValue)) return undefined;
    return mapOf(
      entriesOf(self).filter((entry) => {
        const value = other.get(entry.entryKey);
        return value !== undefined && run.equals(value, entry.value);
      }),
    );
  },
  *sort(self, [closure], run): Flow<Value> {
    const entries = entriesOf(self);
    if (closure instanceof ClosureValue) return mapOf(yield* sortedBy(run, entries, closure));
    return mapOf(entries.toSorted((a, b) => run.compare(a.entryKey, b.entryKey)));
  },
  *toSorted(self, [closure], run): Flow<Value> {
    const entries = entriesOf(self);
    if (closure instanceof ClosureValue) return mapOf(yield* sortedBy(run, entries, closure));
    return mapOf(entries.toSorted((a, b) => run.compare(a.entryKey, b.entryKey)));
  },
  *groupEntriesBy(self, [closure = null], run): Flow<Value> {
    const groups = new MapValue();
    for (const entry of self.entries.values()) {
      const key = yield* applied(run, closure, entry);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, run.list([entry]));
      else run.now(run.callMethod(group, "add", [entry]));
    }
    return groups;
  },
  take: (self, [count]) =>
    mapOf(entriesOf(self).slice(0, typeof count === "number" ? Math.max(0, count) : 0)),
  drop: (self, [count]) => mapOf(entriesOf(self).slice(typeof count === "number" ? Math.max(0, count) : 0)),
  firstKey: (self) => entriesOf(self)[0]?.entryKey ?? null,
  lastKey: (self) => entriesOf(self).at(-1)?.entryKey ?? null,
  firstEntry: (self) => entriesOf(self)[0] ?? null,
  lastEntry: (self) => entriesOf(self).at(-1) ?? null,
  headMap: (self, [to = null], run) =>
    mapOf(entriesOf(self).filter((entry) => run.compare(entry.entryKey, to) < 0)),
  tailMap: (self, [from = null], run) =>
    mapOf(entriesOf(self).filter((entry) => run.compare(entry.entryKey, from) >= 0)),
  withDefault: (self, [closure]) => {
    const map = copyOf(self);
    map.defaultValue = closure instanceof ClosureValue ? closure : null;
    return map;
  },
  asImmutable: (self) => {
    const map = new MapValue("java.util.Collections$UnmodifiableMap");
    for (const entry of entriesOf(self)) map.set(entry.entryKey, entry.value);
    map.isImmutable = true;
    return map;
  },
  asUnmodifiable: (self, _, run) => run.callMethod(self, "asImmutable", []),
  asSynchronized: (self) => self,
  clone: (self) => copyOf(self),
  toMapString: (self, _, run) => run.text(self),
  reverseEach: (self, [closure = null], run) =>
    run.callMethod(run.list(entriesOf(self).toReversed()), "each", [closure]),
  getProperty: (self, [key = null], run) => get(run, self, key),
  setProperty: (self, [key = null, value = null], run) => putInto(run, self, key, value),
  stringPropertyNames: (self) => new SetValue(entriesOf(self).map((entry) => entry.entryKey)),
  isCase: (self, [key = null], run) => run.isTrue(self.get(key) ?? null),
});

/** The methods of a map's entry. */
export const entryMethods: MethodTable<EntryValue> = table<EntryValue>({
  getKey: (self) => self.entryKey,
  getValue: (self) => self.value,
  setValue: (self, [value = null]) => {
    const old = self.value;
    self.value = value;
    return old;
  },
  getAt: (self, [index]) => (index === 0 ? self.entryKey : index === 1 ? self.value : undefined),
});
