import { stringOf } from "../comparing.ts";
import { parseNumber } from "../coercion.ts";
import { parseDecimal } from "../decimal.ts";
import { isFlow, type Eventual, type Flow } from "../flow.ts";
import { parseDouble } from "../numbers.ts";
import type { Runtime } from "../runtime.ts";
import { exception, illegalArgument } from "../thrown.ts";
import {
  BytesValue,
  CharValue,
  ClosureValue,
  ListValue,
  MapValue,
  PatternValue,
  RangeValue,
  SetValue,
  type Value,
} from "../values.ts";
import { intOf, textArg } from "./arguments.ts";
import { formatText } from "./format.ts";
import {
  matchArguments,
  matchesIn,
  matchesWhole,
  patternOf,
  replaceByClosure,
  replaceMatches,
} from "./matching.ts";
import { type Method, type MethodTable, table } from "./table.ts";
import { charactersOf } from "./walk.ts";

function outOfRange(begin: number, end: number, length: number): Error {
  return exception(
    "java.lang.StringIndexOutOfBoundsException",
    `begin ${begin}, end ${end}, length ${length}`,
  );
}

function substring(self: string, from: number, to: number): string {
  if (from < 0 || to > self.length || from > to) throw outOfRange(from, to, self.length);
  return self.slice(from, to);
}

/** The character, or characters, at an index, a range or a list of them. */
function charactersAt(self: string, index: Value): string | undefined {
  const at = intOf(index);
  if (at !== undefined) {
    const from = at < 0 ? self.length + at : at;
    if (from < 0 || from >= self.length) throw outOfRange(at, at + 1, self.length);
    return self.charAt(from);
  }
  if (index instanceof RangeValue && typeof index.from === "number" && typeof index.to === "number") {
    return rangeOfText(self, index);
  }
  if (!(index instanceof ListValue || index instanceof RangeValue)) return undefined;
  return index.items.map((item) => charactersAt(self, item) ?? "").join("");
}

function rangeOfText(self: string, range: RangeValue): string {
  if (range.items.length === 0 && range.from === range.to) return "";
  const place = (value: Value): number => {
    const n = typeof value === "number" ? value : 0;
    return n < 0 ? n + self.length : n;
  };
  const from = place(range.from);
  const to = place(range.to);
  const [low, high] = from <= to ? [from, to] : [to, from];
  const text = substring(self, low, high + 1);
  return from <= to ? text : text.split("").toReversed().join("");
}

/** `split` of Java: by a regular expression, without empty strings at the end. */
export function splitText(run: Runtime, self: string, pattern: PatternValue, limit: number): ListValue {
  const parts: string[] = [];
  let from = 0;
  for (const groups of matchesIn(run, pattern, self)) {
    const whole = groups[0];
    if (whole === undefined || (limit > 0 && parts.length >= limit - 1)) break;
    if (whole.end === 0) continue;
    if (whole.start === whole.end && whole.start >= self.length) continue;
    parts.push(self.slice(from, whole.start));
    from = whole.end;
  }
  parts.push(self.slice(from));
  if (limit === 0) while (parts.length > 1 && parts.at(-1) === "") parts.pop();
  run.meter.tick(parts.length);
  return new ListValue(parts, "java.lang.String[]");
}

/** How often a text stands in another, one behind the other. */
function countOf(self: string, wanted: string): number {
  let count = 0;
  for (let at = self.indexOf(wanted); at >= 0; at = self.indexOf(wanted, at + wanted.length)) count += 1;
  return count;
}

/** The text from its end to its beginning, character by character as Java does it. */
function reversed(text: string): string {
  const units = new Uint16Array(text.length);
  for (let i = 0; i < units.length; i += 1) units[i] = text.charCodeAt(units.length - 1 - i);
  return Buffer.from(units.buffer).toString("utf16le");
}

function charArray(run: Runtime, self: string): ListValue {
  run.meter.allocate(self.length * 72);
  return new ListValue(
    charactersOf(run, self).map((char) => new CharValue(char.charCodeAt(0))),
    "char[]",
  );
}

function tokens(run: Runtime, self: string, separators: string): ListValue {
  const parts: string[] = [];
  let part = "";
  for (const char of self.split("")) {
    if (!separators.includes(char)) part += char;
    else {
      if (part !== "") parts.push(part);
      part = "";
    }
  }
  if (part !== "") parts.push(part);
  run.meter.tick(self.length >> 3);
  return new ListValue(parts);
}

/** Lines without their ends; a line end at the very end begins no further line. */
export function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function stripIndent(self: string, count: number | undefined): string {
  const lines = self.split("\n");
  const indent =
    count ??
    Math.min(
      ...lines.filter((line) => line.trim() !== "").map((line) => /^[ \t]*/.exec(line)?.[0].length ?? 0),
      Number.MAX_SAFE_INTEGER,
    );
  return lines.map((line) => line.slice(Math.min(indent, /^[ \t]*/.exec(line)?.[0].length ?? 0))).join("\n");
}

function stripMargin(self: string, margin: string): string {
  return self
    .split("\n")
    .map((line) => {
      const at = line.search(/[^ \t]/);
      return at >= 0 && line.startsWith(margin, at) ? line.slice(at + margin.length) : line;
    })
    .join("\n");
}

function padded(
  run: Runtime,
  self: string,
  args: readonly Value[],
  side: "left" | "right" | "both",
): string | undefined {
  const width = intOf(args[0]);
  if (width === undefined) return undefined;
  run.meter.text(width);
  const fill = args[1] === undefined ? " " : textArg(run, args[1]);
  const missing = Math.max(0, width - self.length);
  if (side === "left") return self.padStart(width, fill);
  if (side === "right") return self.padEnd(width, fill);
  const left = Math.floor(missing / 2);
  return self.padStart(self.length + left, fill).padEnd(width, fill);
}

function repeated(run: Runtime, self: string, count: Value | undefined): string | undefined {
  const times = intOf(count);
  if (times === undefined) return undefined;
  if (times < 0)
    throw illegalArgument(`multiply() should be called with a number of 0 or greater not: ${times}`);
  run.meter.text(self.length * times);
  return self.repeat(times);
}

function without(run: Runtime, self: string, what: Value | undefined): string {
  if (what instanceof PatternValue) return replaceMatches(run, what, self, "", true);
  const text = textArg(run, what);
  const at = self.indexOf(text);
  return at < 0 ? self : self.slice(0, at) + self.slice(at + text.length);
}

function replaced(
  run: Runtime,
  self: string,
  args: readonly Value[],
  isFirstOnly: boolean,
): Eventual | undefined {
  const [what = null, by = null] = args;
  if (args.length !== 2) return undefined;
  const pattern = patternOf(run, what);
  if (by instanceof ClosureValue) return replaceByClosure(run, pattern, self, by, isFirstOnly);
  return replaceMatches(run, pattern, self, run.text(by), isFirstOnly);
}

/** `replace` takes text, or a map from text to text. */
function replacePlain(run: Runtime, self: string, args: readonly Value[]): Eventual | undefined {
  const [what, by] = args;
  if (what instanceof MapValue) return replaceEach(run, self, what);
  if (what === undefined || by === undefined) return undefined;
  if (what instanceof PatternValue) return replaced(run, self, args, false);
  const search = run.text(what);
  const replacement = run.text(by);
  const found = search === "" ? self.length + 1 : countOf(self, search);
  run.meter.text(self.length + found * Math.max(0, replacement.length - search.length));
  run.meter.tick(found);
  return self.replaceAll(search, () => replacement);
}

function replaceEach(run: Runtime, self: string, map: MapValue): string {
  const pairs = [...map.entries.values()].map(
    (entry) => [run.text(entry.entryKey), run.text(entry.value)] as const,
  );
  let result = "";
  for (let at = 0; at < self.length;) {
    run.meter.tick(1 + pairs.length);
    const pair = pairs.find(([from]) => from !== "" && self.startsWith(from, at));
    result += pair === undefined ? self.charAt(at) : pair[1];
    at += pair === undefined ? 1 : pair[0].length;
  }
  run.meter.text(result.length);
  return result;
}

function* eachLine(run: Runtime, self: string, args: readonly Value[]): Flow<Value> {
  const closure = args.at(-1) ?? null;
  const first = intOf(args.length > 1 ? args[0] : 0) ?? 0;
  let result: Value = null;
  for (const [index, line] of linesOf(self).entries()) {
    run.meter.tick();
    const isPair = closure instanceof ClosureValue && closure.code.parameters.length === 2;
    const value = run.call(closure, isPair ? [line, index + first] : [line]);
    result = isFlow(value) ? yield* value : value;
  }
  return result;
}

function* eachMatch(run: Runtime, self: string, args: readonly Value[]): Flow<Value> {
  const closure = args[1] ?? null;
  for (const groups of matchesIn(run, patternOf(run, args[0] ?? null), self)) {
    const value = run.call(closure, matchArguments(closure, self, groups));
    if (isFlow(value)) yield* value;
  }
  return self;
}

/** `find` and `findAll` by a pattern give matches; with a closure they go through the characters. */
function* findAll(run: Runtime, self: string, args: readonly Value[]): Flow<Value> {
  const [what = null, closure] = args;
  const found = matchesIn(run, patternOf(run, what), self);
  const results: Value[] = [];
  for (const groups of found) {
    if (closure === undefined) results.push(self.slice(groups[0]?.start, groups[0]?.end));
    else {
      const value = run.call(closure, matchArguments(closure, self, groups));
      results.push(isFlow(value) ? yield* value : value);
    }
  }
  return run.list(results);
}

function findFirst(run: Runtime, self: string, args: readonly Value[]): Eventual {
  const [what = null, closure] = args;
  const groups = matchesIn(run, patternOf(run, what), self)[0];
  if (groups === undefined) return null;
  if (closure !== undefined) return run.call(closure, matchArguments(closure, self, groups));
  return self.slice(groups[0]?.start, groups[0]?.end);
}

const isText = (value: Value | undefined): boolean =>
  typeof value === "string" || value instanceof PatternValue;

const encoder = new TextEncoder();

/** What Java's `trim()` takes away: everything up to the blank. */
export function trimmed(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && text.charCodeAt(from) <= 32) from += 1;
  while (to > from && text.charCodeAt(to - 1) <= 32) to -= 1;
  return text.slice(from, to);
}

const number =
  (type: string): Method<string> =>
  (self) =>
    parseNumber(trimmed(self), type);

const isNumeric =
  (type: string): Method<string> =>
  (self) => {
    try {
      parseNumber(trimmed(self), type);
      return true;
    } catch {
      return false; // a NumberFormatException says no
    }
  };

const size: Method<string> = (self) => self.length;

/** The methods of strings; GStrings use them on their text. */
export const stringMethods: MethodTable<string> = table<string>({
  size,
  length: size,
  trim: (self) => trimmed(self),
  strip: (self) => self.trim(),
  isEmpty: (self) => self === "",
  isAllWhitespace: (self) => self.trim() === "",
  isBlank: (self) => self.trim() === "",
  toLowerCase: (self) => self.toLowerCase(),
  toUpperCase: (self) => self.toUpperCase(),
  capitalize: (self) => self.charAt(0).toUpperCase() + self.slice(1),
  uncapitalize: (self) => self.charAt(0).toLowerCase() + self.slice(1),
  reverse: (self) => reversed(self),
  contains: (self, [what], run) => self.includes(textArg(run, what)),
  startsWith: (self, [what, from], run) => self.startsWith(textArg(run, what), intOf(from) ?? 0),
  endsWith: (self, [what], run) => self.endsWith(textArg(run, what)),
  indexOf: (self, [what, from], run) =>
    self.indexOf(typeof what === "number" ? String.fromCharCode(what) : textArg(run, what), intOf(from) ?? 0),
  lastIndexOf: (self, [what, from], run) =>
    self.lastIndexOf(
      typeof what === "number" ? String.fromCharCode(what) : textArg(run, what),
      intOf(from) ?? self.length,
    ),
  substring: (self, [from, to]) => {
    const start = intOf(from);
    return start === undefined ? undefined : substring(self, start, intOf(to) ?? self.length);
  },
  subSequence: (self, [from, to]) => substring(self, intOf(from) ?? 0, intOf(to) ?? self.length),
  charAt: (self, [index]) => {
    const at = intOf(index) ?? 0;
    if (at < 0 || at >= self.length) {
      throw exception(
        "java.lang.StringIndexOutOfBoundsException",
        `Index ${at} out of bounds for length ${self.length}`,
      );
    }
    return new CharValue(self.charCodeAt(at));
  },
  codePointAt: (self, [index]) => self.codePointAt(intOf(index) ?? 0) ?? 0,
  getAt: (self, [index = null]) => charactersAt(self, index),
  take: (self, [count]) => self.slice(0, Math.max(0, intOf(count) ?? 0)),
  drop: (self, [count]) => self.slice(Math.max(0, intOf(count) ?? 0)),
  takeRight: (self, [count]) => self.slice(Math.max(0, self.length - (intOf(count) ?? 0))),
  dropRight: (self, [count]) => self.slice(0, Math.max(0, self.length - (intOf(count) ?? 0))),
  split: (self, args, run) => {
    const [by = null, limit] = args;
    if (by instanceof ClosureValue) return undefined;
    if (args.length === 0) {
      return new ListValue(tokens(run, self, " \t\n\r\f").items, "java.lang.String[]");
    }
    return splitText(run, self, patternOf(run, by), intOf(limit) ?? 0);
  },
  tokenize: (self, [by], run) => tokens(run, self, by === undefined ? " \t\n\r\f" : textArg(run, by)),
  readLines: (self, _, run) => run.list(linesOf(self)),
  lines: (self, _, run) => run.list(linesOf(self)),
  eachLine: (self, args, run) => eachLine(run, self, args),
  splitEachLine: (self, [by = null, closure = null], run) => eachSplit(run, self, by, closure),
  eachMatch: (self, args, run) => eachMatch(run, self, args),
  find: (self, args, run) => (isText(args[0]) ? findFirst(run, self, args) : undefined),
  findAll: (self, args, run) => (isText(args[0]) ? findAll(run, self, args) : undefined),
  replace: (self, args, run) => replacePlain(run, self, args),
  replaceAll: (self, args, run) => replaced(run, self, args, false),
  replaceFirst: (self, args, run) => replaced(run, self, args, true),
  matches: (self, [pattern = null], run) => matchesWhole(run, patternOf(run, pattern), self) !== null,
  plus: (self, [other], run) => joined(run, self, other),
  concat: (self, [other], run) => joined(run, self, other),
  minus: (self, [other], run) => without(run, self, other),
  multiply: (self, [count], run) => repeated(run, self, count),
  repeat: (self, [count], run) => repeated(run, self, count),
  leftShift: (self, [other], run) => run.construct("java.lang.StringBuffer", [joined(run, self, other)]),
  next: (self) => self.slice(0, -1) + String.fromCharCode(self.charCodeAt(self.length - 1) + 1),
  previous: (self) => self.slice(0, -1) + String.fromCharCode(self.charCodeAt(self.length - 1) - 1),
  padLeft: (self, args, run) => padded(run, self, args, "left"),
  padRight: (self, args, run) => padded(run, self, args, "right"),
  center: (self, args, run) => padded(run, self, args, "both"),
  stripIndent: (self, [count]) => stripIndent(self, intOf(count)),
  stripMargin: (self, [margin], run) => stripMargin(self, margin === undefined ? "|" : textArg(run, margin)),
  normalize: (self) => self.replaceAll(/\r\n?/g, "\n"),
  denormalize: (self) => self,
  expand: (self, _, run) => {
    const tabs = countOf(self, "\t");
    run.meter.text(self.length + 7 * tabs);
    run.meter.allocate(tabs * 32);
    return self.replaceAll("\t", "        ");
  },
  tr: (self, [from, to], run) => translated(run, self, textArg(run, from), textArg(run, to)),
  equalsIgnoreCase: (self, [other = null], run) => stringOf(run, other)?.toLowerCase() === self.toLowerCase(),
  compareTo: (self, [other = null], run) => differenceOf(self, run.text(other)),
  compareToIgnoreCase: (self, [other = null], run) =>
    differenceOf(self.toLowerCase(), run.text(other).toLowerCase()),
  toInteger: number("java.lang.Integer"),
  toLong: number("java.lang.Long"),
  toShort: number("java.lang.Short"),
  toBigInteger: number("java.math.BigInteger"),
  toBigDecimal: number("java.math.BigDecimal"),
  toDouble: number("java.lang.Double"),
  toFloat: number("java.lang.Float"),
  toBoolean: (self) => ["true", "y", "1"].includes(self.trim().toLowerCase()),
  isInteger: isNumeric("java.lang.Integer"),
  isLong: isNumeric("java.lang.Long"),
  isBigInteger: isNumeric("java.math.BigInteger"),
  isBigDecimal: (self) => parseDecimal(self.trim()) !== null,
  isNumber: (self) => parseDecimal(self.trim()) !== null,
  isDouble: (self) => isDouble(self),
  isFloat: (self) => isDouble(self),
  toCharacter: (self) => new CharValue(self.charCodeAt(0)),
  toList: (self, _, run) => run.list(charactersOf(run, self)),
  toSet: (self, _, run) => new SetValue(charactersOf(run, self)),
  getChars: (self, _, run) => charArray(run, self),
  toCharArray: (self, _, run) => charArray(run, self),
  getBytes: (self, [charset = null], run) => bytesOf(run, self, charset),
  count: (self, [what], run) => {
    if (what instanceof ClosureValue) return undefined;
    const text = textArg(run, what);
    return text === "" ? self.length + 1 : countOf(self, text);
  },
  format: (self, args, run) => formatText(run, self, args),
  formatted: (self, args, run) => formatText(run, self, args),
  toURI: (self, _, run) => run.construct("java.net.URI", [self]),
  toURL: (self, _, run) => run.construct("java.net.URL", [self]),
  encodeAsHex: (self) => Buffer.from(self, "utf8").toString("hex"),
  md5: (self, _, run) => digest(run, self, "MD5"),
  sha256: (self, _, run) => digest(run, self, "SHA-256"),
  isCase: (self, [other = null], run) => other !== null && run.text(other) === self,
  intern: (self) => self,
  collectReplacements: (self, [closure = null], run) => replacements(run, self, closure),
});

function joined(run: Runtime, self: string, other: Value | undefined): string {
  const text = self + textArg(run, other);
  run.meter.text(text.length);
  return text;
}

function isDouble(self: string): boolean {
  try {
    parseDouble(self);
    return true;
  } catch {
    return false; // a NumberFormatException says no
  }
}

/** As String.compareTo: the difference of the first unlike characters, or of the lengths. */
function differenceOf(left: string, right: string): number {
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    const difference = left.charCodeAt(i) - right.charCodeAt(i);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function translated(run: Runtime, self: string, from: string, to: string): string {
  const expand = (set: string): string =>
    set.replaceAll(/(.)-(.)/g, (_, low: string, high: string) => {
      let all = "";
      for (let code = low.charCodeAt(0); code <= high.charCodeAt(0); code += 1)
        all += String.fromCharCode(code);
      return all;
    });
  const source = expand(from);
  const target = expand(to);
  run.meter.tick(self.length + Math.floor((self.length * source.length) / 256));
  return self
    .split("")
    .map((char) => {
      const at = source.indexOf(char);
      return at < 0 ? char : target.charAt(Math.min(at, target.length - 1));
    })
    .join("");
}

/** The bytes of a text in a charset. */
export function bytesOf(run: Runtime, text: string, charset: Value): BytesValue {
  const name = charset === null ? "UTF-8" : run.text(charset).toUpperCase();
  if (name === "ISO-8859-1" || name === "LATIN1" || name === "US-ASCII" || name === "ASCII") {
    const most = name.startsWith("ISO") || name === "LATIN1" ? 255 : 127;
    return new BytesValue(
      Uint8Array.from(text.split(""), (char) => (char.charCodeAt(0) > most ? 63 : char.charCodeAt(0))),
    );
  }
  if (name === "UTF-16LE") return new BytesValue(Uint8Array.from(Buffer.from(text, "utf16le")));
  if (name !== "UTF-8" && name !== "UTF8") throw exception("java.io.UnsupportedEncodingException", name);
  return new BytesValue(encoder.encode(text));
}

function digest(run: Runtime, self: string, algorithm: string): Eventual {
  return run.callMethod(bytesOf(run, self, null), "digest", [algorithm]);
}

function* replacements(run: Runtime, self: string, closure: Value): Flow<Value> {
  let result = "";
  for (const char of charactersOf(run, self)) {
    run.meter.allocate(72);
    const value = run.call(closure, [new CharValue(char.charCodeAt(0))]);
    const by = isFlow(value) ? yield* value : value;
    result += by === null ? char : run.text(by);
    if (result.length > run.meter.limits.stringLength) run.meter.text(result.length);
  }
  return result;
}

function* eachSplit(run: Runtime, self: string, by: Value, closure: Value): Flow<Value> {
  let result: Value = null;
  for (const line of linesOf(self)) {
    const parts = new ListValue([...splitText(run, line, patternOf(run, by), 0).items]);
    const value = run.call(closure, [parts]);
    result = isFlow(value) ? yield* value : value;
  }
  return result;
}
