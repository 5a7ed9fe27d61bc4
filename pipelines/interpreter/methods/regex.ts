import { isFlow, type Flow } from "../flow.ts";
import { findMatch, matchStart } from "../regex/match.ts";
import { programOf } from "../regex/patterns.ts";
import type { Runtime } from "../runtime.ts";
import { exception } from "../thrown.ts";
import {
  ListValue,
  MatcherValue,
  type PatternValue,
  RangeValue,
  type StringBuilderValue,
  type Value,
} from "../values.ts";
import { intOf, textArg } from "./arguments.ts";
import {
  allMatches,
  expandReplacement,
  groupText,
  matchArguments,
  matchesIn,
  matchesWhole,
  matchValue,
  replaceMatches,
} from "./matching.ts";
import { splitText } from "./string.ts";
import { type MethodTable, table } from "./table.ts";

/** The methods of patterns. */
export const patternMethods: MethodTable<PatternValue> = table<PatternValue>({
  matcher: (self, [text], run) => {
    programOf(self, run.meter); // a wrong pattern is refused here, where it stands
    return new MatcherValue(self, textArg(run, text));
  },
  pattern: (self) => self.source,
  flags: (self) => self.flags,
  split: (self, [text, limit], run) => splitText(run, textArg(run, text), self, intOf(limit) ?? 0),
  isCase: (self, [text = null], run) => text !== null && matchesWhole(run, self, run.text(text)) !== null,
  asPredicate: (self, _, run) =>
    run.closureOf(1, ([text = null]) => matchesIn(run, self, run.text(text)).length > 0),
});

function current(matcher: MatcherValue): NonNullable<MatcherValue["current"]> {
  if (matcher.current === null) throw exception("java.lang.IllegalStateException", "No match found");
  return matcher.current;
}

function find(run: Runtime, matcher: MatcherValue): boolean {
  if (matcher.next > matcher.text.length) {
    matcher.current = null;
    return false;
  }
  matcher.current = findMatch(programOf(matcher.pattern, run.meter), matcher.text, matcher.next, run.meter);
  const whole = matcher.current?.[0];
  if (whole === undefined) {
    matcher.next = matcher.text.length + 1;
    return false;
  }
  matcher.next = whole.end > whole.start ? whole.end : whole.end + 1;
  return true;
}

function groupIndex(run: Runtime, matcher: MatcherValue, group: Value | undefined): number {
  if (group === undefined) return 0;
  const index = intOf(group);
  if (index !== undefined) return index;
  const named = programOf(matcher.pattern, run.meter).names.get(run.text(group));
  if (named === undefined)
    throw exception("java.lang.IllegalArgumentException", `No group with name <${run.text(group)}>`);
  return named;
}

function at(run: Runtime, matcher: MatcherValue, index: Value): Value | undefined {
  const found = allMatches(run, matcher);
  if (index instanceof ListValue || index instanceof RangeValue) {
    return run.list(index.items.map((each) => at(run, matcher, each) ?? null));
  }
  const place = intOf(index);
  if (place === undefined) return undefined;
  const groups = found[place < 0 ? found.length + place : place];
  if (groups === undefined) {
    throw exception(
      "java.lang.IndexOutOfBoundsException",
      `index is out of range ${-found.length}..${found.length - 1} (index = ${place})`,
    );
  }
  matcher.current = groups;
  return matchValue(matcher.text, groups);
}

function* eachMatch(run: Runtime, self: MatcherValue, closure: Value): Flow<Value> {
  for (const groups of allMatches(run, self)) {
    const result = run.call(closure, matchArguments(closure, self.text, groups));
    if (isFlow(result)) yield* result;
  }
  return self;
}

function* collectMatches(run: Runtime, self: MatcherValue, closure: Value): Flow<Value> {
  const results: Value[] = [];
  for (const groups of allMatches(run, self)) {
    const result = run.call(closure, matchArguments(closure, self.text, groups));
    results.push(isFlow(result) ? yield* result : result);
  }
  return run.list(results);
}

/** The methods of matchers; those of anything with elements work on the matches. */
export const matcherMethods: MethodTable<MatcherValue> = table<MatcherValue>({
  find: (self, args, run) => {
    const from = intOf(args[0]);
    if (args.length > 0 && from === undefined) return undefined;
    if (from !== undefined) self.next = from;
    return find(run, self);
  },
  matches: (self, _, run) => {
    self.current = matchesWhole(run, self.pattern, self.text);
    return self.current !== null;
  },
  lookingAt: (self, _, run) => {
    self.current = matchStart(programOf(self.pattern, run.meter), self.text, "anywhere", run.meter);
    return self.current !== null;
  },
  group: (self, [group], run) => groupText(self.text, current(self), groupIndex(run, self, group)),
  groupCount: (self, _, run) => programOf(self.pattern, run.meter).groupCount,
  hasGroup: (self, _, run) => programOf(self.pattern, run.meter).groupCount > 0,
  start: (self, [group], run) => current(self)[groupIndex(run, self, group)]?.start ?? -1,
  end: (self, [group], run) => current(self)[groupIndex(run, self, group)]?.end ?? -1,
  getCount: (self, _, run) => allMatches(run, self).length,
  count: (self, args, run) => (args.length === 0 ? allMatches(run, self).length : undefined),
  size: (self, _, run) => allMatches(run, self).length,
  getAt: (self, [index = null], run) => at(run, self, index),
  each: (self, [closure = null], run) => eachMatch(run, self, closure),
  collect: (self, [closure = null], run) => collectMatches(run, self, closure),
  reset: (self, [text], run) => {
    if (text !== undefined) self.text = run.text(text);
    self.current = null;
    self.next = 0;
    self.appendAt = 0;
    return self;
  },
  hitEnd: (self) => self.next >= self.text.length,
  replaceAll: (self, [by], run) => replaceMatches(run, self.pattern, self.text, textArg(run, by), false),
  replaceFirst: (self, [by], run) => replaceMatches(run, self.pattern, self.text, textArg(run, by), true),
  pattern: (self) => self.pattern,
  asBoolean: (self, _, run) => find(run, self),
  toMatchResult: (self) => self,
});

/** `appendReplacement` and `appendTail` need the builder they append to. */
export function appendReplacement(
  run: Runtime,
  self: MatcherValue,
  into: StringBuilderValue,
  by: string,
): Value {
  const groups = current(self);
  const whole = groups[0];
  into.text +=
    self.text.slice(self.appendAt, whole?.start) +
    expandReplacement(run, self.pattern, by, self.text, groups);
  self.appendAt = whole?.end ?? self.appendAt;
  run.meter.text(into.text.length);
  return self;
}
