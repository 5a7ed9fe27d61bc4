/** One field of a grammar: digits or text, with its width and range. */
interface Field {
  readonly name: string;
  readonly text: boolean;
  readonly digits: number | null;
  readonly min: number | null;
  readonly max: number | null;
}

type Part = { kind: "literal"; text: string } | { kind: "field"; field: Field };

/** A tag grammar, parsed. Parts from `optionalFrom` on may be missing as a whole. */
export interface TagGrammar {
  readonly source: string;
  readonly parts: readonly Part[];
  readonly optionalFrom: number;
}

/** A grammar, or what is wrong with it and at which column (from 1). */
export type GrammarResult =
  | { ok: true; grammar: TagGrammar }
  | { ok: false; column: number; message: string };

/** What a grammar says of a tag: fields as written, or not its kind of tag, or its kind but wrong. */
export type TagReading =
  | { kind: "match"; fields: Readonly<Record<string, string>> }
  | { kind: "other" }
  | { kind: "rejected"; field: string | null; message: string };

/** Digits a number may have at most, so that it stays exact. */
export const MAX_DIGITS = 9;
const MAX_GRAMMAR = 200;

const MONTH_LIKE: Readonly<Record<string, { min: number; max: number }>> = {
  month: { min: 1, max: 12 },
  date: { min: 1, max: 31 },
  day: { min: 1, max: 31 },
};

// Grammar = { literal | Field } [ "[" { literal | Field } "]" ]
/** Reads a grammar such as `release-v{version}.{month}.{date}.{order}`. */
export function parseTagGrammar(source: string): GrammarResult {
  if (source.length > MAX_GRAMMAR)
    return { ok: false, column: MAX_GRAMMAR, message: `a grammar has at most ${MAX_GRAMMAR} characters` };
  const parts: Part[] = [];
  const names = new Set<string>();
  let optionalFrom: number | null = null;
  let closed = false;
  let literal = "";
  const flush = () => {
    if (literal !== "") parts.push({ kind: "literal", text: literal });
    literal = "";
  };
  for (let at = 0; at < source.length;) {
    const char = source[at] ?? "";
    const fail = (message: string): GrammarResult => ({ ok: false, column: at + 1, message });
    if (closed) return fail("nothing may follow the optional tail");
    if (char === "{") {
      const end = source.indexOf("}", at);
      if (end < 0) return fail("this { has no }");
      const field = readField(source.slice(at + 1, end));
      if (typeof field === "string") return fail(field);
      flush();
      if (parts.at(-1)?.kind === "field") return fail("two fields need literal text between them");
      if (names.has(field.name)) return fail(`the field ${field.name} is there twice`);
      names.add(field.name);
      parts.push({ kind: "field", field });
      at = end + 1;
    } else if (char === "[") {
      if (optionalFrom !== null) return fail("there is one optional tail at most");
      flush();
      optionalFrom = parts.length;
      at += 1;
    } else if (char === "]") {
      if (optionalFrom === null) return fail("this ] has no [");
      flush();
      if (parts.length === optionalFrom) return fail("the optional tail is empty");
      closed = true;
      at += 1;
    } else if (char === "}") return fail("this } has no {");
    else {
      literal += char;
      at += 1;
    }
  }
  if (optionalFrom !== null && !closed)
    return { ok: false, column: source.length, message: "the [ has no ]" };
  flush();
  if (names.size === 0)
    return { ok: false, column: 1, message: "a grammar has at least one field, like {version}" };
  return { ok: true, grammar: { source, parts, optionalFrom: optionalFrom ?? parts.length } };
}

// Field = name [ ":" ( "text" | digits | range | digits "," range ) ];  range = number ".." number
function readField(text: string): Field | string {
  const found = /^([A-Za-z][A-Za-z0-9_]{0,30})(?::(.*))?$/u.exec(text);
  const name = found?.[1];
  if (name === undefined) return `{${text}} is no field: write {name}, {name:2}, {name:1..12} or {name:text}`;
  const form = found?.[2];
  if (form === "text") return { name, text: true, digits: null, min: null, max: null };
  const named = MONTH_LIKE[name];
  if (form === undefined)
    return { name, text: false, digits: named ? 2 : null, min: named?.min ?? null, max: named?.max ?? null };
  const parts = /^(?:(\d)(?:,(\d{1,9})\.\.(\d{1,9}))?|(\d{1,9})\.\.(\d{1,9}))$/u.exec(form);
  if (parts === null)
    return `{${text}}: after the colon stand digits (2), a range (1..12), both (2,1..12) or text`;
  const digits = parts[1] === undefined ? null : Number(parts[1]);
  if (digits === 0) return `{${text}}: a field has at least one digit`;
  const low = parts[2] ?? parts[4];
  const high = parts[3] ?? parts[5];
  const min = low === undefined ? (named?.min ?? null) : Number(low);
  const max = high === undefined ? (named?.max ?? null) : Number(high);
  if (min !== null && max !== null && min > max) return `{${text}}: the range is upside down`;
  return { name, text: false, digits, min, max };
}

/** Reads a tag, left to right, without backtracking. A tag with the grammar's literal beginning that does not fit is rejected, not ignored. */
export function readTag(grammar: TagGrammar, tag: string): TagReading {
  const fields: Record<string, string> = {};
  const beginning = grammar.parts[0];
  const claims = beginning?.kind === "literal" && tag.startsWith(beginning.text);
  const no = (field: string | null, message: string): TagReading =>
    claims ? { kind: "rejected", field, message } : { kind: "other" };
  let at = 0;
  for (const [index, part] of grammar.parts.entries()) {
    if (index === grammar.optionalFrom && at === tag.length) break;
    if (part.kind === "literal") {
      if (!tag.startsWith(part.text, at)) return no(null, `"${part.text}" expected at character ${at + 1}`);
      at += part.text.length;
      continue;
    }
    const value = (part.field.text ? /^[0-9A-Za-z_-]+/u : /^[0-9]+/u).exec(tag.slice(at))?.[0] ?? "";
    const wrong = judgeField(part.field, value);
    if (wrong !== null) return no(part.field.name, wrong);
    fields[part.field.name] = value;
    at += value.length;
  }
  if (at < tag.length)
    return no(null, `"${tag.slice(at)}" at character ${at + 1} is more than the grammar has`);
  const day = judgeDay(fields);
  return day === null ? { kind: "match", fields } : no("date", day);
}

function judgeField(field: Field, value: string): string | null {
  const what = field.text ? "letters, digits, _ or -" : "digits";
  if (value === "") return `${field.name} is missing: ${what} expected`;
  if (field.text) return null;
  if (field.digits !== null && value.length !== field.digits) {
    return `${field.name} "${value}" has ${value.length} digit${value.length === 1 ? "" : "s"}, not ${field.digits}`;
  }
  if (value.length > MAX_DIGITS) return `${field.name} "${value}" has more than ${MAX_DIGITS} digits`;
  const number = Number(value);
  const low = field.min !== null && number < field.min;
  const high = field.max !== null && number > field.max;
  return low || high ? `${field.name} ${number} is not ${field.min ?? 0}..${field.max ?? ""}` : null;
}

function judgeDay(fields: Readonly<Record<string, string>>): string | null {
  const month = fields["month"];
  const day = fields["date"] ?? fields["day"];
  if (month === undefined || day === undefined) return null;
  const written = fields["year"];
  // Without a year the 29th of February exists: 2024 had one.
  const year = written?.length === 4 ? Number(written) : 2024;
  const date = new Date(Date.UTC(year, Number(month) - 1, Number(day)));
  return date.getUTCMonth() === Number(month) - 1 ? null : `${month}-${day} is no day of the calendar`;
}

/** Order of two tags of one grammar: field by field as written, numbers as numbers, a missing tail first. */
export function compareTags(
  grammar: TagGrammar,
  left: Readonly<Record<string, string>>,
  right: Readonly<Record<string, string>>,
): number {
  for (const part of grammar.parts) {
    if (part.kind !== "field") continue;
    const a = left[part.field.name];
    const b = right[part.field.name];
    if (a === undefined || b === undefined) {
      if (a === b) continue;
      return a === undefined ? -1 : 1;
    }
    const difference = part.field.text ? compareText(a, b) : Number(a) - Number(b);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/**
 * The tag that follows the latest one: its last number plus one, padded alike; when the month or day differ from
 * today's (in the site's zone, given by the caller) they become today's and the last number starts at 1.
 */
export function nextTag(
  grammar: TagGrammar,
  latest: Readonly<Record<string, string>>,
  today: { readonly year: number; readonly month: number; readonly day: number },
): string | null {
  const numbers = grammar.parts.flatMap((part) =>
    part.kind === "field" && !part.field.text ? [part.field.name] : [],
  );
  const last = numbers.filter((name) => latest[name] !== undefined && MONTH_LIKE[name] === undefined).at(-1);
  if (last === undefined) return null;
  const calendar: Record<string, number> = {
    year: today.year,
    month: today.month,
    date: today.day,
    day: today.day,
  };
  const moved = numbers.some((name) => {
    const written = latest[name];
    const now = calendar[name];
    return written !== undefined && now !== undefined && Number(written) !== now;
  });
  let out = "";
  for (const [index, part] of grammar.parts.entries()) {
    if (index === grammar.optionalFrom && !hasTail(grammar, latest)) break;
    if (part.kind === "literal") {
      out += part.text;
      continue;
    }
    const { name } = part.field;
    const written = latest[name] ?? "";
    const now = calendar[name];
    if (name === last) out += String(moved ? 1 : Number(written) + 1).padStart(written.length, "0");
    else if (now !== undefined) out += String(now).padStart(written.length, "0");
    else out += written;
  }
  return readTag(grammar, out).kind === "match" ? out : null;
}

function hasTail(grammar: TagGrammar, fields: Readonly<Record<string, string>>): boolean {
  return grammar.parts
    .slice(grammar.optionalFrom)
    .some((part) => part.kind === "field" && fields[part.field.name] !== undefined);
}
