import type { Meter } from "../interpreter/meter.ts";

/** A text is not CSV. */
export class CsvError extends Error {}

/**
 * The records of a CSV text as Apache Commons CSV reads it by default: commas, quotes that are doubled to be meant, empty
 * lines left out. https://commons.apache.org/proper/commons-csv/apidocs/org/apache/commons/csv/CSVFormat.html#DEFAULT
 *
 * @throws {CsvError} where a quote is not closed, or something follows the closing one.
 */
export function parseCsv(text: string, meter: Meter): string[][] {
  meter.tick(text.length >> 3);
  const records: string[][] = [];
  let at = 0;
  while (at < text.length) {
    const end = endOfLine(text, at);
    if (end > at) {
      at = end;
      continue;
    }
    const record: string[] = [];
    at = readRecord(text, at, record, meter);
    records.push(record);
    meter.collection(records.length);
  }
  return records;
}

// Record = Field { "," Field } ( LineEnd | EndOfText )
function readRecord(text: string, from: number, record: string[], meter: Meter): number {
  for (let at = from; ; at += 1) {
    const field = text[at] === '"' ? quoted(text, at) : bare(text, at);
    meter.allocate(32 + field.value.length);
    meter.collection(record.length + 1);
    record.push(field.value);
    at = field.end;
    if (text[at] !== ",") return endOfLine(text, at);
  }
}

/** A field, and where what follows it begins: a comma, a line end or the end of the text. */
type FieldRead = { readonly value: string; readonly end: number };

function bare(text: string, from: number): FieldRead {
  SEPARATOR.lastIndex = from;
  const end = SEPARATOR.exec(text)?.index ?? text.length;
  return { value: text.slice(from, end), end };
}

const SEPARATOR = /[,\r\n]/g;

// Quoted = '"' { any but '"' | '""' } '"' { blank }
function quoted(text: string, from: number): FieldRead {
  let close = text.indexOf('"', from + 1);
  while (close !== -1 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
  if (close === -1)
    throw new CsvError(`(startline ${lineOf(text, from)}) EOF reached before encapsulated token finished`);
  let end = close + 1;
  while (/[^\S\r\n]/.test(text[end] ?? "")) end += 1;
  const next = text[end];
  if (next !== undefined && !/[,\r\n]/.test(next))
    throw new CsvError(
      `Invalid character between encapsulated token and delimiter at line: ${lineOf(text, end)}, position: ${end}`,
    );
  return { value: text.slice(from + 1, close).replaceAll('""', '"'), end };
}

/** Behind the line end at `at`; `at` itself when there is none. */
function endOfLine(text: string, at: number): number {
  if (text[at] === "\n") return at + 1;
  if (text[at] !== "\r") return at;
  return text[at + 1] === "\n" ? at + 2 : at + 1;
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split(/\r\n|\r|\n/).length;
}

/** A CSV text as Apache Commons CSV writes it by default: quotes only where they are needed, lines end in CR LF. */
export function formatCsv(records: readonly (readonly string[])[]): string {
  return records
    .map((record) => `${record.map((value, index) => quotedIfNeeded(value, index === 0)).join(",")}\r\n`)
    .join("");
}

function quotedIfNeeded(value: string, isFirst: boolean): string {
  // An empty record would be read as an empty line.
  const needsQuotes = value === "" ? isFirst : /^[\0-#]|[\r\n",]|[\0- ]$/.test(value);
  return needsQuotes ? `"${value.replaceAll('"', '""')}"` : value;
}
