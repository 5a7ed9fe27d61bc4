import type { Closure, Expression, GString, Property, Quote } from "./ast.ts";
import { checkAllNamed, noArguments, parseArgumentList, parseCallArguments } from "./arguments.ts";
import {
  accept,
  at,
  expect,
  failure,
  isKeyword,
  isOperator,
  nested,
  newlines,
  peek,
  shown,
  spanFrom,
  take,
  unexpected,
} from "./cursor.ts";
import type { Parser } from "./cursor.ts";
import { decimalOf, integerOf } from "./literals.ts";
import { isPrimitive, startsClosureParameters } from "./lookahead.ts";
import { parseParameters } from "./parameters.ts";
import { parseElementType, parseTypeArguments } from "./types.ts";

// Primary = Identifier | Literal | GString | "this" | "super" | New | Parenthesised | Closure | ListOrMap | Primitive
/** Reads a value that is not put together by operators, dots or calls. */
export function parsePrimary(p: Parser): Expression {
  const token = peek(p);
  const { span } = token;
  switch (token.kind) {
    case "identifier":
      p.at += 1;
      return { kind: "Variable", name: token.text, span };
    case "integer":
      p.at += 1;
      return integerOf(token);
    case "decimal":
      p.at += 1;
      return decimalOf(token);
    case "string":
      p.at += 1;
      return { kind: "StringLiteral", value: token.value ?? "", quote: token.quote ?? "'", span };
    case "gstringStart":
      return nested(p, () => parseGString(p));
    case "keyword":
      return parseKeywordValue(p);
    case "operator":
      return nested(p, () => parseBracketed(p));
    case "newline":
    case "gstringMiddle":
    case "gstringEnd":
    case "end":
      throw unexpected(token);
  }
}

function parseKeywordValue(p: Parser): Expression {
  const token = take(p);
  const { span } = token;
  if (isPrimitive(token)) return { kind: "Variable", name: token.text, span };
  switch (token.text) {
    case "this":
      return { kind: "This", span };
    case "super":
      return { kind: "Super", span };
    case "null":
      return { kind: "NullLiteral", span };
    case "true":
      return { kind: "BooleanLiteral", value: true, span };
    case "false":
      return { kind: "BooleanLiteral", value: false, span };
    case "new":
      return nested(p, () => parseNew(p));
    default:
      p.at -= 1;
      throw unexpected(token);
  }
}

function parseBracketed(p: Parser): Expression {
  if (at(p, "(")) return parseParenthesised(p);
  if (at(p, "[")) return parseListOrMap(p);
  if (at(p, "{")) return parseClosure(p);
  throw unexpected(peek(p));
}

// Parenthesised = "(" Expression ")"
function parseParenthesised(p: Parser): Expression {
  const opener = take(p);
  const inner = p.rules.expression(p);
  newlines(p);
  if (at(p, ";"))
    throw failure(peek(p), "Expression list of the form (a; b; c) is not supported in this context");
  expect(p, ")", opener.span);
  return inner;
}

// ListOrMap = "[" ":" "]" | "[" ArgumentList "]"
function parseListOrMap(p: Parser): Expression {
  const opener = take(p);
  if (at(p, ":") && isOperator(peek(p, 1), "]")) {
    p.at += 2;
    return { kind: "MapExpression", entries: [], span: spanFrom(p, opener.span) };
  }
  const list = parseArgumentList(p, "]");
  expect(p, "]", opener.span);
  checkAllNamed(p, list);
  const span = spanFrom(p, opener.span);
  if (list.named.length > 0) return { kind: "MapExpression", entries: list.named, span };
  return { kind: "ListExpression", elements: list.positional, span };
}

// Closure = "{" [ [ Parameters ] "->" ] { Statement } "}"
/** Reads a block as a value. */
export function parseClosure(p: Parser): Closure {
  return nested(p, () => {
    const opener = expect(p, "{");
    newlines(p);
    const parameters = startsClosureParameters(p, p.at) ? parseClosureParameters(p) : undefined;
    const bodyStart = peek(p).span;
    const statements = p.rules.blockBody(p, "}");
    expect(p, "}", opener.span);
    const span = spanFrom(p, opener.span);
    return {
      kind: "Closure",
      ...(parameters === undefined ? {} : { parameters }),
      body: { kind: "Block", statements, span: statements.length === 0 ? bodyStart : span },
      span,
    };
  });
}

function parseClosureParameters(p: Parser): NonNullable<Closure["parameters"]> {
  const parameters = parseParameters(p, "->");
  newlines(p);
  expect(p, "->");
  newlines(p);
  return parameters;
}

// GString = gstringStart Value { gstringMiddle Value } gstringEnd
function parseGString(p: Parser): GString {
  const start = take(p);
  const quote: Quote = start.quote ?? '"';
  const strings = [start.value ?? ""];
  const values = [parseValue(p)];
  while (peek(p).kind === "gstringMiddle") {
    strings.push(take(p).value ?? "");
    values.push(parseValue(p));
  }
  const end = take(p);
  if (end.kind !== "gstringEnd") throw failure(end, `expecting a string literal end, found ${shown(end)}`);
  strings.push(end.value ?? "");
  return { kind: "GString", strings, values, quote, span: spanFrom(p, start.span) };
}

// Value = "this" | "super" | Identifier { "." Identifier } | "{" [ Parameters "->" ] { Statement } "}"
function parseValue(p: Parser): Expression {
  const first = peek(p);
  if (at(p, "{")) return parseBracedValue(p);
  if (isKeyword(first, "this") || isKeyword(first, "super")) return parseKeywordValue(p);
  if (first.kind !== "identifier") throw notAName(p);
  p.at += 1;
  let value: Expression = { kind: "Variable", name: first.text, span: first.span };
  while (accept(p, ".")) {
    const name = peek(p);
    if (name.kind !== "identifier") throw notAName(p);
    p.at += 1;
    const property: Property = {
      kind: "Property",
      object: value,
      name: { kind: "StringLiteral", value: name.text, quote: "none", span: name.span },
      access: "plain",
      isAttribute: false,
      span: spanFrom(p, first.span),
    };
    value = property;
  }
  return value;
}

function notAName(p: Parser): Error {
  return failure(
    peek(p),
    `expecting an identifier, found ${shown(peek(p))}`,
    "write a value with a keyword in it between brackets: ${…}",
  );
}

/** One expression between the brackets is the value; none is null; several statements are called as a closure. */
function parseBracedValue(p: Parser): Expression {
  const closure = parseClosure(p);
  const [only, ...more] = closure.body.statements;
  if (closure.parameters !== undefined) return closure;
  if (only === undefined) return { kind: "NullLiteral", span: closure.span };
  if (only.kind === "ExpressionStatement" && more.length === 0) return only.expression;
  return {
    kind: "MethodCall",
    receiver: closure,
    method: { kind: "StringLiteral", value: "call", quote: "none", span: closure.span },
    access: "plain",
    arguments: noArguments(closure.span),
    isCommand: false,
    isImplicitCall: true,
    span: closure.span,
  };
}

// New = "new" Type ( Arguments [ ClassBody ] | "[" Expression "]" { "[" [ Expression ] "]" } )
function parseNew(p: Parser): Expression {
  const start = peek(p, -1);
  newlines(p);
  if (at(p, "<")) parseTypeArguments(p);
  const type = parseElementType(p);
  if (at(p, "[")) return parseNewArray(p, start.span, type);
  newlines(p);
  if (!at(p, "("))
    throw failure(peek(p), `expecting '(', found ${shown(peek(p))}`, "write new with brackets: new Thing()");
  const args = parseCallArguments(p);
  const base = { kind: "New", type, arguments: args } as const;
  if (!at(p, "{")) return { ...base, span: spanFrom(p, start.span) };
  const bodyStart = peek(p).span;
  const members = p.rules.classBody(p, "");
  const span = spanFrom(p, bodyStart);
  return {
    ...base,
    body: {
      kind: "ClassDeclaration",
      form: "class",
      name: "",
      nameSpan: type.span,
      modifiers: [],
      annotations: [],
      superclass: type,
      interfaces: [],
      constants: [],
      members,
      span,
    },
    span: spanFrom(p, start.span),
  };
}

function parseNewArray(
  p: Parser,
  start: Expression["span"],
  type: ReturnType<typeof parseElementType>,
): Expression {
  const sizes: Expression[] = [];
  let openDimensions = 0;
  while (at(p, "[")) {
    const opener = take(p);
    if (!at(p, "]") && openDimensions === 0) sizes.push(p.rules.expression(p));
    else openDimensions += 1;
    expect(p, "]", opener.span);
  }
  if (at(p, "{") || sizes.length === 0) {
    throw failure(
      peek(p),
      "an array needs a size; Groovy 2.4 has no array initialisers { … }",
      "write [1, 2] as int[]",
    );
  }
  return { kind: "NewArray", type, sizes, openDimensions, span: spanFrom(p, start) };
}
