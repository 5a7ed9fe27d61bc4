import { MODIFIERS } from "./token.ts";
import type { Annotation, Expression, Modifier, Name, TypeName } from "./ast.ts";
import {
  accept,
  acceptKeyword,
  at,
  expect,
  failure,
  isKeyword,
  isOperator,
  nested,
  newlines,
  pastNewlines,
  peek,
  report,
  shown,
  spanFrom,
  take,
  tokenAt,
  unexpected,
} from "./cursor.ts";
import type { Parser } from "./cursor.ts";
import { isModifier, isPrimitive, isWord, pastAnnotation } from "./lookahead.ts";

// Identifier
/** Reads a name that must be there. */
export function parseName(p: Parser): Name {
  const token = peek(p);
  if (token.kind !== "identifier") throw failure(token, `expecting an identifier, found ${shown(token)}`);
  p.at += 1;
  return { name: token.text, span: token.span };
}

// QualifiedName = Identifier { "." Identifier }
/** Reads a dotted name; newlines may follow a dot. */
export function parseQualifiedName(p: Parser): Name {
  const first = parseName(p);
  let name = first.name;
  while (at(p, ".") && tokenAt(p, pastNewlines(p, p.at + 1)).kind === "identifier") {
    p.at += 1;
    newlines(p);
    name += `.${parseName(p).name}`;
  }
  return { name, span: spanFrom(p, first.span) };
}

// Type = ( Primitive | QualifiedName [ TypeArguments ] ) { "[" "]" }
/** Reads a type with its dimensions. */
export function parseType(p: Parser): TypeName {
  const type = parseElementType(p);
  let dimensions = 0;
  while (at(p, "[") && isOperator(peek(p, 1), "]")) {
    p.at += 2;
    dimensions += 1;
  }
  return dimensions === 0 ? type : { ...type, dimensions, span: spanFrom(p, type.span) };
}

/** Reads a type without `[]`. */
export function parseElementType(p: Parser): TypeName {
  const first = peek(p);
  if (isPrimitive(first)) {
    p.at += 1;
    return { kind: "TypeName", name: first.text, arguments: [], dimensions: 0, span: first.span };
  }
  const { name } = parseQualifiedName(p);
  const args = at(p, "<") ? parseTypeArguments(p) : [];
  return { kind: "TypeName", name, arguments: args, dimensions: 0, span: spanFrom(p, first.span) };
}

// TypeArguments = "<" [ TypeArgument { "," TypeArgument } ] ">"
/** Reads type arguments; `>>` closes two lists at once. */
export function parseTypeArguments(p: Parser): TypeName[] {
  return nested(p, () => {
    expect(p, "<");
    newlines(p);
    const args: TypeName[] = [];
    while (!isAngle(p)) {
      args.push(parseTypeArgument(p));
      newlines(p);
      if (!accept(p, ",")) break;
      newlines(p);
    }
    closeAngle(p);
    return args;
  });
}

// TypeArgument = Type | "?" [ ( "extends" | "super" ) Type ]
function parseTypeArgument(p: Parser): TypeName {
  const first = peek(p);
  if (!accept(p, "?")) return parseType(p);
  const bound = acceptKeyword(p, "extends") || acceptKeyword(p, "super") ? [parseType(p)] : [];
  return { kind: "TypeName", name: "?", arguments: bound, dimensions: 0, span: spanFrom(p, first.span) };
}

function isAngle(p: Parser): boolean {
  const token = peek(p);
  return token.kind === "operator" && /^>+$/.test(token.text);
}

function closeAngle(p: Parser): void {
  if (!isAngle(p)) throw failure(peek(p), "Missing closing bracket '>' for generics types");
  p.angles += 1;
  if (p.angles < peek(p).text.length) return;
  p.angles = 0;
  p.at += 1;
}

// TypeParameters = "<" Identifier [ "extends" Type { "&" Type } ] { "," … } ">"
/** Steps over the type parameters of a class or method: they have no effect at run time. */
export function skipTypeParameters(p: Parser): void {
  if (!at(p, "<")) return;
  parseTypeParameterList(p);
  newlines(p);
}

function parseTypeParameterList(p: Parser): void {
  expect(p, "<");
  do {
    newlines(p);
    parseName(p);
    if (acceptKeyword(p, "extends")) {
      do parseType(p);
      while (accept(p, "&"));
    }
    newlines(p);
  } while (accept(p, ","));
  closeAngle(p);
}

/** Modifiers and annotations in front of a declaration. */
export type Prefix = { readonly modifiers: Modifier[]; readonly annotations: Annotation[] };

// Modifiers = { Modifier | Annotation }
/** Reads modifiers and annotations, and the newlines between them. */
export function parsePrefix(p: Parser, expression: (p: Parser) => Expression): Prefix {
  const prefix: Prefix = { modifiers: [], annotations: [] };
  for (;;) {
    const token = peek(p);
    if (isModifier(token)) {
      p.at += 1;
      const modifier = modifierOf(token.text);
      if (modifier === "def" && prefix.modifiers.includes("def")) throw unexpected(token);
      if (modifier !== undefined) prefix.modifiers.push(modifier);
    } else if (pastAnnotation(p, p.at) !== undefined) prefix.annotations.push(parseAnnotation(p, expression));
    else return prefix;
    newlines(p);
  }
}

const MODIFIER_WORDS: readonly Modifier[] = [
  "def",
  "private",
  "public",
  "protected",
  "static",
  "final",
  "abstract",
  "transient",
  "volatile",
  "native",
  "strictfp",
  "synchronized",
];

function modifierOf(text: string): Modifier | undefined {
  return MODIFIERS.has(text) ? MODIFIER_WORDS.find((word) => word === text) : undefined;
}

// Annotation = "@" QualifiedName [ "(" [ Expression | Member { "," Member } ] ")" ]
/** Reads one annotation. */
export function parseAnnotation(p: Parser, expression: (p: Parser) => Expression): Annotation {
  const start = expect(p, "@");
  const { name } = parseQualifiedName(p);
  const members: { name: string; value: Expression }[] = [];
  if (isOperator(tokenAt(p, pastNewlines(p, p.at)), "(")) {
    newlines(p);
    const opener = take(p).span;
    while (!at(p, ")")) {
      members.push(parseAnnotationMember(p, expression));
      if (!accept(p, ",")) break;
      newlines(p);
    }
    expect(p, ")", opener);
  }
  const span = spanFrom(p, start.span);
  if (/(^|\.)(Grab|Grapes|GrabResolver|GrabConfig|GrabExclude)$/.test(name)) refuseGrape(p, name, span);
  return { kind: "Annotation", name, members, span };
}

function refuseGrape(p: Parser, name: string, span: Annotation["span"]): void {
  report(
    p,
    "grape-refused",
    `@${name} is not allowed: a pipeline downloads no libraries into the server`,
    span,
    "run the tool in a container with sh, or put the code into a shared library",
  );
}

// Member = Word "=" Expression
function parseAnnotationMember(
  p: Parser,
  expression: (p: Parser) => Expression,
): { name: string; value: Expression } {
  const token = peek(p);
  const named = isWord(token) && isOperator(peek(p, 1), "=");
  if (named) {
    p.at += 2;
    newlines(p);
  }
  return { name: named ? token.text : "value", value: expression(p) };
}

/** Reads `throws A, B` if it stands here or on the next line. */
export function parseThrows(p: Parser): TypeName[] {
  if (!isKeyword(tokenAt(p, pastNewlines(p, p.at)), "throws")) return [];
  newlines(p);
  p.at += 1;
  const types: TypeName[] = [];
  do {
    newlines(p);
    types.push(parseType(p));
  } while (accept(p, ","));
  return types;
}
