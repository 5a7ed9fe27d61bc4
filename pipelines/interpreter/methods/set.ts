import type { Flow } from "../flow.ts";
import type { Runtime } from "../runtime.ts";
import { exception } from "../thrown.ts";
import { ClosureValue, IteratorValue, ListValue, type RangeValue, SetValue, type Value } from "../values.ts";
import { applied, sortedBy } from "./iterable.ts";
import { type MethodTable, table } from "./table.ts";
import { elementsOf } from "./walk.ts";
import { intOf } from "./arguments.ts";

const membersOf = (set: SetValue): Value[] => [...set.members.values()];

function add(run: Runtime, set: SetValue, item: Value): boolean {
  if (set.isImmutable) throw exception("java.lang.UnsupportedOperationException", null);
  run.meter.collection(set.size + 1);
  run.meter.allocate(180);
  run.meter.tick();
  const isNew = set.add(item);
  if (isNew && set.javaClass === "java.util.TreeSet") reorder(run, set);
  return isNew;
}

function reorder(run: Runtime, set: SetValue): void {
  run.meter.tick(set.size);
  const items = membersOf(set).toSorted((a, b) => run.compare(a, b));
  set.members.clear();
  for (const item of items) set.add(item);
}

function* removeWhere(run: Runtime, set: SetValue, condition: Value, removes: boolean): Flow<Value> {
  const before = set.size;
  for (const item of membersOf(set)) {
    if (run.isTrue(yield* applied(run, condition, item)) === removes) set.delete(item);
  }
  return set.size !== before;
}

const like = (set: SetValue, items: readonly Value[]): SetValue =>
  new SetValue(items, set.isImmutable ? undefined : set.javaClass);

const many = (run: Runtime, value: Value): readonly Value[] =>
  value instanceof ListValue || value instanceof SetValue ? elementsOf(run, value) : [value];

/** The methods of sets. */
export const setMethods: MethodTable<SetValue> = table<SetValue>({
  size: (self) => self.size,
  isEmpty: (self) => self.size === 0,
  add: (self, [item = null], run) => add(run, self, item),
  leftShift: (self, [item = null], run) => {
    add(run, self, item);
    return self;
  },
  addAll: (self, [more = null], run) => {
    let isChanged = false;
    for (const item of elementsOf(run, more)) isChanged = add(run, self, item) || isChanged;
    return isChanged;
  },
  remove: (self, [item = null]) => self.delete(item),
  removeAll: (self, [what = null], run) => {
    if (what instanceof ClosureValue) return removeWhere(run, self, what, true);
    let isChanged = false;
    for (const item of elementsOf(run, what)) isChanged = self.delete(item) || isChanged;
    return isChanged;
  },
  removeIf: (self, [what = null], run) => removeWhere(run, self, what, true),
  retainAll: (self, [what = null], run) => {
    if (what instanceof ClosureValue) return removeWhere(run, self, what, false);
    const wanted = new SetValue(elementsOf(run, what));
    const before = self.size;
    for (const item of membersOf(self)) if (!wanted.has(item)) self.delete(item);
    return self.size !== before;
  },
  clear: (self) => {
    self.members.clear();
    return null;
  },
  contains: (self, [item = null], run) =>
    self.has(item) || membersOf(self).some((each) => run.equals(each, item)),
  containsAll: (self, [items = null], run) => elementsOf(run, items).every((item) => self.has(item)),
  isCase: (self, [item = null]) => self.has(item),
  plus: (self, [more = null], run) => like(self, [...membersOf(self), ...many(run, more)]),
  minus: (self, [less = null], run) => {
    const unwanted = new SetValue(many(run, less));
    return like(
      self,
      membersOf(self).filter((item) => !unwanted.has(item)),
    );
  },
  intersect: (self, [other = null], run) => {
    const others = new SetValue(elementsOf(run, other));
    return like(
      self,
      membersOf(self).filter((item) => others.has(item)),
    );
  },
  disjoint: (self, [other = null], run) => !elementsOf(run, other).some((item) => self.has(item)),
  getAt: (self, [index = null], run) => run.callMethod(run.list(membersOf(self)), "getAt", [index]),
  *sort(self, args, run): Flow<Value> {
    return run.list(
      yield* sortedBy(
        run,
        membersOf(self),
        args.find((arg) => typeof arg !== "boolean"),
      ),
    );
  },
  flatten: (self, _, run) => run.callMethod(run.list(membersOf(self)), "flatten", []),
  head: (self) => membersOf(self)[0] ?? null,
  take: (self, [count]) => like(self, membersOf(self).slice(0, intOf(count) ?? 0)),
  drop: (self, [count]) => like(self, membersOf(self).slice(intOf(count) ?? 0)),
  tail: (self) => like(self, membersOf(self).slice(1)),
  iterator: (self) => new IteratorValue(membersOf(self), (item) => self.delete(item)),
  asImmutable: (self) => {
    const set = new SetValue(membersOf(self), "java.util.Collections$UnmodifiableSet");
    set.isImmutable = true;
    return set;
  },
  clone: (self) => like(self, membersOf(self)),
  unique: (self) => self,
  combinations: (self, _, run) => run.callMethod(run.list(membersOf(self)), "combinations", []),
  toArray: (self) => new ListValue(membersOf(self), "java.lang.Object[]"),
  stream: (self, _, run) => run.list(membersOf(self)),
});

/** The methods that only ranges have; otherwise they are lists that do not change. */
export const rangeMethods: MethodTable<RangeValue> = table<RangeValue>({
  getFrom: (self) => (self.isReverse ? self.to : self.from),
  getTo: (self) => (self.isReverse ? self.from : self.to),
  isReverse: (self) => self.isReverse,
  toString$: (self, _, run) => `${run.text(self.from)}..${run.text(self.to)}`,
  inspect: (self, _, run) => `${run.inspect(self.from)}..${run.inspect(self.to)}`,
  step: (self, [by, closure], run) => {
    const stride = Math.abs(intOf(by) ?? 1);
    const items = self.items.filter((_, i) => stride > 0 && i % stride === 0);
    return closure === undefined ? run.list(items) : run.callMethod(run.list(items), "each", [closure]);
  },
  reverse: (self, _, run) => run.list(self.items.toReversed()),
  containsWithinBounds: (self, [value = null], run) => within(run, self, value),
  contains: (self, [value = null], run) => self.items.some((item) => run.equals(item, value)),
  isCase: (self, [value = null], run) => self.items.some((item) => run.equals(item, value)),
});

function within(run: Runtime, range: RangeValue, value: Value): boolean {
  const [low, high] = range.isReverse ? [range.to, range.from] : [range.from, range.to];
  return run.compare(value, low) >= 0 && run.compare(value, high) <= 0;
}
