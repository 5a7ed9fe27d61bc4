import type { Span } from "../diagnostic.ts";
import type { Arguments, Entry, Expression, Spread } from "./ast.ts";
import {
  accept,
  at,
  expect,
  failure,
  isOperator,
  newlines,
  peek,
  report,
  spanFrom,
  take,
  tokenAt,
} from "./cursor.ts";
import type { Parser } from "./cursor.ts";
import { isWord, startsLabel } from "./lookahead.ts";

/** No arguments, at a place. */
export function noArguments(span: Span): Arguments {
  return { named: [], positional: [], trailingClosures: 0, span };
}

/** A list of arguments, list elements or map entries as written. */
export type ArgumentList = { readonly named: Entry[]; readonly positional: Expression[] };

// Arguments = "(" ArgumentList ")"
/** Reads the arguments of a call in round brackets. */
export function parseCallArguments(p: Parser): Arguments {
  const opener = expect(p, "(");
  const list = parseArgumentList(p, ")");
  expect(p, ")", opener.span);
  return { ...list, trailingClosures: 0, span: spanFrom(p, opener.span) };
}

// ArgumentList = [ Argument { "," [ "," ] Argument } [ "," ] ]
/** Reads what stands between brackets, up to the closing one. */
export function parseArgumentList(p: Parser, closing: ")" | "]"): ArgumentList {
  const list: ArgumentList = { named: [], positional: [] };
  while (!at(p, closing)) {
    parseArgument(p, list);
    newlines(p);
    if (at(p, ":")) {
      throw failure(
        peek(p),
        "illegal colon after argument expression",
        "a complex label expression before a colon must be parenthesized",
      );
    }
    if (!accept(p, ",")) break;
    newlines(p);
    skipStrayComma(p, closing);
  }
  if (closing === ")") checkNames(p, list.named);
  return list;
}

/** Groovy takes one comma too many between two arguments: `f(a: 1, , b: 2)`. */
function skipStrayComma(p: Parser, closing: ")" | "]"): void {
  if (!at(p, ",")) return;
  let next = p.at + 1;
  while (tokenAt(p, next).kind === "newline") next += 1;
  if (isOperator(tokenAt(p, next), ",") || isOperator(tokenAt(p, next), closing)) return;
  p.at = next;
}

// Argument = Label ":" Expression | "*" ":" Expression | "*" Expression | Expression
function parseArgument(p: Parser, into: ArgumentList): void {
  const first = peek(p);
  if (startsLabel(p, p.at)) {
    into.named.push(parseEntry(p));
  } else if (accept(p, "*")) {
    const isMap = accept(p, ":");
    newlines(p);
    const operand = p.rules.expression(p);
    const span = spanFrom(p, first.span);
    if (isMap) into.named.push({ kind: "SpreadEntry", value: operand, span });
    else into.positional.push(spread(operand, span));
  } else into.positional.push(p.rules.expression(p));
}

function spread(operand: Expression, span: Span): Spread {
  return { kind: "Spread", operand, span };
}

// Entry = Label ":" Expression
/** Reads one `key: value`. */
export function parseEntry(p: Parser): Entry {
  const first = peek(p);
  const key = parseLabel(p);
  expect(p, ":");
  newlines(p);
  const value = p.rules.expression(p);
  return { kind: "MapEntry", key, value, span: spanFrom(p, first.span) };
}

// Label = Word | Expression, which can only be a literal or bracketed here| Primary
function parseLabel(p: Parser): Expression {
  const token = peek(p);
  if (!isWord(token)) return p.rules.expression(p);
  take(p);
  return { kind: "StringLiteral", value: token.text, quote: "none", span: token.span };
}

/** Groovy refuses the same literal name twice in one call; in a map the later one wins. */
export function checkNames(p: Parser, named: readonly Entry[]): void {
  const seen = new Map<string, Span>();
  for (const entry of named) {
    if (entry.kind !== "MapEntry" || entry.key.kind !== "StringLiteral") continue;
    const before = seen.get(entry.key.value);
    if (before === undefined) seen.set(entry.key.value, entry.key.span);
    else duplicateName(p, entry.key.value, entry.key.span, before);
  }
}

function duplicateName(p: Parser, name: string, span: Span, before: Span): void {
  p.diagnostics.push({
    code: "duplicate-named-parameter",
    message: `Duplicate named parameter '${name}' found`,
    hint: "leave one of the two out",
    span,
    related: [{ message: "the first one", span: before }],
  });
}

/** Refuses a map literal in which an element has no key. */
export function checkAllNamed(p: Parser, list: ArgumentList): void {
  const element = list.positional[0];
  if (element === undefined || list.named.length === 0) return;
  report(
    p,
    "map-entry-expected",
    "a map literal has an element without a key",
    element.span,
    "write key: value, or take the keys out to make it a list",
  );
}
