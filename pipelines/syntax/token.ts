import type { Span } from "../diagnostic.ts";
import type { Quote } from "./ast.ts";

/** What a stretch of the source is. A string with values is `gstringStart`, tokens of a value, `gstringMiddle`…, `gstringEnd`. */
export type TokenKind =
  | "identifier"
  | "keyword"
  | "operator"
  | "newline"
  | "integer"
  | "decimal"
  | "string"
  | "gstringStart"
  | "gstringMiddle"
  | "gstringEnd"
  | "end";

/** One token. `text` is the source as written; `value` the characters a string (or a part of one) stands for. */
export type Token = {
  readonly kind: TokenKind;
  readonly text: string;
  readonly span: Span;
  readonly value?: string;
  readonly quote?: Quote;
};

/** The names of the primitive types, which are keywords. */
export const PRIMITIVES: ReadonlySet<string> = new Set([
  "void",
  "boolean",
  "byte",
  "char",
  "short",
  "int",
  "float",
  "long",
  "double",
]);

/** The words that may stand before a declaration. `def` is among them. */
export const MODIFIERS: ReadonlySet<string> = new Set([
  "def",
  "private",
  "public",
  "protected",
  "static",
  "transient",
  "final",
  "abstract",
  "native",
  "threadsafe",
  "synchronized",
  "volatile",
  "strictfp",
]);

/** Every word that is no identifier. All may stand behind a dot and before the colon of a map key or named argument. */
export const KEYWORDS: ReadonlySet<string> = new Set([
  ...PRIMITIVES,
  ...MODIFIERS,
  "as",
  "assert",
  "break",
  "case",
  "catch",
  "class",
  "const",
  "continue",
  "default",
  "do",
  "else",
  "enum",
  "extends",
  "false",
  "finally",
  "for",
  "goto",
  "if",
  "implements",
  "import",
  "in",
  "instanceof",
  "interface",
  "new",
  "null",
  "package",
  "return",
  "super",
  "switch",
  "this",
  "throw",
  "throws",
  "trait",
  "true",
  "try",
  "while",
]);

/** Keywords that are plain names beside a dot (`in.x`, `a.def`). */
export const NAMES_BESIDE_A_DOT: ReadonlySet<string> = new Set(["as", "def", "in", "trait", "static"]);

/** True for a token that can end a value, after which `/` divides instead of opening a string. Any keyword counts as one. */
export function canEndExpression(token: Token | undefined): boolean {
  if (token === undefined) return false;
  if (token.kind === "operator") return ["++", "--", ")", "]", "}"].includes(token.text);
  return !["newline", "end", "gstringStart", "gstringMiddle"].includes(token.kind);
}
