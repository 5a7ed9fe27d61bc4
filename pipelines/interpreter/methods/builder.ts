import type { Runtime } from "../runtime.ts";
import { exception } from "../thrown.ts";
import { CharValue, StringBuilderValue, type Value } from "../values.ts";
import { intOf, textArg } from "./arguments.ts";
import { type Method, type MethodTable, table } from "./table.ts";

function changed(run: Runtime, self: StringBuilderValue, text: string): StringBuilderValue {
  if (text.length > run.meter.limits.stringLength) run.meter.text(text.length);
  // Growing at the end costs what is added, not what is there.
  const added = Math.max(0, text.length - self.text.length);
  run.meter.tick(1 + (added >> 8));
  run.meter.allocate(added);
  self.text = text;
  return self;
}

const append: Method<StringBuilderValue> = (self, args, run) => {
  const [value = null, from, to] = args;
  const text = run.text(value);
  return changed(run, self, self.text + (args.length === 3 ? text.slice(intOf(from) ?? 0, intOf(to)) : text));
};

function inside(self: StringBuilderValue, index: number): void {
  if (index < 0 || index > self.text.length) {
    throw exception("java.lang.StringIndexOutOfBoundsException", `index ${index},length ${self.text.length}`);
  }
}

/** What StringBuilder and its like can do beyond what every string can. */
export const builderMethods: MethodTable<StringBuilderValue> = table<StringBuilderValue>({
  append,
  leftShift: append,
  write: append,
  plus: (self, [value], run) => self.text + textArg(run, value),
  println: (self, [value], run) =>
    changed(run, self, `${self.text}${value === undefined ? "" : run.text(value)}\n`),
  print: append,
  insert: (self, [at, value = null], run) => {
    const index = intOf(at) ?? 0;
    inside(self, index);
    return changed(run, self, self.text.slice(0, index) + run.text(value) + self.text.slice(index));
  },
  delete: (self, [from, to], run) =>
    changed(run, self, self.text.slice(0, intOf(from) ?? 0) + self.text.slice(intOf(to) ?? self.text.length)),
  deleteCharAt: (self, [at], run) => {
    const index = intOf(at) ?? 0;
    inside(self, index);
    return changed(run, self, self.text.slice(0, index) + self.text.slice(index + 1));
  },
  replace: (self, [from, to, by = null], run) =>
    typeof from === "number"
      ? changed(run, self, self.text.slice(0, from) + run.text(by) + self.text.slice(intOf(to) ?? from))
      : undefined,
  reverse: (self, _, run) => changed(run, self, self.text.split("").toReversed().join("")),
  setLength: (self, [length], run) => {
    const size = intOf(length) ?? 0;
    run.meter.text(size);
    self.text = self.text.slice(0, size).padEnd(size, "\u0000");
    return null;
  },
  setCharAt: (self, [at, char], run) => {
    const index = intOf(at) ?? 0;
    self.text = self.text.slice(0, index) + textArg(run, char) + self.text.slice(index + 1);
    return null;
  },
  charAt: (self, [at]) => new CharValue(self.text.charCodeAt(intOf(at) ?? 0)),
  capacity: (self) => self.text.length + 16,
  getBuffer: (self) => self,
  flush: () => null,
  close: () => null,
  equals: (self, [other = null]) => self === other,
});

/** A new builder that holds a value's text. */
export function builderWith(run: Runtime, value: Value, javaClass: string): StringBuilderValue {
  return new StringBuilderValue(
    typeof value === "number" ? "" : value === null ? "" : run.text(value),
    javaClass,
  );
}
