/** Java's flag bits of a pattern. */
export const UNIX_LINES = 1;
export const CASE_INSENSITIVE = 2;
export const COMMENTS = 4;
export const MULTILINE = 8;
export const LITERAL = 16;
export const DOTALL = 32;

/** Does a code point belong to a class of characters? */
export type CharTest = (code: number) => boolean;

/** A regular expression as a tree. */
export type RegexNode =
  | { readonly kind: "empty" }
  | { readonly kind: "char"; readonly test: CharTest }
  | { readonly kind: "sequence"; readonly parts: readonly RegexNode[] }
  | { readonly kind: "choice"; readonly options: readonly RegexNode[] }
  | {
      readonly kind: "repeat";
      readonly body: RegexNode;
      readonly min: number;
      readonly max: number;
      readonly mode: "greedy" | "lazy" | "possessive";
    }
  | { readonly kind: "group"; readonly index: number; readonly body: RegexNode }
  | { readonly kind: "atomic"; readonly body: RegexNode }
  | {
      readonly kind: "look";
      readonly body: RegexNode;
      readonly isBehind: boolean;
      readonly isNegative: boolean;
    }
  | { readonly kind: "reference"; readonly index: number; readonly ignoresCase: boolean }
  | { readonly kind: "assert"; readonly what: Assertion };

/** A place that an assertion asks for. */
export type Assertion =
  | "text-start"
  | "text-end"
  | "last-line-end"
  | "line-start"
  | "line-end"
  | "word-boundary"
  | "no-word-boundary"
  | "last-match";

/** A parsed pattern. */
export interface Regex {
  readonly root: RegexNode;
  readonly groupCount: number;
  readonly names: ReadonlyMap<string, number>;
}
