import { partOf } from "../cost.ts";
import { findMatch, matchStart } from "../regex/match.ts";
import { programOf } from "../regex/patterns.ts";
import type { Runtime } from "../runtime.ts";
import { exception } from "../thrown.ts";
import {
  ClosureValue,
  type Groups,
  ListValue,
  type MatcherValue,
  PatternValue,
  type Value,
} from "../values.ts";
import { isFlow, type Eventual, type Flow } from "../flow.ts";

/** Bytes reckoned for a match, and for each of its groups. */
const MATCH_BYTES = 100;

/** The text of a group of a match; null where it took no part. */
export function groupText(text: string, groups: Groups, index: number): string | null {
  const group = groups[index];
  if (group === undefined) throw exception("java.lang.IndexOutOfBoundsException", `No group ${index}`);
  return group.start < 0 ? null : partOf(text, group.start, group.end);
}

/** A match as Groovy shows it: its text, or with groups the list of them. */
export function matchValue(text: string, groups: Groups): Value {
  if (groups.length === 1) return groupText(text, groups, 0);
  return new ListValue(groups.map((_, index) => groupText(text, groups, index)));
}

/** All matches in a text from its beginning, one behind the other. */
export function matchesIn(run: Runtime, pattern: PatternValue, text: string): Groups[] {
  const program = programOf(pattern, run.meter);
  const found: Groups[] = [];
  for (let from = 0; from <= text.length;) {
    const groups = findMatch(program, text, from, run.meter);
    const whole = groups?.[0];
    if (groups === null || whole === undefined) break;
    run.meter.collection(found.length + 1);
    run.meter.allocate(MATCH_BYTES + groups.length * MATCH_BYTES);
    found.push(groups);
    from = whole.end > whole.start ? whole.end : whole.end + 1;
  }
  return found;
}

export function allMatches(run: Runtime, matcher: MatcherValue): Groups[] {
  return matchesIn(run, matcher.pattern, matcher.text);
}

/** Does the whole text match? */
export function matchesWhole(run: Runtime, pattern: PatternValue, text: string): Groups | null {
  return matchStart(programOf(pattern, run.meter), text, "at-end", run.meter);
}

/** A value as a pattern: itself, or its text as a regular expression. */
export function patternOf(run: Runtime, value: Value): PatternValue {
  return value instanceof PatternValue ? value : new PatternValue(run.text(value));
}

/** Puts groups into a replacement: `$1`, `${name}`, `\$`. */
export function expandReplacement(
  run: Runtime,
  pattern: PatternValue,
  replacement: string,
  text: string,
  groups: Groups,
): string {
  if (!/[\\$]/.test(replacement)) return replacement;
  run.meter.tick(1 + (replacement.length >> 4));
  let result = "";
  for (let i = 0; i < replacement.length; i += 1) {
    const char = replacement.charAt(i);
    if (char === "\\") {
      i += 1;
      if (i >= replacement.length)
        throw exception("java.lang.IllegalArgumentException", "character to be escaped is missing");
      result += replacement.charAt(i);
    } else if (char === "$") {
      const match = /^(?:(\d)|\{([A-Za-z][A-Za-z0-9]*)\})/.exec(replacement.slice(i + 1));
      if (match === null) throw exception("java.lang.IllegalArgumentException", "Illegal group reference");
      let taken = match[0];
      let index =
        match[1] === undefined ? programOf(pattern, run.meter).names.get(match[2] ?? "") : Number(match[1]);
      if (index === undefined)
        throw exception("java.lang.IllegalArgumentException", `No group with name {${match[2]}}`);
      // Further digits belong to the number as long as there is such a group.
      for (let next = replacement.charAt(i + 1 + taken.length); match[1] !== undefined && /\d/.test(next);) {
        if (index * 10 + Number(next) >= groups.length) break;
        index = index * 10 + Number(next);
        taken += next;
        next = replacement.charAt(i + 1 + taken.length);
      }
      result += groupText(text, groups, index) ?? "";
      i += taken.length;
    } else result += char;
  }
  run.meter.text(result.length);
  return result;
}

/** The text with matches replaced by a replacement with groups in it. */
export function replaceMatches(
  run: Runtime,
  pattern: PatternValue,
  text: string,
  replacement: string,
  isFirstOnly: boolean,
): string {
  const found = isFirstOnly ? firstMatch(run, pattern, text) : matchesIn(run, pattern, text);
  let result = "";
  let from = 0;
  for (const groups of found) {
    const whole = groups[0];
    if (whole === undefined) continue;
    result += text.slice(from, whole.start) + expandReplacement(run, pattern, replacement, text, groups);
    if (result.length > run.meter.limits.stringLength) run.meter.text(result.length);
    from = whole.end;
  }
  result += text.slice(from);
  run.meter.text(result.length);
  return result;
}

function firstMatch(run: Runtime, pattern: PatternValue, text: string): Groups[] {
  const groups = findMatch(programOf(pattern, run.meter), text, 0, run.meter);
  return groups === null ? [] : [groups];
}

/** The text with matches replaced by what a closure makes of them. */
export function* replaceByClosure(
  run: Runtime,
  pattern: PatternValue,
  text: string,
  closure: Value,
  isFirstOnly: boolean,
): Flow<Value> {
  const found = isFirstOnly ? firstMatch(run, pattern, text) : matchesIn(run, pattern, text);
  let result = "";
  let from = 0;
  for (const groups of found) {
    const whole = groups[0];
    if (whole === undefined) continue;
    const made: Eventual = run.call(closure, matchArguments(closure, text, groups));
    result += text.slice(from, whole.start) + run.text(isFlow(made) ? yield* made : made);
    run.meter.text(result.length);
    from = whole.end;
  }
  return result + text.slice(from);
}

/** A closure gets the whole match and its groups, one by one when it has parameters for them. */
export function matchArguments(closure: Value, text: string, groups: Groups): readonly Value[] {
  const all = groups.map((_, index) => groupText(text, groups, index));
  const count = parameterCount(closure);
  if (groups.length === 1) return all;
  return count === groups.length ? all : count === 1 ? [new ListValue(all)] : all;
}

function parameterCount(closure: Value): number {
  return closure instanceof ClosureValue ? closure.code.parameters.length : 1;
}
