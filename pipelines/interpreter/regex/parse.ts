import { exception } from "../thrown.ts";
import {
  ignoringCase,
  isDigit,
  isHorizontalSpace,
  isLineEnd,
  isSpace,
  isVerticalSpace,
  isWord,
  propertyClass,
} from "./classes.ts";
import {
  CASE_INSENSITIVE,
  COMMENTS,
  DOTALL,
  LITERAL,
  MULTILINE,
  type CharTest,
  type Regex,
  type RegexNode,
  UNIX_LINES,
} from "./tree.ts";

/** How deep groups may nest. */
const MAX_NESTING = 200;

/** Reads a pattern of java.util.regex; throws PatternSyntaxException. */
export function parseRegex(source: string, flags: number): Regex {
  return new PatternParser(source, flags).parse();
}

const FLAG_LETTERS = new Map([
  ["i", CASE_INSENSITIVE],
  ["m", MULTILINE],
  ["s", DOTALL],
  ["x", COMMENTS],
  ["d", UNIX_LINES],
  ["u", 64],
  ["U", 256],
]);

class PatternParser {
  private readonly source: string;
  private flags: number;
  private at = 0;
  private groups = 0;
  private nesting = 0;
  private readonly names = new Map<string, number>();

  constructor(source: string, flags: number) {
    this.source = source;
    this.flags = flags;
  }

  parse(): Regex {
    const root = (this.flags & LITERAL) === 0 ? this.choice() : this.literal(this.source);
    if ((this.flags & LITERAL) === 0 && this.at < this.source.length)
      throw this.error("Unmatched closing ')'");
    return { root, groupCount: this.groups, names: this.names };
  }

  private error(message: string): Error {
    return exception(
      "java.util.regex.PatternSyntaxException",
      `${message} near index ${Math.max(0, this.at - 1)}\n${this.source.slice(0, 500)}`,
    );
  }

  private has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  private peek(): string {
    return this.source.charAt(this.at);
  }

  private take(text: string): boolean {
    if (!this.source.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  // Choice = Sequence { "|" Sequence }
  private choice(): RegexNode {
    this.nesting += 1;
    if (this.nesting > MAX_NESTING) throw this.error("Groups nested too deeply");
    const flags = this.flags;
    const options = [this.sequence()];
    while (this.take("|")) options.push(this.sequence());
    this.flags = flags;
    this.nesting -= 1;
    const [only] = options;
    return options.length === 1 && only !== undefined ? only : { kind: "choice", options };
  }

  // Sequence = { Atom [ Quantifier ] }
  private sequence(): RegexNode {
    const parts: RegexNode[] = [];
    for (;;) {
      if (this.has(COMMENTS)) this.skipComments();
      const char = this.peek();
      if (char === "" || char === "|" || char === ")") break;
      if (char === "\\" && this.source.charAt(this.at + 1) === "Q") {
        this.quoted(parts);
        continue;
      }
      parts.push(this.quantified(this.atom()));
    }
    const [only] = parts;
    if (only === undefined) return { kind: "empty" };
    return parts.length === 1 ? only : { kind: "sequence", parts };
  }

  private skipComments(): void {
    for (;;) {
      const char = this.peek();
      if (char === "#") while (this.peek() !== "" && this.peek() !== "\n") this.at += 1;
      else if (char !== "" && isSpace(char.charCodeAt(0))) this.at += 1;
      else return;
    }
  }

  private quoted(parts: RegexNode[]): void {
    this.at += 2;
    const end = this.source.indexOf("\\E", this.at);
    const text = this.source.slice(this.at, end < 0 ? undefined : end);
    this.at = end < 0 ? this.source.length : end + 2;
    for (const char of text) parts.push(this.char(char.codePointAt(0) ?? 0));
    const last = parts.pop();
    if (last !== undefined) parts.push(text === "" ? last : this.quantified(last));
  }

  private literal(text: string): RegexNode {
    return { kind: "sequence", parts: Array.from(text, (char) => this.char(char.codePointAt(0) ?? 0)) };
  }

  private char(code: number): RegexNode {
    return { kind: "char", test: this.cased((c) => c === code) };
  }

  private cased(test: CharTest): CharTest {
    return this.has(CASE_INSENSITIVE) ? ignoringCase(test) : test;
  }

  // Quantifier = ( "*" | "+" | "?" | "{" n [ "," [ m ] ] "}" ) [ "?" | "+" ]
  private quantified(node: RegexNode): RegexNode {
    let body = node;
    for (;;) {
      if (this.has(COMMENTS)) this.skipComments();
      const bounds = this.bounds();
      if (bounds === undefined) return body;
      const mode = this.take("?") ? "lazy" : this.take("+") ? "possessive" : "greedy";
      body = { kind: "repeat", body, min: bounds[0], max: bounds[1], mode };
    }
  }

  private bounds(): [number, number] | undefined {
    if (this.take("*")) return [0, Infinity];
    if (this.take("+")) return [1, Infinity];
    if (this.take("?")) return [0, 1];
    if (this.peek() !== "{") return undefined;
    const match = /^\{(\d+)(?:(,)(\d*))?\}/.exec(this.source.slice(this.at, this.at + 40));
    if (match === null) throw this.error("Illegal repetition");
    this.at += match[0].length;
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === "" ? Infinity : Number(match[3]);
    if (max < min) throw this.error("Illegal repetition range");
    return [min, max];
  }

  private atom(): RegexNode {
    const code = this.source.codePointAt(this.at) ?? 0;
    const char = String.fromCodePoint(code);
    this.at += char.length;
    switch (char) {
      case ".":
        return this.anyChar();
      case "^":
        return { kind: "assert", what: this.has(MULTILINE) ? "line-start" : "text-start" };
      case "$":
        return { kind: "assert", what: this.has(MULTILINE) ? "line-end" : "last-line-end" };
      case "[":
        return { kind: "char", test: this.cased(this.charClass()) };
      case "(":
        return this.group();
      case "\\":
        return this.escape();
      case "*":
      case "+":
      case "?":
        throw this.error(`Dangling meta character '${char}'`);
      default:
        return this.char(code);
    }
  }

  private anyChar(): RegexNode {
    if (this.has(DOTALL)) return { kind: "char", test: () => true };
    return { kind: "char", test: this.has(UNIX_LINES) ? (c) => c !== 10 : (c) => !isLineEnd(c) };
  }

  private group(): RegexNode {
    if (!this.take("?")) return this.capturing(null);
    if (this.take(":")) return this.closed(this.choice());
    if (this.take("=")) return this.look(false, false);
    if (this.take("!")) return this.look(false, true);
    if (this.take("<=")) return this.look(true, false);
    if (this.take("<!")) return this.look(true, true);
    if (this.take(">")) return { kind: "atomic", body: this.closed(this.choice()) };
    const name = /^<([A-Za-z][A-Za-z0-9]*)>/.exec(this.source.slice(this.at, this.at + 200));
    if (name !== null) {
      this.at += name[0].length;
      return this.capturing(name[1] ?? "");
    }
    return this.inlineFlags();
  }

  private capturing(name: string | null): RegexNode {
    this.groups += 1;
    const index = this.groups;
    if (name !== null) {
      if (this.names.has(name)) throw this.error(`Named capturing group <${name}> is already defined`);
      this.names.set(name, index);
    }
    return { kind: "group", index, body: this.closed(this.choice()) };
  }

  private closed(node: RegexNode): RegexNode {
    if (!this.take(")")) throw this.error("Unclosed group");
    return node;
  }

  private look(isBehind: boolean, isNegative: boolean): RegexNode {
    return { kind: "look", body: this.closed(this.choice()), isBehind, isNegative };
  }

  private inlineFlags(): RegexNode {
    const match = /^([imsxduU]*)(?:-([imsxduU]+))?([:)])/.exec(this.source.slice(this.at, this.at + 30));
    if (match === null) throw this.error("Unknown inline modifier");
    this.at += match[0].length;
    const before = this.flags;
    for (const letter of match[1] ?? "") this.flags |= FLAG_LETTERS.get(letter) ?? 0;
    for (const letter of match[2] ?? "") this.flags &= ~(FLAG_LETTERS.get(letter) ?? 0);
    if (match[3] === ")") return { kind: "empty" };
    const node = this.closed(this.choice());
    this.flags = before;
    return node;
  }

  private escape(): RegexNode {
    const char = this.peek();
    if (char === "") throw this.error("Unexpected internal error");
    if (/[1-9]/.test(char)) return this.numberedReference();
    if (char === "k") return this.namedReference();
    this.at += 1;
    switch (char) {
      case "b":
        return { kind: "assert", what: "word-boundary" };
      case "B":
        return { kind: "assert", what: "no-word-boundary" };
      case "A":
        return { kind: "assert", what: "text-start" };
      case "z":
        return { kind: "assert", what: "text-end" };
      case "Z":
        return { kind: "assert", what: "last-line-end" };
      case "G":
        return { kind: "assert", what: "last-match" };
      case "R":
        return this.lineBreak();
      case "X":
        return { kind: "char", test: () => true };
      default:
        this.at -= 1;
        return { kind: "char", test: this.cased(this.escapedClass()) };
    }
  }

  private lineBreak(): RegexNode {
    const pair: RegexNode = {
      kind: "sequence",
      parts: [
        { kind: "char", test: (c) => c === 13 },
        { kind: "char", test: (c) => c === 10 },
      ],
    };
    return { kind: "choice", options: [pair, { kind: "char", test: isVerticalSpace }] };
  }

  private numberedReference(): RegexNode {
    let index = Number(this.peek());
    this.at += 1;
    while (/\d/.test(this.peek()) && index * 10 + Number(this.peek()) <= this.groups) {
      index = index * 10 + Number(this.peek());
      this.at += 1;
    }
    return { kind: "reference", index, ignoresCase: this.has(CASE_INSENSITIVE) };
  }

  private namedReference(): RegexNode {
    const match = /^k<([A-Za-z][A-Za-z0-9]*)>/.exec(this.source.slice(this.at, this.at + 200));
    const index = this.names.get(match?.[1] ?? "");
    if (match === null || index === undefined) throw this.error("Unknown named group reference");
    this.at += match[0].length;
    return { kind: "reference", index, ignoresCase: this.has(CASE_INSENSITIVE) };
  }

  /** What stands behind a backslash and matches one character. */
  private escapedClass(): CharTest {
    const char = this.peek();
    this.at += 1;
    switch (char) {
      case "d":
        return isDigit;
      case "D":
        return (c) => !isDigit(c);
      case "w":
        return isWord;
      case "W":
        return (c) => !isWord(c);
      case "s":
        return isSpace;
      case "S":
        return (c) => !isSpace(c);
      case "h":
        return isHorizontalSpace;
      case "H":
        return (c) => !isHorizontalSpace(c);
      case "v":
        return isVerticalSpace;
      case "V":
        return (c) => !isVerticalSpace(c);
      case "p":
      case "P":
        return this.property(char === "P");
      default:
        this.at -= 1;
        return only(this.escapedCode());
    }
  }

  private property(isNegative: boolean): CharTest {
    const match = /^(?:\{(\^?)([\w=]+)\}|([A-Z]))/.exec(this.source.slice(this.at, this.at + 60));
    if (match === null) throw this.error("Unknown character property name");
    this.at += match[0].length;
    const name = match[2] ?? match[3] ?? "";
    const test = propertyClass(name);
    if (test === undefined) throw this.error(`Unknown character property name {${name}}`);
    return isNegative !== (match[1] === "^") ? (c) => !test(c) : test;
  }

  /** The character that an escape stands for. */
  private escapedCode(): number {
    const rest = this.source.slice(this.at, this.at + 12);
    const hex = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|x\{([0-9a-fA-F]{1,6})\})/.exec(rest);
    if (hex !== null) {
      this.at += hex[0].length;
      return Number.parseInt(hex[1] ?? hex[2] ?? hex[3] ?? "0", 16);
    }
    const octal = /^0([0-3]?[0-7]{1,2})/.exec(rest);
    if (octal !== null) {
      this.at += octal[0].length;
      return Number.parseInt(octal[1] ?? "0", 8);
    }
    const control = /^c(.)/.exec(rest);
    if (control !== null) {
      this.at += 2;
      return (control[1] ?? "@").charCodeAt(0) ^ 64;
    }
    const code = this.source.codePointAt(this.at) ?? 0;
    const char = String.fromCodePoint(code);
    this.at += char.length;
    const named = { t: 9, n: 10, r: 13, f: 12, a: 7, e: 27 };
    for (const [letter, value] of Object.entries(named)) if (letter === char) return value;
    if (/[A-Za-z]/.test(char)) throw this.error("Illegal/unsupported escape sequence");
    return code;
  }

  // CharClass = "[" [ "^" ] { Item | CharClass | "&&" … } "]"
  private charClass(): CharTest {
    this.nesting += 1;
    if (this.nesting > MAX_NESTING) throw this.error("Character classes nested too deeply");
    const isNegative = this.take("^");
    let test = this.union(true);
    while (this.take("&&")) {
      const left = test;
      const right = this.union(false);
      test = (c) => left(c) && right(c);
    }
    if (!this.take("]")) throw this.error("Unclosed character class");
    this.nesting -= 1;
    const inside = test;
    return isNegative ? (c) => !inside(c) : inside;
  }

  private union(isFirst: boolean): CharTest {
    const tests: CharTest[] = [];
    for (let first = isFirst; ; first = false) {
      const char = this.peek();
      if (char === "" || (char === "]" && !first) || this.source.startsWith("&&", this.at)) break;
      if (this.has(COMMENTS) && isSpace(char.charCodeAt(0))) {
        this.at += 1;
        continue;
      }
      tests.push(this.classItem());
    }
    return (c) => tests.some((test) => test(c));
  }

  private classItem(): CharTest {
    if (this.take("[")) return this.charClass();
    if (this.source.startsWith("\\Q", this.at)) return this.quotedInClass();
    if (this.peek() === "\\" && /[dDwWsShHvVpP]/.test(this.source.charAt(this.at + 1))) {
      this.at += 1;
      return this.escapedClass();
    }
    const low = this.classChar();
    const isRange = this.peek() === "-" && !["]", "[", ""].includes(this.source.charAt(this.at + 1));
    if (!isRange) return only(low);
    this.at += 1;
    const high = this.classChar();
    if (high < low) throw this.error("Illegal character range");
    return (c) => c >= low && c <= high;
  }

  private quotedInClass(): CharTest {
    this.at += 2;
    const end = this.source.indexOf("\\E", this.at);
    const text = this.source.slice(this.at, end < 0 ? undefined : end);
    this.at = end < 0 ? this.source.length : end + 2;
    const codes = new Set(Array.from(text, (char) => char.codePointAt(0) ?? 0));
    return (c) => codes.has(c);
  }

  private classChar(): number {
    if (this.take("\\")) return this.escapedCode();
    const code = this.source.codePointAt(this.at) ?? 0;
    this.at += code > 0xffff ? 2 : 1;
    return code;
  }
}

function only(code: number): CharTest {
  return (c) => c === code;
}
