import type { Span } from "../diagnostic.ts";
import type { Arguments, Expression, MethodCall } from "./ast.ts";
import { checkNames, parseEntry } from "./arguments.ts";
import type { ArgumentList } from "./arguments.ts";
import { accept, at, checkChain, newlines, peek, spanFrom } from "./cursor.ts";
import type { Parser } from "./cursor.ts";
import { startsCommandArgument, startsLabel } from "./lookahead.ts";
import { parseExpression } from "./operators.ts";
import { callOf, parsePathElements } from "./paths.ts";
import { parsePrimary } from "./primaries.ts";

// CommandExpression = Expression [ CommandArguments { Primary ( PathElements | CommandArguments ) } ]
/** Reads an expression that may be a command: `sh 'make'`, `a b c d`, which is `a(b).c(d)`. */
export function parseCommandExpression(p: Parser): Expression {
  const start = peek(p).span;
  p.lastPath = undefined;
  const head = parseExpression(p, "statement");
  if (head !== p.lastPath || !startsArgument(p)) return head;
  return parseCommandChain(p, head, start);
}

function parseCommandChain(p: Parser, head: Expression, start: Span): Expression {
  let call: Expression = head.kind === "MethodCall" ? head : parseCommand(p, head, start);
  for (let length = 1; startsLink(p); length += 1) {
    checkChain(p, length);
    call = parseLink(p, call, start);
  }
  return call;
}

function startsLink(p: Parser): boolean {
  return startsCommandArgument(peek(p)) && !at(p, "!") && !at(p, "~");
}

// Link = Primary [ PathElements | CommandArguments ]
function parseLink(p: Parser, object: Expression, start: Span): Expression {
  const name = parsePrimary(p);
  const property: Expression = {
    kind: "Property",
    object,
    name:
      name.kind === "Variable"
        ? { kind: "StringLiteral", value: name.name, quote: "none", span: name.span }
        : name,
    access: "plain",
    isAttribute: false,
    span: spanFrom(p, start),
  };
  const path = parsePathElements(p, property, start, "statement");
  if (path !== property || !startsArgument(p)) return path;
  return parseCommand(p, property, start);
}

// CommandArguments = CommandArgument { "," CommandArgument }
function parseCommand(p: Parser, head: Expression, start: Span): MethodCall {
  const first = peek(p).span;
  const list: ArgumentList = { named: [], positional: [] };
  do {
    newlines(p);
    if (startsLabel(p, p.at)) list.named.push(parseEntry(p));
    else list.positional.push(parseExpression(p));
  } while (accept(p, ","));
  checkNames(p, list.named);
  const args: Arguments = { ...list, trailingClosures: 0, span: spanFrom(p, first) };
  return callOf(head, args, spanFrom(p, start), true);
}

// A label may be a keyword: `foo if: 1`.
function startsArgument(p: Parser): boolean {
  const token = peek(p);
  if (token.kind === "keyword" && token.text === "else") return false;
  if (at(p, "[")) return true;
  return startsCommandArgument(token) || (token.kind === "keyword" && startsLabel(p, p.at));
}
