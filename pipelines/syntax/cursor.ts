import { joinSpans } from "../diagnostic.ts";
import type { Diagnostic, RelatedSpan, Span } from "../diagnostic.ts";
import type { Block, Expression, Member, Statement } from "./ast.ts";
import type { Token } from "./token.ts";

/**
 * How deep brackets, blocks and operators may nest. Beyond it a file is refused, so that no text can exhaust the stack
 * of the parser or of whoever walks the tree after it.
 */
export const MAX_NESTING = 400;

/** How many links one chain of operators, calls or `else if` may have; the tree of a chain is as deep as it is long. */
export const MAX_CHAIN = 1000;

/** After this many syntax errors the rest are not worth reading. */
export const MAX_SYNTAX_ERRORS = 25;

/** The rules that other rules need and that need them; handed in, so that no two files import each other. */
export type Rules = {
  /** An expression; with `statement` a `{` on the next line still belongs to the call it begins with. */
  readonly expression: (p: Parser, place?: "statement") => Expression;
  /** An expression that may be a command: `sh 'make', label: 'x'`. */
  readonly commandExpression: (p: Parser) => Expression;
  readonly blockBody: (p: Parser, closing: "}" | "end") => Statement[];
  readonly block: (p: Parser) => Block;
  readonly classBody: (p: Parser, className: string) => Member[];
};

/** The state of one parse: the tokens, the place reached, and what was wrong so far. */
export type Parser = {
  readonly tokens: readonly Token[];
  readonly diagnostics: Diagnostic[];
  readonly rules: Rules;
  at: number;
  nesting: number;
  /** How many `>` of the token at `at` already closed type arguments. */
  angles: number;
  /** The last path read whole (`a.b(c)[d]`): only such a thing can head a command expression. */
  lastPath: Expression | undefined;
};

/** Thrown inside the parser only, at the first token that fits no rule; the nearest block catches it and reads on. */
export class SyntaxFailure extends Error {
  readonly diagnostic: Diagnostic;
  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

/** The token `ahead` places on; past the last one, the last one (kind `end`). */
export function peek(p: Parser, ahead = 0): Token {
  return tokenAt(p, p.at + ahead);
}

/** The token at an index; past the last one, the last one (kind `end`). */
export function tokenAt(p: Parser, index: number): Token {
  const token = p.tokens[index] ?? p.tokens.at(-1);
  if (token === undefined) throw new Error("a token list without its end");
  return token;
}

/** Steps over a token and gives it. */
export function take(p: Parser): Token {
  const token = peek(p);
  if (token.kind !== "end") p.at += 1;
  return token;
}

/** True when the token is this operator. */
export function isOperator(token: Token, text: string): boolean {
  return token.kind === "operator" && token.text === text;
}

/** True when the token is this keyword. */
export function isKeyword(token: Token, text: string): boolean {
  return token.kind === "keyword" && token.text === text;
}

/** True when the next token is this operator. */
export function at(p: Parser, operator: string): boolean {
  return isOperator(peek(p), operator);
}

/** Steps over an operator if it is next. */
export function accept(p: Parser, operator: string): boolean {
  if (!at(p, operator)) return false;
  p.at += 1;
  return true;
}

/** Steps over a keyword if it is next. */
export function acceptKeyword(p: Parser, word: string): boolean {
  if (!isKeyword(peek(p), word)) return false;
  p.at += 1;
  return true;
}

/** Steps over an operator that must be next. `opener` is the bracket it closes. */
export function expect(p: Parser, operator: string, opener?: Span): Token {
  if (at(p, operator)) return take(p);
  throw failure(
    peek(p),
    `expecting '${operator}', found ${shown(peek(p))}`,
    undefined,
    opener === undefined ? [] : [{ message: `'${operator}' would close what begins here`, span: opener }],
  );
}

/** Steps over newlines, where they have no meaning. */
export function newlines(p: Parser): void {
  while (peek(p).kind === "newline") p.at += 1;
}

/** The index of the first token from `index` on that is no newline. */
export function pastNewlines(p: Parser, index: number): number {
  let i = index;
  while (tokenAt(p, i).kind === "newline") i += 1;
  return i;
}

/** A token as a message shows it. */
export function shown(token: Token): string {
  if (token.kind === "end") return "end of file";
  if (token.kind === "newline") return "'<newline>'";
  return `'${token.text.length > 40 ? `${token.text.slice(0, 40)}…` : token.text}'`;
}

/** The failure to throw at a token. */
export function failure(
  token: Token,
  message: string,
  hint?: string,
  related: readonly RelatedSpan[] = [],
): SyntaxFailure {
  return new SyntaxFailure({
    code: "syntax",
    message,
    span: token.span,
    ...(hint === undefined ? {} : { hint }),
    ...(related.length === 0 ? {} : { related }),
  });
}

/** The failure for a token that fits nowhere. */
export function unexpected(token: Token, hint?: string): SyntaxFailure {
  const text = token.kind === "end" ? "end of file" : shown(token).slice(1, -1);
  return failure(token, `unexpected token: ${text}`, hint);
}

/** Notes a problem that does not stop the parse. */
export function report(p: Parser, code: string, message: string, span: Span, hint?: string): void {
  p.diagnostics.push({ code, message, span, ...(hint === undefined ? {} : { hint }) });
}

/** The span from a token or node to the last token taken. */
export function spanFrom(p: Parser, from: Span): Span {
  const last = p.at > 0 ? tokenAt(p, p.at - 1).span : from;
  return last.end < from.end ? from : joinSpans(from, last);
}

/** Runs a rule one level deeper, and refuses the file where the levels are too many. */
export function nested<T>(p: Parser, rule: () => T): T {
  if (p.nesting >= MAX_NESTING) {
    const token = peek(p);
    p.at = p.tokens.length - 1;
    throw failure(
      token,
      `nested more than ${MAX_NESTING} levels deep`,
      "take the inner part out into a variable or a function",
    );
  }
  p.nesting += 1;
  try {
    return rule();
  } finally {
    p.nesting -= 1;
  }
}

/** Refuses a chain that is too long; called once for each further link. */
export function checkChain(p: Parser, length: number): void {
  if (length <= MAX_CHAIN) return;
  const token = peek(p);
  p.at = p.tokens.length - 1;
  throw failure(
    token,
    `a chain of more than ${MAX_CHAIN} operators or calls`,
    "take a part of it out into a variable",
  );
}
