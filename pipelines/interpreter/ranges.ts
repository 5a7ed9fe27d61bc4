import { add, compareNumbers, numberOf, toInt } from "./numbers.ts";
import type { Runtime } from "./runtime.ts";
import { illegalArgument } from "./thrown.ts";
import { CharValue, GStringValue, RangeValue, type Value } from "./values.ts";
import { Instance } from "./classes.ts";

/** `from..to`, or `from..<to` without the last. */
export function rangeOf(run: Runtime, from: Value, to: Value, isInclusive: boolean): Value {
  if (typeof from === "number" && typeof to === "number") return intRange(run, from, to, isInclusive);
  const low = text(run, from);
  const high = text(run, to);
  if (low !== undefined && high !== undefined) return textRange(run, low, high, from, isInclusive);
  return steppedRange(run, from, to, isInclusive);
}

function text(run: Runtime, value: Value): string | undefined {
  if (value instanceof GStringValue) return run.text(value);
  if (value instanceof CharValue) return value.text;
  return typeof value === "string" ? value : undefined;
}

function intRange(run: Runtime, from: number, to: number, isInclusive: boolean): Value {
  const isReverse = from > to;
  if (!isInclusive && from === to) return new RangeValue(from, to, false, []);
  const end = isInclusive ? to : isReverse ? to + 1 : to - 1;
  const size = Math.abs(end - from) + 1;
  run.meter.collection(size);
  run.meter.tick(size);
  run.meter.allocate(200 + size * 8);
  const items: Value[] = [];
  for (let i = 0; i < size; i += 1) items.push(isReverse ? from - i : from + i);
  return new RangeValue(from, end, isReverse, items);
}

/** The next string: the last character one further. */
function nextText(value: string, by: 1 | -1): string {
  if (value === "") return by === 1 ? "\u0000" : "";
  return value.slice(0, -1) + String.fromCharCode(value.charCodeAt(value.length - 1) + by);
}

function textRange(run: Runtime, low: string, high: string, from: Value, isInclusive: boolean): Value {
  if (low.length !== high.length && (low.length !== 1 || high.length !== 1)) {
    throw illegalArgument(`Incompatible Strings for Range: String#next() will not reach the expected value`);
  }
  if (low.slice(0, -1) !== high.slice(0, -1)) {
    throw illegalArgument(`Incompatible Strings for Range: String#next() will not reach the expected value`);
  }
  const isReverse = low > high;
  const items: Value[] = [];
  for (let at = low; ; at = nextText(at, isReverse ? -1 : 1)) {
    run.meter.tick();
    if (at === high && !isInclusive) break;
    items.push(from instanceof CharValue ? new CharValue(at.charCodeAt(0)) : at);
    if (at === high) break;
  }
  const last = items.at(-1) ?? low;
  return new RangeValue(from instanceof GStringValue ? low : from, last, isReverse, items);
}

function steppedRange(run: Runtime, from: Value, to: Value, isInclusive: boolean): Value {
  const order = run.compare(from, to);
  const items: Value[] = [];
  const low = numberOf(from);
  const high = numberOf(to);
  if (low !== undefined && high !== undefined) {
    for (let at = low; ; at = add(at, order > 0 ? -1 : 1)) {
      const rest = compareNumbers(at, high);
      if (order > 0 ? rest < 0 : rest > 0) break;
      if (rest === 0 && !isInclusive) break;
      run.meter.tick();
      run.meter.collection(items.length);
      items.push(at);
    }
    return new RangeValue(from, items.at(-1) ?? toInt(high), order > 0, items);
  }
  const method = order > 0 ? "previous" : "next";
  for (let at = from; ; at = run.now(run.callMethod(at, method, []))) {
    const rest = run.compare(at, to);
    if (order > 0 ? rest < 0 : rest > 0) break;
    if (rest === 0 && !isInclusive) break;
    run.meter.tick();
    run.meter.collection(items.length);
    items.push(at);
    // An enum has no constant after its last one: it begins again.
    if (rest === 0 || (at instanceof Instance && items.length > 100_000)) break;
  }
  return new RangeValue(from, items.at(-1) ?? to, order > 0, items);
}
