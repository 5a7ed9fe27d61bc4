import type { Span } from "../diagnostic.ts";
import type { ClassDeclaration, ConstructorDeclaration, EnumConstant, Member, TypeName } from "./ast.ts";
import { noArguments, parseCallArguments } from "./arguments.ts";
import { parseDeclaration, parseDeclarationPrefix } from "./declarations.ts";
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
import {
  pastAnnotation,
  pastModifiers,
  startsDeclaration,
  startsGenericMethod,
  startsTypeDeclaration,
} from "./lookahead.ts";
import { parseParameters } from "./parameters.ts";
import { guarded } from "./recovery.ts";
import { parseAnnotation, parseName, parseThrows, parseType, skipTypeParameters } from "./types.ts";
import type { Prefix } from "./types.ts";

// TypeDeclaration = Prefix ( Class | Interface | Enum | Trait | AnnotationType ); the last two are refused
/** Reads the declaration of a class, interface or enum. */
export function parseTypeDeclaration(p: Parser): ClassDeclaration {
  const first = peek(p);
  const prefix = parseDeclarationPrefix(p);
  const word = accept(p, "@") ? "@interface" : peek(p).text;
  const keyword = take(p);
  if (word === "trait" || word === "@interface") refuseType(p, word, keyword.span);
  if (word === "enum") return parseEnum(p, prefix, first.span);
  return parseClass(
    p,
    word === "interface" || word === "@interface" ? "interface" : "class",
    prefix,
    first.span,
  );
}

function refuseType(p: Parser, word: string, span: Span): void {
  const what = word === "trait" ? "traits are" : "annotation types are";
  report(
    p,
    "type-refused",
    `${what} not supported in a pipeline`,
    span,
    "write a class, or an interface and a class",
  );
}

// Class = ( "class" | "interface" ) Identifier [ TypeParameters ] [ "extends" Types ] [ "implements" Types ] ClassBody
function parseClass(p: Parser, form: "class" | "interface", prefix: Prefix, start: Span): ClassDeclaration {
  const { name, span: nameSpan } = parseName(p);
  newlines(p);
  skipTypeParameters(p);
  const parents = parseTypes(p, "extends");
  const interfaces = parseTypes(p, "implements");
  const members = parseClassBody(p, name);
  const superclass = form === "class" ? parents[0] : undefined;
  return {
    kind: "ClassDeclaration",
    form,
    name,
    nameSpan,
    ...prefix,
    ...(superclass === undefined ? {} : { superclass }),
    interfaces: form === "class" ? interfaces : parents,
    constants: [],
    members,
    span: spanFrom(p, start),
  };
}

function parseTypes(p: Parser, word: "extends" | "implements"): TypeName[] {
  const types: TypeName[] = [];
  if (!acceptKeyword(p, word)) return types;
  do {
    newlines(p);
    types.push(parseType(p));
  } while (accept(p, ","));
  newlines(p);
  return types;
}

// ClassBody = "{" [ Member ] { separator [ Member ] } "}"
/** Reads the members of a class between its braces. */
export function parseClassBody(p: Parser, className: string): Member[] {
  return nested(p, () => {
    const opener = expect(p, "{");
    const members: Member[] = [];
    parseMembers(p, className, members);
    expect(p, "}", opener.span);
    return members;
  });
}

function parseMembers(p: Parser, className: string, into: Member[]): void {
  for (;;) {
    while (peek(p).kind === "newline" || at(p, ";")) p.at += 1;
    if (at(p, "}") || peek(p).kind === "end") return;
    const before = p.at;
    guarded(p, () => {
      into.push(parseMember(p, className));
      if (!at(p, "}") && !at(p, ";") && peek(p).kind !== "newline") {
        throw failure(peek(p), `expecting '}', found ${shown(peek(p))}`);
      }
    });
    if (p.at === before) return;
  }
}

// Member = Constructor | Method | Fields | TypeDeclaration | [ "static" ] Block
function parseMember(p: Parser, className: string): Member {
  const first = peek(p);
  if (at(p, "{"))
    return { kind: "Initializer", isStatic: false, body: p.rules.block(p), span: spanFrom(p, first.span) };
  if (isKeyword(first, "static") && isOperator(tokenAt(p, pastNewlines(p, p.at + 1)), "{")) {
    p.at += 1;
    newlines(p);
    return { kind: "Initializer", isStatic: true, body: p.rules.block(p), span: spanFrom(p, first.span) };
  }
  if (startsConstructor(p, className)) return parseConstructor(p);
  if (startsTypeDeclaration(p, p.at)) return parseTypeDeclaration(p);
  if (!startsDeclaration(p, p.at) && !startsGenericMethod(p, p.at)) throw unexpected(first);
  const declaration = parseDeclaration(p);
  return declaration.kind === "MethodDeclaration"
    ? declaration
    : { ...declaration, kind: "FieldDeclaration" };
}

function startsConstructor(p: Parser, className: string): boolean {
  const i = pastModifiers(p, p.at);
  const name = tokenAt(p, i);
  return (
    name.kind === "identifier" &&
    name.text === className &&
    isOperator(tokenAt(p, pastNewlines(p, i + 1)), "(")
  );
}

// Constructor = Prefix Identifier "(" Parameters ")" [ Throws ] Block
function parseConstructor(p: Parser): ConstructorDeclaration {
  const first = peek(p);
  const prefix = parseDeclarationPrefix(p);
  parseName(p);
  newlines(p);
  const opener = expect(p, "(");
  const parameters = parseParameters(p, ")");
  expect(p, ")", opener.span);
  const throwsTypes = parseThrows(p);
  newlines(p);
  const body = p.rules.block(p);
  return {
    kind: "ConstructorDeclaration",
    ...prefix,
    parameters,
    throwsTypes,
    body,
    span: spanFrom(p, first.span),
  };
}

// Enum = "enum" Identifier [ "implements" Types ] "{" [ EnumConstant { "," EnumConstant } [ "," ] ] { Member } "}"
function parseEnum(p: Parser, prefix: Prefix, start: Span): ClassDeclaration {
  const { name, span: nameSpan } = parseName(p);
  newlines(p);
  const interfaces = parseTypes(p, "implements");
  newlines(p);
  const opener = expect(p, "{");
  newlines(p);
  const constants: EnumConstant[] = [];
  while (startsEnumConstant(p)) {
    constants.push(parseEnumConstant(p));
    newlines(p);
    if (!accept(p, ",")) break;
    newlines(p);
  }
  const members: Member[] = [];
  nested(p, () => parseMembers(p, name, members));
  expect(p, "}", opener.span);
  return {
    kind: "ClassDeclaration",
    form: "enum",
    name,
    nameSpan,
    ...prefix,
    interfaces,
    constants,
    members,
    span: spanFrom(p, start),
  };
}

function startsEnumConstant(p: Parser): boolean {
  let i = p.at;
  for (let next = pastAnnotation(p, i); next !== undefined; next = pastAnnotation(p, i))
    i = pastNewlines(p, next);
  if (tokenAt(p, i).kind !== "identifier") return false;
  const after = tokenAt(p, pastNewlines(p, i + 1));
  if (tokenAt(p, i + 1).kind === "newline") return true;
  return after.kind === "operator" && ["{", "(", ",", ";", "}"].includes(after.text);
}

// EnumConstant = { Annotation } Identifier [ Arguments ] [ ClassBody ]
function parseEnumConstant(p: Parser): EnumConstant {
  const first = peek(p);
  const annotations = [];
  while (at(p, "@")) {
    annotations.push(parseAnnotation(p, (q) => q.rules.expression(q)));
    newlines(p);
  }
  const { name, span: nameSpan } = parseName(p);
  const args = at(p, "(") ? parseCallArguments(p) : noArguments(nameSpan);
  const members = at(p, "{") ? parseClassBody(p, "") : [];
  return {
    kind: "EnumConstant",
    name,
    nameSpan,
    annotations,
    arguments: args,
    members,
    span: spanFrom(p, first.span),
  };
}
