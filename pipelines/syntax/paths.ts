import type { Span } from "../diagnostic.ts";
import type { Access, Arguments, Expression, MethodCall, TypeName } from "./ast.ts";
import { noArguments, parseArgumentList, parseCallArguments } from "./arguments.ts";
import {
  at,
  checkChain,
  expect,
  failure,
  isOperator,
  newlines,
  pastNewlines,
  peek,
  shown,
  spanFrom,
  take,
  tokenAt,
} from "./cursor.ts";
import type { Parser } from "./cursor.ts";
import { isWord } from "./lookahead.ts";
import { parseClosure, parsePrimary } from "./primaries.ts";
import { parseTypeArguments } from "./types.ts";

const DOTS: ReadonlySet<string> = new Set([".", "?.", "*.", ".&"]);

// Path = Primary { PathElement }
/** Reads a value and everything hung on it: `a.b(c)[d] { e }`. */
export function parsePath(p: Parser, place?: "statement"): Expression {
  const start = peek(p).span;
  const path = parsePathElements(p, parsePrimary(p), start, place);
  p.lastPath = path;
  return path;
}

// PathElement = { newline } ( "." | "?." | "*." | ".&" ) Name | Arguments | Closure | "[" ArgumentList "]"
/** Reads on from a value; as a statement, a closure may begin on the next line. */
export function parsePathElements(p: Parser, from: Expression, start: Span, place?: "statement"): Expression {
  let path = from;
  for (let length = 1; ; length += 1) {
    const next = parsePathElement(p, path, start, place);
    if (next === undefined) return path;
    checkChain(p, length);
    path = next;
  }
}

function parsePathElement(
  p: Parser,
  prefix: Expression,
  start: Span,
  place?: "statement",
): Expression | undefined {
  const ahead = pastNewlines(p, p.at);
  const token = tokenAt(p, ahead);
  if (token.kind !== "operator") return undefined;
  if (DOTS.has(token.text)) {
    p.at = ahead;
    return parseMember(p, prefix, start);
  }
  if (token.text === "{" && (ahead === p.at || place === "statement")) {
    p.at = ahead;
    return callWithClosure(p, prefix, start);
  }
  if (ahead !== p.at) return undefined;
  if (token.text === "(") return callOf(prefix, parseCallArguments(p), spanFrom(p, start));
  // An empty map is an argument: `echo [:]`.
  if (token.text !== "[" || isOperator(tokenAt(p, ahead + 1), ":")) return undefined;
  return parseIndex(p, prefix, start);
}

// Member = ( "." | "?." | "*." | ".&" ) [ TypeArguments ] [ "@" ] ( Word | String | GString | "(" Expression ")" | Closure )
function parseMember(p: Parser, object: Expression, start: Span): Expression {
  const dot = take(p).text;
  newlines(p);
  if (at(p, "<")) parseTypeArguments(p);
  const isAttribute = at(p, "@") && dot !== ".&";
  if (isAttribute) p.at += 1;
  const name = parseMemberName(p);
  const span = spanFrom(p, start);
  if (dot === ".&") return { kind: "MethodPointer", object, name, span };
  const access: Access = dot === "." ? "plain" : dot === "?." ? "safe" : "spread";
  return { kind: "Property", object, name, access, isAttribute, span };
}

function parseMemberName(p: Parser): Expression {
  const token = peek(p);
  if (isWord(token)) {
    p.at += 1;
    return { kind: "StringLiteral", value: token.text, quote: "none", span: token.span };
  }
  if (
    token.kind === "string" ||
    token.kind === "gstringStart" ||
    isOperator(token, "(") ||
    isOperator(token, "{")
  ) {
    return parsePrimary(p);
  }
  throw failure(token, `expecting a member name, found ${shown(token)}`);
}

/** The call of what stands before the arguments: a name, a member, or a value. */
export function callOf(callee: Expression, args: Arguments, span: Span, isCommand = false): MethodCall {
  const base = {
    kind: "MethodCall",
    access: "plain",
    arguments: args,
    isCommand,
    isImplicitCall: false,
    span,
  } as const;
  const word = wordOf(callee);
  if (word !== undefined) {
    return { ...base, method: { kind: "StringLiteral", value: word, quote: "none", span: callee.span } };
  }
  if (callee.kind === "StringLiteral" || callee.kind === "GString") return { ...base, method: callee };
  if (callee.kind === "Property" && !callee.isAttribute) {
    return { ...base, receiver: callee.object, method: callee.name, access: callee.access };
  }
  const method = { kind: "StringLiteral", value: "call", quote: "none", span: callee.span } as const;
  return { ...base, receiver: callee, method, isImplicitCall: true };
}

function wordOf(callee: Expression): string | undefined {
  if (callee.kind === "Variable") return callee.name;
  if (callee.kind === "This") return "this";
  return callee.kind === "Super" ? "super" : undefined;
}

/** A closure behind a call is its last argument; behind anything else it makes a call of it. */
function callWithClosure(p: Parser, prefix: Expression, start: Span): MethodCall {
  const opener = peek(p).span;
  const closure = parseClosure(p);
  const span = spanFrom(p, start);
  const call = prefix.kind === "MethodCall" ? prefix : callOf(prefix, noArguments(opener), span);
  const args: Arguments = {
    named: call.arguments.named,
    positional: [...call.arguments.positional, closure],
    trailingClosures: call.arguments.trailingClosures + 1,
    span:
      prefix.kind === "MethodCall"
        ? {
            ...call.arguments.span,
            end: closure.span.end,
            endLine: closure.span.endLine,
            endColumn: closure.span.endColumn,
          }
        : closure.span,
  };
  return { ...call, arguments: args, span };
}

// Index = "[" [ ArgumentList ] "]"
function parseIndex(p: Parser, object: Expression, start: Span): Expression {
  const opener = take(p);
  const list = parseArgumentList(p, "]");
  expect(p, "]", opener.span);
  const span = spanFrom(p, start);
  if (list.named.length > 0) {
    const map: Expression = { kind: "MapExpression", entries: list.named, span: spanFrom(p, opener.span) };
    return { kind: "Index", object, indices: [...list.positional, map], span };
  }
  if (list.positional.length > 0) return { kind: "Index", object, indices: list.positional, span };
  const type = arrayTypeOf(object, span);
  if (type === undefined)
    throw failure(peek(p, -1), "unexpected token: ]", "write the index between the brackets");
  return { kind: "ArrayType", type, span };
}

function arrayTypeOf(object: Expression, span: Span): TypeName | undefined {
  if (object.kind === "ArrayType") return { ...object.type, dimensions: object.type.dimensions + 1, span };
  const name = dottedName(object);
  return name === undefined ? undefined : { kind: "TypeName", name, arguments: [], dimensions: 1, span };
}

/** `a.b.c` as text, when an expression is nothing but names and plain dots. */
export function dottedName(expression: Expression): string | undefined {
  if (expression.kind === "Variable") return expression.name;
  if (expression.kind !== "Property" || expression.access !== "plain" || expression.isAttribute)
    return undefined;
  if (expression.name.kind !== "StringLiteral") return undefined;
  const object = dottedName(expression.object);
  return object === undefined ? undefined : `${object}.${expression.name.value}`;
}
