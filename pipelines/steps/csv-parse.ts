import { CsvHeader, CsvRecordValue } from "../interpreter/library/csv-record.ts";
import type { CsvSettings } from "../interpreter/library/csv-settings.ts";
import type { Meter } from "../interpreter/meter.ts";
import { trimmed } from "../interpreter/methods/string.ts";
import { CsvLexer, type CsvToken } from "./csv-lexer.ts";

/**
 * The records of a CSV text as Apache Commons CSV reads it in this format.
 *
 * @throws {CsvError} where a quote or an escape is not closed, or something follows a closing quote.
 * @throws {ThrownValue} IllegalArgumentException for a header that the format does not allow.
 */
export function parseCsv(text: string, settings: CsvSettings, meter: Meter): CsvRecordValue[] {
  const lexer = new CsvLexer(text, settings, meter);
  const header = readHeader(lexer, settings, meter);
  const records: CsvRecordValue[] = [];
  while (settings.maxRows <= 0 || records.length < settings.maxRows) {
    const read = readRecord(lexer, settings, meter);
    if (read === undefined) break;
    const { values, comment, position } = read;
    records.push(new CsvRecordValue(values, header, { number: records.length + 1, position, comment }));
    meter.collection(records.length);
  }
  return records;
}

type RecordRead = {
  readonly values: (string | null)[];
  readonly comment: string | null;
  readonly position: number;
};

/** The header that the format names, or that is the first record. */
function readHeader(lexer: CsvLexer, settings: CsvSettings, meter: Meter): CsvHeader | null {
  const { header } = settings;
  if (header === null) return null;
  const isInText = header.length === 0;
  const first = isInText || settings.skipHeaderRecord ? readRecord(lexer, settings, meter) : undefined;
  const names = isInText ? (first?.values ?? []) : header;
  meter.tick(names.length);
  meter.allocate(names.length * 100);
  return new CsvHeader(names, settings);
}

// Record = { Comment } Value { delimiter Value } ( LineEnd | EndOfText )
function readRecord(lexer: CsvLexer, settings: CsvSettings, meter: Meter): RecordRead | undefined {
  const position = lexer.at;
  const comment = readComments(lexer, meter);
  if (lexer.isAtEnd()) return undefined;
  const values: (string | null)[] = [];
  for (;;) {
    const token = lexer.next();
    const value = settings.trim ? trimmed(token.value) : token.value;
    const isOver = token.ends !== "value";
    // What a delimiter at the end of a line seems to begin.
    if (!(isOver && value === "" && settings.trailingDelimiter)) values.push(valueOf(value, token, settings));
    meter.collection(values.length);
    if (isOver) return { values, comment, position };
  }
}

/** The comments before a record, one to a line; null when there are none. */
function readComments(lexer: CsvLexer, meter: Meter): string | null {
  const comments: string[] = [];
  for (;;) {
    lexer.skipEmptyLines();
    const comment = lexer.comment();
    if (comment === undefined) break;
    meter.allocate(32 + comment.length);
    comments.push(trimmed(comment));
  }
  return comments.length === 0 ? null : comments.join("\n");
}

/** A value, or null for the text that means null. Where quotes tell texts from others, they tell a text from null too. */
function valueOf(value: string, { isQuoted }: CsvToken, settings: CsvSettings): string | null {
  const { nullString, quoteMode } = settings;
  const isStrict = quoteMode === "ALL_NON_NULL" || quoteMode === "NON_NUMERIC";
  if (value === (nullString ?? (isStrict ? "" : null))) return isStrict && isQuoted ? value : null;
  return value;
}
