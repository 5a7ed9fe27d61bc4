import { Instance } from "../classes.ts";
import { sequenceOf, stringOf } from "../comparing.ts";
import { parseDecimal } from "../decimal.ts";
import { formatDate } from "../dates/format.ts";
import type { Meter } from "../meter.ts";
import { numberText } from "../number-text.ts";
import type { Runtime } from "../runtime.ts";
import { exception } from "../thrown.ts";
import {
  BigIntegerValue,
  DateValue,
  ListValue,
  LongValue,
  MapValue,
  SetValue,
  type Value,
} from "../values.ts";
import { LibraryValue } from "../library.ts";

/** How deep a JSON text may nest. */
const MAX_DEPTH = 500;

/** Reads JSON as JsonSlurper does: whole numbers as Integer, Long or BigInteger, others as BigDecimal. */
export function parseJson(run: Runtime, text: string): Value {
  const reader = new JsonReader(run, text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class JsonReader {
  private readonly run: Runtime;
  private readonly text: string;
  private at = 0;
  constructor(run: Runtime, text: string) {
    this.run = run;
    this.text = text;
    run.meter.tick(text.length >> 4);
  }

  private error(): Error {
    const found = this.text.charAt(this.at);
    const what = found === "" ? "the text ends too early" : `unexpected character '${found}'`;
    const line = this.text.slice(0, this.at).split("\n").length;
    return exception(
      "groovy.json.JsonException",
      `Unable to determine the current character, ${what} at line ${line}, index ${this.at}`,
    );
  }

  private space(): void {
    while (/[ \t\r\n]/.test(this.text.charAt(this.at))) this.at += 1;
  }

  end(): void {
    this.space();
    if (this.at < this.text.length) throw this.error();
  }

  value(depth: number): Value {
    if (depth > MAX_DEPTH) throw exception("groovy.json.JsonException", "nested too deeply");
    this.run.meter.tick();
    this.space();
    const char = this.text.charAt(this.at);
    if (char === "{") return this.object(depth);
    if (char === "[") return this.array(depth);
    if (char === '"') return this.string();
    for (const [word, value] of [
      ["true", true],
      ["false", false],
      ["null", null],
    ] as const) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.number();
  }

  private number(): Value {
    const match = /^-?\d+(\.\d+)?([eE][+-]?\d+)?/.exec(this.text.slice(this.at, this.at + 400));
    if (match === null) throw this.error();
    this.at += match[0].length;
    if (match[1] !== undefined || match[2] !== undefined) return parseDecimal(match[0]);
    const whole = BigInt(match[0]);
    if (BigInt.asIntN(32, whole) === whole) return Number(whole);
    return BigInt.asIntN(64, whole) === whole ? new LongValue(whole) : new BigIntegerValue(whole);
  }

  private string(): string {
    this.at += 1;
    let result = "";
    for (;;) {
      const end = this.text.slice(this.at).search(/["\\]/);
      if (end < 0) {
        this.at = this.text.length;
        throw this.error();
      }
      result += this.text.slice(this.at, this.at + end);
      this.at += end + 1;
      if (this.text.charAt(this.at - 1) === '"') return result;
      result += this.escape();
    }
  }

  private escape(): string {
    const char = this.text.charAt(this.at);
    this.at += 1;
    const plain = new Map([
      ["n", "\n"],
      ["t", "\t"],
      ["r", "\r"],
      ["b", "\b"],
      ["f", "\f"],
      ["/", "/"],
      ["\\", "\\"],
      ['"', '"'],
    ]);
    const known = plain.get(char);
    if (known !== undefined) return known;
    const hex = /^[0-9a-fA-F]{4}/.exec(this.text.slice(this.at, this.at + 4))?.[0];
    if (char !== "u" || hex === undefined) throw this.error();
    this.at += 4;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  private array(depth: number): Value {
    this.at += 1;
    const items: Value[] = [];
    this.space();
    if (this.text.charAt(this.at) === "]") {
      this.at += 1;
      return new ListValue();
    }
    for (;;) {
      items.push(this.value(depth + 1));
      if (this.separator("]")) return this.run.list(items);
    }
  }

  private object(depth: number): Value {
    this.at += 1;
    const map = new MapValue();
    this.space();
    if (this.text.charAt(this.at) === "}") {
      this.at += 1;
      return map;
    }
    for (;;) {
      this.space();
      if (this.text.charAt(this.at) !== '"') throw this.error();
      const key = this.string();
      this.space();
      if (this.text.charAt(this.at) !== ":") throw this.error();
      this.at += 1;
      map.set(key, this.value(depth + 1));
      this.run.meter.allocate(64);
      if (this.separator("}")) return map;
    }
  }

  /** A comma, or the end of an array or object. */
  private separator(close: string): boolean {
    this.space();
    const char = this.text.charAt(this.at);
    if (char !== "," && char !== close) throw this.error();
    this.at += 1;
    return char === close;
  }
}

/** Writes JSON as JsonOutput does: what is not ASCII is escaped. */
export function toJson(run: Runtime, value: Value): string {
  const text = written(run, value, 0);
  run.meter.text(text.length);
  return text;
}

function written(run: Runtime, value: Value, depth: number): string {
  if (depth > MAX_DEPTH) throw exception("groovy.json.JsonException", "nested too deeply");
  run.meter.tick();
  if (value === null || typeof value === "boolean") return String(value);
  const number = numberText(value);
  if (number !== undefined) return number;
  const text = stringOf(run, value);
  if (text !== undefined) return quotedJson(text);
  if (value instanceof MapValue) {
    const entries = [...value.entries.values()];
    return `{${entries.map((entry) => `${quotedJson(run.text(entry.entryKey))}:${written(run, entry.value, depth + 1)}`).join(",")}}`;
  }
  const items = sequenceOf(value) ?? (value instanceof SetValue ? [...value.members.values()] : undefined);
  if (items !== undefined) return `[${items.map((item) => written(run, item, depth + 1)).join(",")}]`;
  if (value instanceof DateValue) return `"${formatDate("yyyy-MM-dd'T'HH:mm:ssZ", value.timeMs, "UTC")}"`;
  if (value instanceof JsonBuilderValue) return written(run, value.content, depth + 1);
  if (value instanceof Instance && value.constant === null) {
    const fields = value.definition.allFields().filter((field) => field.isProperty);
    return `{${fields.map((field) => `${quotedJson(field.name)}:${written(run, value.fields.get(field.name) ?? null, depth + 1)}`).join(",")}}`;
  }
  return quotedJson(run.text(value));
}

/** A text as a JSON string, all in ASCII. */
export function quotedJson(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Sets JSON over several lines, four blanks for each level. */
export function prettyJson(json: string, meter: Meter): string {
  let result = "";
  let depth = 0;
  const newline = (): string => `\n${" ".repeat(4 * depth)}`;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    // Deep nesting sets a short text over lines of endless blanks.
    meter.tick(6 + (depth >> 4));
    if (result.length > meter.limits.stringLength) meter.text(result.length);
    if (token === "{" || token === "[") {
      depth += 1;
      result += token + newline();
    } else if (token === "}" || token === "]") {
      depth = Math.max(0, depth - 1);
      result += newline() + token;
    } else if (token === ",") result += token + newline();
    else result += token === ":" ? ": " : token;
  }
  return result;
}

/** JsonSlurper and JsonSlurperClassic. */
export class JsonSlurperValue extends LibraryValue {
  readonly javaClass: string;
  constructor(javaClass: string) {
    super();
    this.javaClass = javaClass;
  }
  invoke(name: string, args: readonly Value[], run: Runtime): Value | undefined {
    if (name === "parseText") {
      const [text = null] = args;
      if (text === null || run.text(text) === "") {
        throw exception("java.lang.IllegalArgumentException", "Text must not be null or empty");
      }
      return parseJson(run, run.text(text));
    }
    return name === "setType" ? this : undefined;
  }
  toText(): string {
    return this.javaClass;
  }
}

/** JsonBuilder over a value, or filled by calls. */
export class JsonBuilderValue extends LibraryValue {
  readonly javaClass = "groovy.json.JsonBuilder";
  content: Value;
  constructor(content: Value) {
    super();
    this.content = content;
  }
  invoke(name: string, args: readonly Value[], run: Runtime): Value | undefined {
    const [first = null] = args;
    if (name === "toPrettyString") return prettyJson(toJson(run, this.content), run.meter);
    if (name === "toString") return toJson(run, this.content);
    if (name === "getContent") return this.content;
    if (name === "call") {
      this.content = first;
      return first;
    }
    return undefined;
  }
  toText(run: Runtime): string {
    return toJson(run, this.content);
  }
}
