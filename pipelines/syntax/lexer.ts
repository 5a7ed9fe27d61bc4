import type { Diagnostic, Span } from "../diagnostic.ts";
import type { Quote } from "./ast.ts";
import { isDigit, isLetter, lineStartsOf } from "./characters.ts";
import { isBrokenUnicode, readEscape, readJoinedLines, readUnicode, resolveUnicode } from "./escapes.ts";
import type { Escape, Resolved } from "./escapes.ts";
import { canEndExpression, KEYWORDS, NAMES_BESIDE_A_DOT } from "./token.ts";
import type { Token, TokenKind } from "./token.ts";

/** The tokens of a text, the last one of kind `end`, and what was wrong with its characters. */
export type Lexed = { readonly tokens: readonly Token[]; readonly diagnostics: readonly Diagnostic[] };

/** Cuts a Groovy text into tokens. Wrong characters and unclosed strings become diagnostics, and reading goes on. */
export function lex(text: string): Lexed {
  const asWritten = new Lexer(text);
  asWritten.run();
  if (!asWritten.metUnicode) return asWritten;
  const resolved = resolveUnicode(text);
  const lexer = new Lexer(text, resolved);
  lexer.run();
  return lexer;
}

// Longest first, so that the first match is the right one.
const OPERATORS: readonly (readonly string[])[] = [
  [">>>="],
  ["<=>", "===", "!==", "...", "..<", "==~", "**=", "<<=", ">>=", ">>>"],
  [
    "==",
    "!=",
    "++",
    "--",
    "+=",
    "-=",
    "*=",
    "/=",
    "%=",
    "&=",
    "|=",
    "^=",
    "<<",
    ">>",
    "<=",
    ">=",
    "&&",
    "||",
  ],
  ["..", "*.", "?.", "?:", ".&", "=~", "**", "->"],
  "? ( ) [ ] { } : , . = ! ~ / + - * % ^ | & < > ; @".split(" "),
];
const OPERATOR_AT: ReadonlyMap<string, readonly string[]> = operatorsByFirstCharacter();

const NUMBER =
  /0[xX][0-9a-fA-F](?:[0-9a-fA-F_]*[0-9a-fA-F])?[lLiIgG]?|0[bB][01](?:[01_]*[01])?[lLiIgG]?|\d(?:[\d_]*\d)?(?:(?:\.\d(?:[\d_]*\d)?(?:[eE][+-]?[\d_]*\d)?|[eE][+-]?[\d_]*\d)[fFdDgG]?|[fFdDlLiIgG])?/y;
// A zero and more digits is octal unless a point, an exponent or a suffix makes it a decimal: 08 is 0 and then 8.
const OCTAL_START = /0[0-7](?:[0-7_]*[0-7])?[lLiIgG]?/y;

// The letters of characters.ts and digits; a `$` ends a word inside a string.
const SIMPLE_WORD = /[A-Za-z0-9_\u00C0-\u00D6\u00D8-\u00F6\u00F8-\uFFFE]+/y;
const WORD = /[A-Za-z0-9_$\u00C0-\u00D6\u00D8-\u00F6\u00F8-\uFFFE]+/y;
// Characters of a string that mean themselves whatever its quotes are.
const PLAIN = /[^'"\\$/\r\n]+/y;

/** A string being read: its quotes and where it was opened. */
type OpenString = { readonly quote: Quote; readonly openedAt: number };
/** What a `{` interrupts: the count of open round and square brackets, and the string whose value it opens. */
type Frame = { readonly brackets: number; readonly string?: OpenString };

/** How many tokens a file may have: beyond them it is data, and takes more memory than a pipeline may. */
export const MAX_TOKENS = 150_000;
/** Diagnostics after which the rest of a file is not looked at. */
export const MAX_PROBLEMS = 100;

class Lexer {
  readonly tokens: Token[] = [];
  readonly diagnostics: Diagnostic[] = [];
  readonly #text: string;
  readonly #lineStarts: readonly number[];
  readonly #written: (offset: number) => number;
  readonly #frames: Frame[] = [];
  /** Whether a `\uXXXX` stands outside of strings and comments: it may be a letter or a sign of any kind. */
  metUnicode = false;
  #at = 0;
  #line = 0;
  #brackets = 0;
  // How many strings that must end on their line are open around this place.
  #oneLiners = 0;

  constructor(text: string, resolved: Resolved = { text, written: (offset) => offset }) {
    this.#text = resolved.text;
    this.#written = resolved.written;
    this.#lineStarts = lineStartsOf(text);
  }

  run(): void {
    if (this.#text.startsWith("\uFEFF")) this.#at = 1;
    if (this.#text.startsWith("#!", this.#at)) this.#skipLine();
    while (this.#at < this.#text.length && !this.#isFull()) this.#token();
    if (this.tokens.length > MAX_TOKENS) this.#tooMany();
    this.#push("end", this.#at);
  }

  #isFull(): boolean {
    return this.tokens.length > MAX_TOKENS || this.diagnostics.length >= MAX_PROBLEMS;
  }

  #tooMany(): void {
    const end = Math.min(this.#at + 1, this.#text.length);
    this.diagnostics.length = 0;
    this.#problem(
      "source-too-long",
      `the file has more than ${MAX_TOKENS} words, numbers, strings and signs`,
      this.#at,
      end,
      "read data from a file of the workspace",
    );
  }

  #token(): void {
    const start = this.#at;
    const c = this.#text[start] ?? "";
    const code = this.#text.charCodeAt(start);
    if (c === " " || c === "\t" || c === "\f") this.#at += 1;
    else if (c === "\n" || c === "\r") this.#newlines();
    else if (c === "/" && this.#text[start + 1] === "/") this.#skipLine();
    else if (c === "/" && this.#text[start + 1] === "*") this.#blockComment();
    else if (c === "'" || c === '"') this.#quoted(c);
    else if (c === "/" && !canEndExpression(this.tokens.at(-1))) this.#openString("/", 1);
    else if (c === "$" && this.#text[start + 1] === "/" && !canEndExpression(this.tokens.at(-1)))
      this.#openString("$/", 2);
    else if (isDigit(code)) this.#number();
    else if (c === "$" || isLetter(code)) this.#word();
    else if (c === "\\" && readJoinedLines(this.#text, start) !== undefined)
      this.#at += readJoinedLines(this.#text, start)?.length ?? 1;
    else if (c === "\\" && this.#text[start + 1] === "u") this.#unicode();
    else this.#operator(c);
  }

  // The text is read once more with it resolved, so all that counts is to get past it.
  #unicode(): void {
    this.metUnicode = true;
    const escape = readUnicode(this.#text, this.#at);
    if (escape === undefined) this.#brokenUnicode();
    this.#at += escape?.length ?? 2;
  }

  #brokenUnicode(): void {
    this.#problem(
      "unicode-escape",
      "Did not find four digit hex character code.",
      this.#at,
      this.#at + 2,
      "write \\u and four hexadecimal digits, or \\\\u for a backslash and a u",
    );
  }

  // Newline = line end { line end | white space | comment }; it counts only outside round and square brackets.
  #newlines(): void {
    const start = this.#at;
    if (this.#oneLiners > 0) this.#brokenLine(start);
    this.#at += this.#text.startsWith("\r\n", start) ? 2 : 1;
    if (this.#brackets === 0 && this.tokens.at(-1)?.kind !== "newline") this.#push("newline", start);
  }

  #brokenLine(at: number): void {
    this.#oneLiners = 0; // said once for a string, not once for each further line
    this.#problem(
      "string-not-closed",
      "end of line reached within a simple string 'x' or \"x\" or /x/",
      at,
      at + 1,
      "for multi-line literals, use triple quotes '''x''' or \"\"\"x\"\"\"",
    );
  }

  #skipLine(): void {
    while (this.#at < this.#text.length && this.#text[this.#at] !== "\n" && this.#text[this.#at] !== "\r")
      this.#at += 1;
  }

  #blockComment(): void {
    const start = this.#at;
    const end = this.#text.indexOf("*/", start + 2);
    this.#at = end < 0 ? this.#text.length : end + 2;
    if (end < 0)
      this.#problem(
        "comment-not-closed",
        "expecting '*/', found end of file",
        start,
        start + 2,
        "close the comment that begins here",
      );
  }

  #quoted(c: "'" | '"'): void {
    const triple = this.#text.startsWith(c.repeat(3), this.#at);
    if (c === "'") this.#openString(triple ? "'''" : "'", triple ? 3 : 1);
    else this.#openString(triple ? '"""' : '"', triple ? 3 : 1);
  }

  #openString(quote: Quote, length: number): void {
    const string = { quote, openedAt: this.#at };
    this.#at += length;
    if (isOneLiner(string)) this.#oneLiners += 1;
    this.#stringPart(string, string.openedAt);
  }

  // The characters of a string up to its end or to its next value.
  #stringPart(string: OpenString, from: number): void {
    const { quote } = string;
    let start = from;
    const close = quote === "$/" ? "/$" : quote;
    let value = "";
    for (;;) {
      const c = this.#text[this.#at];
      if (this.#isFull()) return this.#endString(string, start, value);
      if (c === undefined) return this.#unclosed(string, start, value, "end of file");
      if (this.#text.startsWith(close, this.#at)) {
        this.#at += close.length;
        return this.#endString(string, start, value);
      }
      if (c === "\n" || c === "\r") {
        if (quote === "'" || quote === '"') return this.#unclosed(string, start, value, "'\\n'");
        this.#at += this.#text.startsWith("\r\n", this.#at) ? 2 : 1;
        value += "\n";
      } else if (c === "\\") value += this.#backslash(quote);
      else if (c === "$" && quote !== "'" && quote !== "'''") {
        if (!this.#opensValue(quote)) value += this.#dollar(quote);
        else if (this.#value(string, start, value)) return;
        else {
          start = this.#at;
          value = "";
        }
      } else {
        const run = this.#match(PLAIN);
        value += run === "" ? c : run;
        this.#at += Math.max(1, run.length);
      }
    }
  }

  /** What a sticky pattern matches at this place. */
  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text)?.[0] ?? "";
  }

  #endString(string: OpenString, start: number, value: string): void {
    if (isOneLiner(string) && this.#oneLiners > 0) this.#oneLiners -= 1;
    this.#push(start === string.openedAt ? "string" : "gstringEnd", start, { value, quote: string.quote });
  }

  #unclosed(string: OpenString, start: number, value: string, found: string): void {
    const shown = string.quote === "$/" ? "/$" : string.quote;
    this.#oneLiners = 0; // the line end was just spoken of
    this.diagnostics.push({
      code: "string-not-closed",
      message: `expecting '${shown}', found ${found}`,
      hint:
        found === "end of file"
          ? "close the string"
          : "close the string on its line, or use triple quotes for a text of several lines",
      span: this.#span(this.#at, Math.min(this.#at + 1, this.#text.length)),
      related: [
        {
          message: "the string begins here",
          span: this.#span(string.openedAt, string.openedAt + string.quote.length),
        },
      ],
    });
    this.#endString(string, start, value);
  }

  #backslash(quote: Quote): string {
    const escape: Escape =
      quote === "/" || quote === "$/"
        ? (readJoinedLines(this.#text, this.#at) ?? readUnicode(this.#text, this.#at))
        : readEscape(this.#text, this.#at);
    if (escape !== undefined) {
      this.#at += escape.length;
      return escape.value;
    }
    const slash = quote === "/" && this.#text[this.#at + 1] === "/";
    if (isBrokenUnicode(this.#text, this.#at)) this.#brokenUnicode();
    else if (quote !== "/" && quote !== "$/") {
      this.#problem(
        "unknown-escape",
        "unexpected char: '\\'",
        this.#at,
        this.#at + 2,
        "write \\\\ for a backslash, or use a slashy string: /\\d+/",
      );
    }
    this.#at += slash ? 2 : 1;
    return slash ? "/" : "\\";
  }

  #opensValue(quote: Quote): boolean {
    const next = this.#text.charCodeAt(this.#at + 1);
    if (quote === "$/" && (this.#text[this.#at + 1] === "$" || this.#text[this.#at + 1] === "/"))
      return false;
    return this.#text[this.#at + 1] === "{" || isLetter(next);
  }

  #dollar(quote: Quote): string {
    const next = this.#text[this.#at + 1];
    if (quote === "$/" && (next === "$" || next === "/")) {
      this.#at += 2;
      return next;
    }
    if (quote === '"' || quote === '"""') {
      this.#problem(
        "dollar-not-escaped",
        "illegal string body character after dollar sign",
        this.#at,
        this.#at + 1,
        'either escape a literal dollar sign "\\$5" or bracket the value expression "${5}"',
      );
    }
    this.#at += 1;
    return "$";
  }

  // Value = "$" ( "{" … "}" | Identifier { "." Identifier } )
  // Gives true when the string goes on only behind a closing brace.
  #value(string: OpenString, start: number, value: string): boolean {
    this.#at += 1;
    const kind = start === string.openedAt ? "gstringStart" : "gstringMiddle";
    this.#push(kind, start, { value, quote: string.quote });
    if (this.#text[this.#at] === "{") {
      this.#push("operator", this.#at++);
      this.#frames.push({ brackets: this.#brackets, string });
      this.#brackets = 0;
      return true;
    }
    this.#simpleWord();
    while (this.#text[this.#at] === "." && isLetter(this.#text.charCodeAt(this.#at + 1))) {
      this.#push("operator", this.#at++);
      this.#simpleWord();
    }
    return false;
  }

  // A word inside a string: `$` ends it.
  #simpleWord(): void {
    const start = this.#at;
    this.#at += this.#match(SIMPLE_WORD).length;
    this.#pushWord(start);
  }

  #word(): void {
    const start = this.#at;
    this.#at += this.#match(WORD).length;
    this.#pushWord(start);
  }

  #pushWord(start: number): void {
    const word = this.#text.slice(start, this.#at);
    const last = this.tokens.at(-1);
    const beside = this.#text[this.#at] === "." || (last?.kind === "operator" && last.text === ".");
    const isName =
      !KEYWORDS.has(word) ||
      (beside && NAMES_BESIDE_A_DOT.has(word) && !(word === "static" && this.#text[this.#at] !== "."));
    this.#push(isName ? "identifier" : "keyword", start);
  }

  #number(): void {
    const start = this.#at;
    NUMBER.lastIndex = start;
    let text = NUMBER.exec(this.#text)?.[0] ?? "0";
    const isDecimal = !/^0[xXbB]/.test(text) && /[.eEfFdD]/.test(text);
    if (!isDecimal && /^0\d/.test(text)) {
      OCTAL_START.lastIndex = start;
      text = OCTAL_START.exec(this.#text)?.[0] ?? "0";
    }
    this.#at += text.length;
    if (this.#text[this.#at] === "_") this.#brokenNumber();
    this.#push(isDecimal ? "decimal" : "integer", start);
  }

  // 1_000 is a number, 1_A is none.
  #brokenNumber(): void {
    let end = this.#at;
    while (this.#text[end] === "_") end += 1;
    const found = /[\r\n]/.test(this.#text[end] ?? "") ? "\\n" : (this.#text[end] ?? "end of file");
    this.#problem(
      "number",
      `expecting token in range: '0'..'9', found '${found}'`,
      end,
      end + 1,
      "a name cannot begin with a digit",
    );
    while (isLetter(this.#text.charCodeAt(this.#at)) || isDigit(this.#text.charCodeAt(this.#at)))
      this.#at += 1;
  }

  #operator(c: string): void {
    const start = this.#at;
    const operator = OPERATOR_AT.get(c)?.find((candidate) => this.#text.startsWith(candidate, start));
    if (operator === undefined) return this.#unknown(c);
    this.#at += operator.length;
    this.#push("operator", start);
    if (operator === "(" || operator === "[") this.#brackets += 1;
    else if (operator === ")" || operator === "]") this.#brackets = Math.max(0, this.#brackets - 1);
    else if (operator === "{") {
      this.#frames.push({ brackets: this.#brackets });
      this.#brackets = 0;
    } else if (operator === "}") this.#closeBrace();
  }

  #closeBrace(): void {
    const frame = this.#frames.pop();
    if (frame === undefined) return;
    this.#brackets = frame.brackets;
    if (frame.string !== undefined) this.#stringPart(frame.string, this.#at);
  }

  #unknown(c: string): void {
    const start = this.#at;
    if (c === "#") {
      this.#skipLine();
      this.#problem(
        "unexpected-character",
        "unexpected char: '#'",
        start,
        start + 1,
        "a comment begins with //; #! may only be the first characters of the file",
      );
      return;
    }
    this.#at += 1;
    const code = this.#text.charCodeAt(start);
    const shown = code < 32 || code > 126 ? `0x${code.toString(16).toUpperCase()}` : `'${c}'`;
    this.#problem("unexpected-character", `unexpected char: ${shown}`, start, this.#at);
  }

  #push(kind: TokenKind, start: number, string?: { value: string; quote: Quote }): void {
    const end = this.#at;
    this.tokens.push({ kind, text: this.#text.slice(start, end), span: this.#span(start, end), ...string });
  }

  #problem(code: string, message: string, start: number, end: number, hint?: string): void {
    this.diagnostics.push({
      code,
      message,
      span: this.#span(start, Math.min(end, this.#text.length)),
      ...(hint === undefined ? {} : { hint }),
    });
  }

  #span(start: number, end: number): Span {
    return this.#writtenSpan(this.#written(start), this.#written(end));
  }

  #writtenSpan(start: number, end: number): Span {
    const from = this.#lineOf(start);
    const to = this.#lineOf(end);
    return {
      start,
      end,
      line: from + 1,
      column: start - (this.#lineStarts[from] ?? 0) + 1,
      endLine: to + 1,
      endColumn: end - (this.#lineStarts[to] ?? 0) + 1,
    };
  }

  // Tokens come in order, so the line is looked for from where the last one was.
  #lineOf(offset: number): number {
    let line = this.#line;
    while (line > 0 && (this.#lineStarts[line] ?? 0) > offset) line -= 1;
    while (line + 1 < this.#lineStarts.length && (this.#lineStarts[line + 1] ?? 0) <= offset) line += 1;
    this.#line = line;
    return line;
  }
}

function isOneLiner(string: OpenString): boolean {
  return string.quote === '"' || string.quote === "/";
}

function operatorsByFirstCharacter(): Map<string, string[]> {
  const byFirst = new Map<string, string[]>();
  for (const operator of OPERATORS.flat()) {
    const first = operator[0] ?? "";
    byFirst.set(first, [...(byFirst.get(first) ?? []), operator]);
  }
  return byFirst;
}
