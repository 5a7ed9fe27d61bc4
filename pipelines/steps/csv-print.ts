import type { CsvSettings } from "../interpreter/library/csv-settings.ts";
import type { Meter } from "../interpreter/meter.ts";
import { trimmed } from "../interpreter/methods/string.ts";
import { isNumber } from "../interpreter/numbers.ts";
import type { Value } from "../interpreter/values.ts";
import { inPattern, oneOf } from "./csv-lexer.ts";

/**
 * Writes records as the printer of Apache Commons CSV does.
 * https://github.com/apache/commons-csv/blob/rel/commons-csv-1.14.1/src/main/java/org/apache/commons/csv/CSVFormat.java
 */
export class CsvPrinter {
  readonly #settings: CsvSettings;
  readonly #meter: Meter;
  readonly #textOf: (value: Value) => string;
  readonly #parts: string[] = [];
  #length = 0;
  /** What makes quotes necessary, apart from a long delimiter. */
  readonly #special: RegExp;
  readonly #quoteOrEscape: RegExp;
  readonly #toEscape: RegExp;

  constructor(settings: CsvSettings, meter: Meter, textOf: (value: Value) => string) {
    this.#settings = settings;
    this.#meter = meter;
    this.#textOf = textOf;
    const { delimiter, escape, quote } = settings;
    this.#special = new RegExp(oneOf("\r", "\n", quote, escape).source);
    this.#quoteOrEscape = oneOf(quote, escape ?? quote);
    this.#toEscape = new RegExp(`${inPattern(delimiter)}|${oneOf("\r", "\n", escape).source}`, "g");
  }

  /** What the format puts before all records: comments, and the header unless that is to be skipped. */
  printHead(): void {
    const { header, headerComments, skipHeaderRecord } = this.#settings;
    for (const comment of headerComments ?? []) this.#printComment(comment);
    if (header !== null && !skipHeaderRecord) this.printRecord(header);
  }

  /** One record. */
  printRecord(values: readonly Value[]): void {
    this.#meter.tick(1 + values.length);
    for (const [index, value] of values.entries()) {
      if (index > 0) this.#add(this.#settings.delimiter);
      this.#add(this.#written(value, index === 0));
    }
    this.#endRecord();
  }

  /** All that was printed. */
  text(): string {
    this.#meter.text(this.#length);
    return this.#parts.join("");
  }

  #printComment(comment: string | null): void {
    const { commentMarker } = this.#settings;
    if (comment === null || commentMarker === null) return;
    for (const line of comment.split(/\r\n|\r|\n/)) {
      this.#add(`${commentMarker} ${line}`);
      this.#endRecord();
    }
  }

  #endRecord(): void {
    const { delimiter, recordSeparator, trailingDelimiter } = this.#settings;
    if (trailingDelimiter) this.#add(delimiter);
    this.#add(recordSeparator ?? "");
  }

  /** Parts may be one text many times over, which takes no room before they are joined. */
  #add(part: string): void {
    this.#length += part.length;
    if (this.#length > this.#meter.limits.stringLength) this.#meter.text(this.#length);
    this.#parts.push(part);
  }

  #written(value: Value, isFirst: boolean): string {
    const { escape, quote, trim } = this.#settings;
    if (value === null) return trim ? trimmed(this.#null()) : this.#null();
    const plain = this.#textOf(value);
    const text = trim ? trimmed(plain) : plain;
    this.#meter.tick(text.length >> 4);
    if (quote !== null) return this.#quoted(value, text, quote, isFirst);
    return escape === null ? text : this.#escaped(text, escape);
  }

  #null(): string {
    const { nullString, quote, quoteMode } = this.#settings;
    if (nullString === null) return "";
    return quoteMode === "ALL" && quote !== null ? `${quote}${nullString}${quote}` : nullString;
  }

  #quoted(value: Value, text: string, quote: string, isFirst: boolean): string {
    const { escape, quoteMode } = this.#settings;
    if (quoteMode === "NONE") return this.#escaped(text, escape ?? quote);
    if (!this.#needsQuotes(value, text, isFirst)) return text;
    const before = escape ?? quote;
    return `${quote}${text.replace(this.#quoteOrEscape, (character) => before + character)}${quote}`;
  }

  #needsQuotes(value: Value, text: string, isFirst: boolean): boolean {
    const { delimiter, quoteMode } = this.#settings;
    if (quoteMode === "ALL" || quoteMode === "ALL_NON_NULL") return true;
    if (quoteMode === "NON_NUMERIC") return !isNumber(value);
    // An empty record would be read as an empty line.
    if (text === "") return isFirst;
    if (delimiter.length > 1) this.#meter.tick(Math.floor((text.length * delimiter.length) / 512));
    if (text.charAt(0) <= "#" || text.charAt(text.length - 1) <= " ") return true;
    return this.#special.test(text) || text.includes(delimiter);
  }

  #escaped(text: string, escape: string): string {
    const { delimiter } = this.#settings;
    if (delimiter.length > 1) this.#meter.tick(Math.floor((text.length * delimiter.length) / 512));
    return text.replace(this.#toEscape, (found) => {
      if (found === "\n") return `${escape}n`;
      if (found === "\r") return `${escape}r`;
      return found.replace(/[^]/g, (character) => escape + character);
    });
  }
}
