import type { CsvSettings } from "../interpreter/library/csv-settings.ts";
import type { Meter } from "../interpreter/meter.ts";

/** A text is not CSV. */
export class CsvError extends Error {}

/** A value, and what stood behind it. */
export type CsvToken = {
  readonly value: string;
  readonly isQuoted: boolean;
  readonly ends: "value" | "record" | "text";
};

/**
 * Takes a CSV text apart as the reader of Apache Commons CSV does. Every character is gone over a fixed number of times.
 * https://github.com/apache/commons-csv/blob/rel/commons-csv-1.14.1/src/main/java/org/apache/commons/csv/Lexer.java
 */
export class CsvLexer {
  /** Where it stands in the text. */
  at = 0;
  readonly #text: string;
  readonly #settings: CsvSettings;
  readonly #meter: Meter;
  /** What may end a piece of a value without quotes, and of one within. */
  readonly #bareStop: RegExp;
  readonly #quotedStop: RegExp;
  /** Each character of a long delimiter has an escape of its own. */
  readonly #escapedDelimiter: string;

  constructor(text: string, settings: CsvSettings, meter: Meter) {
    this.#text = text;
    this.#settings = settings;
    this.#meter = meter;
    const { delimiter, escape, quote } = settings;
    this.#bareStop = oneOf("\r", "\n", delimiter.charAt(0), escape);
    this.#quotedStop = oneOf(quote, escape);
    this.#escapedDelimiter = delimiter.split("").join(escape ?? "");
    meter.tick(text.length >> 3);
  }

  /** The comment on this line, without its marker; undefined when the line is none. Only where a record may begin. */
  comment(): string | undefined {
    const { commentMarker } = this.#settings;
    if (commentMarker === null || this.#text[this.at] !== commentMarker) return undefined;
    const end = this.#find(LINE_END, this.at);
    const comment = this.#text.slice(this.at + 1, end);
    this.at = this.#behindLineEnd(end);
    return comment;
  }

  /** Goes past empty lines, if they are to be left out. */
  skipEmptyLines(): void {
    if (!this.#settings.ignoreEmptyLines) return;
    while (this.#isLineEnd()) this.at = this.#behindLineEnd(this.at);
  }

  /** Is there no further record? Behind a delimiter there is one more value even at the end. */
  isAtEnd(): boolean {
    return this.at >= this.#text.length;
  }

  /**
   * The next value.
   *
   * @throws {CsvError} where a quote or an escape is not closed, or something follows a closing quote.
   */
  next(): CsvToken {
    this.#meter.tick();
    if (this.#settings.ignoreSurroundingSpaces) this.#skipBlanks();
    const { quote } = this.#settings;
    const isQuoted = quote !== null && this.#text[this.at] === quote;
    const value = isQuoted ? this.#quoted(quote) : this.#bare();
    this.#meter.allocate(32 + value.length);
    return { value, isQuoted, ends: this.#end() };
  }

  // Bare = { any but the delimiter, line ends and the escape | Escaped }
  #bare(): string {
    const pieces: string[] = [];
    for (let from = this.at; ; from = this.at) {
      this.at = this.#find(this.#bareStop, this.at);
      while (!this.#isBareEnd()) this.at = this.#find(this.#bareStop, this.at + 1);
      pieces.push(this.#text.slice(from, this.at));
      if (!this.#isEscape()) break;
      pieces.push(this.#escaped());
    }
    const value = pieces.length === 1 ? (pieces[0] ?? "") : pieces.join("");
    return this.#settings.ignoreSurroundingSpaces ? withoutBlanksBehind(value) : value;
  }

  /** Does a piece of a value without quotes end here? A long delimiter may only seem to begin. */
  #isBareEnd(): boolean {
    return this.at >= this.#text.length || this.#isLineEnd() || this.#isEscape() || this.#isDelimiter();
  }

  // Quoted = quote { any but the quote and the escape | quote quote | Escaped } quote { blank }
  #quoted(quote: string): string {
    const opened = this.at;
    const pieces: string[] = [];
    for (let from = opened + 1; ; from = this.at) {
      this.at = this.#find(this.#quotedStop, from);
      pieces.push(this.#text.slice(from, this.at));
      if (this.at >= this.#text.length) {
        if (!this.#settings.lenientEof) throw this.#unclosed(opened);
        break;
      }
      // Two quotes are meant as one, also where the escape is the quote.
      if (this.#text[this.at] !== quote) pieces.push(this.#escaped());
      else if (this.#text[this.at + 1] === quote) {
        pieces.push(quote);
        this.at += 2;
      } else {
        this.at += 1;
        pieces.push(this.#trailing());
        break;
      }
      this.#meter.tick();
    }
    return pieces.length === 1 ? (pieces[0] ?? "") : pieces.join("");
  }

  /** Goes past what stands behind a closing quote, and gives what of it belongs to the value. */
  #trailing(): string {
    const from = this.at;
    while (this.at < this.#text.length && !this.#isLineEnd() && !this.#isDelimiter()) {
      if (!this.#settings.trailingData && !isBlank(this.#text, this.at)) throw this.#misplaced();
      this.at += 1;
    }
    return this.#settings.trailingData ? this.#text.slice(from, this.at) : "";
  }

  // Escaped = escape ( delimiter | "r" | "n" | "t" | "b" | "f" | control | quote | escape | comment marker )
  #escaped(): string {
    this.#meter.tick();
    const { delimiter, escape, quote, commentMarker } = this.#settings;
    this.#meter.tick(this.#escapedDelimiter.length >> 4);
    if (this.#text.startsWith(this.#escapedDelimiter, this.at + 1)) {
      this.at += 1 + this.#escapedDelimiter.length;
      return delimiter;
    }
    const character = this.#text[this.at + 1];
    if (character === undefined) throw new CsvError("EOF while processing escape sequence");
    this.at += 2;
    const known = CONTROLS.get(character);
    if (known !== undefined) return known;
    const isMeant = character === escape || character === quote || character === commentMarker;
    return isMeant ? character : `${escape}${character}`;
  }

  /** Goes past what ends a value. */
  #end(): CsvToken["ends"] {
    if (this.at >= this.#text.length) return "text";
    if (this.#isLineEnd()) {
      this.at = this.#behindLineEnd(this.at);
      return "record";
    }
    this.at += this.#settings.delimiter.length;
    return "value";
  }

  #skipBlanks(): void {
    while (isBlank(this.#text, this.at) && !this.#isLineEnd() && !this.#isDelimiter()) this.at += 1;
  }

  #isDelimiter(): boolean {
    const { delimiter } = this.#settings;
    if (delimiter.length === 1) return this.#text[this.at] === delimiter;
    this.#meter.tick(1 + (delimiter.length >> 4));
    return this.#text.startsWith(delimiter, this.at);
  }

  #isEscape(): boolean {
    return this.#settings.escape !== null && this.#text[this.at] === this.#settings.escape;
  }

  #isLineEnd(): boolean {
    return this.#text[this.at] === "\n" || this.#text[this.at] === "\r";
  }

  #behindLineEnd(at: number): number {
    if (this.#text[at] === "\r" && this.#text[at + 1] === "\n") return at + 2;
    return Math.min(at + 1, this.#text.length);
  }

  /** Where one of the characters is next; the end of the text when it is nowhere. */
  #find(wanted: RegExp, from: number): number {
    wanted.lastIndex = from;
    return wanted.exec(this.#text)?.index ?? this.#text.length;
  }

  #unclosed(opened: number): CsvError {
    return new CsvError(`(startline ${this.#lineOf(opened)}) EOF reached before encapsulated token finished`);
  }

  #misplaced(): CsvError {
    return new CsvError(
      `Invalid character between encapsulated token and delimiter at line: ${this.#lineOf(this.at)}, position: ${grouped(this.at + 1)}`,
    );
  }

  #lineOf(offset: number): string {
    return grouped(this.#text.slice(0, offset).split(/\r\n|\r|\n/).length);
  }
}

const LINE_END = /[\r\n]/g;

const CONTROLS: ReadonlyMap<string, string> = new Map([
  ["r", "\r"],
  ["n", "\n"],
  ["t", "\t"],
  ["b", "\b"],
  ["f", "\f"],
  ...["\r", "\n", "\t", "\b", "\f"].map((each) => [each, each] as const),
]);

/** Finds any of the characters; nothing when there are none. */
export function oneOf(...characters: readonly (string | null)[]): RegExp {
  return new RegExp(`[${characters.map((each) => (each === null ? "" : inPattern(each))).join("")}]`, "g");
}

/** A text as a pattern that finds just this text. */
export function inPattern(text: string): string {
  return text
    .split("")
    .map((each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}

/** What Java calls white space: no blank that holds words together. */
// oxlint-disable-next-line no-control-regex -- Java's separators of files, groups, records and units are among it
const BLANK = /[\t-\r\x1C- \u1680\u2000-\u2006\u2008-\u200A\u2028\u2029\u205F\u3000]/;

function isBlank(text: string, at: number): boolean {
  return BLANK.test(text[at] ?? "");
}

function withoutBlanksBehind(text: string): string {
  let end = text.length;
  while (isBlank(text, end - 1)) end -= 1;
  return text.slice(0, end);
}

function grouped(count: number): string {
  return count.toLocaleString("en-US");
}
