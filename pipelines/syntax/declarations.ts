import type { Span } from "../diagnostic.ts";
import type {
  Declaration,
  Declarator,
  Expression,
  MethodDeclaration,
  MultipleDeclaration,
  Name,
  TypeName,
} from "./ast.ts";
import {
  accept,
  at,
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
import { pastType } from "./lookahead.ts";
import { parseInitializer, parseParameters, startsTypedName } from "./parameters.ts";
import { parseName, parsePrefix, parseThrows, parseType, skipTypeParameters } from "./types.ts";
import type { Prefix } from "./types.ts";

const expression = (p: Parser): Expression => p.rules.expression(p);

/** Reads what stands before a declared name. */
export function parseDeclarationPrefix(p: Parser): Prefix {
  return parsePrefix(p, expression);
}

// MultipleDeclaration = Modifiers [ Type ] "(" [ Type ] Name { "," [ Type ] Name } ")" "=" Expression
/** Reads `def (a, b) = …`. */
export function parseMultipleDeclaration(p: Parser): MultipleDeclaration {
  const first = peek(p);
  const prefix = parseDeclarationPrefix(p);
  const opener = expect(p, "(");
  const variables: { name: string; nameSpan: Span; type?: TypeName }[] = [];
  do {
    newlines(p);
    const type = startsTypedName(p) ? parseType(p) : undefined;
    const { name, span } = parseName(p);
    variables.push({ name, nameSpan: span, ...(type === undefined ? {} : { type }) });
  } while (accept(p, ","));
  expect(p, ")", opener.span);
  expect(p, "=");
  newlines(p);
  const value = p.rules.expression(p);
  return { kind: "MultipleDeclaration", ...prefix, variables, value, span: spanFrom(p, first.span) };
}

// Declaration = Prefix [ TypeParameters ] [ Type ] ( Method | Variables )
/** Reads variables or a method; fields of a class too, whose node is made of the same parts. */
export function parseDeclaration(p: Parser): Declaration | MethodDeclaration {
  const first = peek(p);
  const prefix = parseDeclarationPrefix(p);
  skipTypeParameters(p);
  const type = startsType(p) ? parseType(p) : undefined;
  const parts = { ...prefix, ...(type === undefined ? {} : { type }) };
  const token = peek(p);
  if (isOperator(peek(p, 1), "(") && (token.kind === "identifier" || token.kind === "string")) {
    return parseMethod(p, prefix, type, first.span);
  }
  const variables = parseDeclarators(p);
  return { kind: "Declaration", ...parts, variables, span: spanFrom(p, first.span) };
}

function startsType(p: Parser): boolean {
  const end = pastType(p, p.at);
  if (end === undefined) return false;
  const next = tokenAt(p, end);
  return next.kind === "identifier" || next.kind === "string";
}

// Variables = Name [ Initializer ] { "," Name [ Initializer ] }
function parseDeclarators(p: Parser): Declarator[] {
  const variables: Declarator[] = [];
  do {
    newlines(p);
    const { name, span: nameSpan } = parseName(p);
    const initial = parseInitializer(p);
    const span = spanFrom(p, nameSpan);
    variables.push({
      kind: "Declarator",
      name,
      nameSpan,
      ...(initial === undefined ? {} : { initial }),
      span,
    });
  } while (accept(p, ","));
  return variables;
}

// Method = ( Identifier | String ) "(" Parameters ")" [ Throws ] [ Block ]
function parseMethod(
  p: Parser,
  prefix: Prefix,
  returnType: TypeName | undefined,
  start: Span,
): MethodDeclaration {
  const name = parseMethodName(p);
  const opener = expect(p, "(");
  const parameters = parseParameters(p, ")");
  expect(p, ")", opener.span);
  const throwsTypes = parseThrows(p);
  const hasBody = isOperator(tokenAt(p, pastNewlines(p, p.at)), "{");
  if (hasBody) newlines(p);
  const body = hasBody ? p.rules.block(p) : undefined;
  return {
    kind: "MethodDeclaration",
    name: name.name,
    nameSpan: name.span,
    ...prefix,
    ...(returnType === undefined ? {} : { returnType }),
    parameters,
    throwsTypes,
    ...(body === undefined ? {} : { body }),
    span: spanFrom(p, start),
  };
}

function parseMethodName(p: Parser): Name {
  const token = take(p);
  if (token.kind === "string") return { name: token.value ?? "", span: token.span };
  if (token.kind !== "identifier") throw failure(token, `expecting an identifier, found ${shown(token)}`);
  return { name: token.text, span: token.span };
}

/** True when the token after the parameters would be wrong for a method without body in a script. */
export function isAbstractHere(p: Parser, method: MethodDeclaration): boolean {
  return method.body === undefined && !method.modifiers.includes("abstract") && !at(p, "{");
}
