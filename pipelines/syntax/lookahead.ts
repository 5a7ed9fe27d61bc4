import { isKeyword, isOperator, pastNewlines, tokenAt } from "./cursor.ts";
import type { Parser } from "./cursor.ts";
import { MODIFIERS, PRIMITIVES } from "./token.ts";
import type { Token } from "./token.ts";

/** Functions of this file only look: given an index, they tell what stands there or the index behind it. */

const CLOSER: ReadonlyMap<string, string> = new Map([
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
]);

/** The index behind the bracket or string that opens at `index`, or undefined when it never closes. */
export function pastBalanced(p: Parser, index: number): number | undefined {
  const open: string[] = [];
  for (let i = index; ; i += 1) {
    const token = tokenAt(p, i);
    if (token.kind === "end") return undefined;
    if (token.kind === "gstringStart") open.push("string");
    else if (token.kind === "gstringEnd") {
      if (open.pop() !== "string") return undefined;
    } else if (token.kind === "operator") {
      const closer = CLOSER.get(token.text);
      if (closer !== undefined) open.push(closer);
      else if (token.text === ")" || token.text === "]" || token.text === "}") {
        if (open.pop() !== token.text) return undefined;
      }
    }
    if (open.length === 0) return i + 1;
  }
}

/** True for a word, keywords among them. */
export function isWord(token: Token): boolean {
  return token.kind === "identifier" || token.kind === "keyword";
}

/** True for the name of a primitive type. */
export function isPrimitive(token: Token): boolean {
  return token.kind === "keyword" && PRIMITIVES.has(token.text);
}

/** True for `def`, `private`, `static` and their like. */
export function isModifier(token: Token): boolean {
  return token.kind === "keyword" && MODIFIERS.has(token.text);
}

/** True for an identifier that begins with an upper-case letter: where a declaration is possible, it is taken for a type. */
export function isTypeLike(token: Token): boolean {
  if (token.kind !== "identifier") return false;
  const first = token.text[0] ?? "";
  return first !== first.toLowerCase() && first === first.toUpperCase();
}

/** The index behind `name.name…`, or undefined. */
function pastDottedName(p: Parser, index: number): number | undefined {
  if (tokenAt(p, index).kind !== "identifier") return undefined;
  let i = index + 1;
  while (isOperator(tokenAt(p, i), ".") && tokenAt(p, i + 1).kind === "identifier") i += 2;
  return i;
}

/** The index behind a type with its type arguments and `[]`, or undefined. */
export function pastType(p: Parser, index: number): number | undefined {
  const name = isPrimitive(tokenAt(p, index)) ? index + 1 : pastDottedName(p, index);
  if (name === undefined) return undefined;
  const withArguments = isOperator(tokenAt(p, name), "<") ? pastTypeArguments(p, name) : name;
  if (withArguments === undefined) return undefined;
  let i = withArguments;
  while (isOperator(tokenAt(p, i), "[") && isOperator(tokenAt(p, i + 1), "]")) i += 2;
  return i;
}

/** The index behind `<…>`, or undefined when what follows is no list of types. */
export function pastTypeArguments(p: Parser, index: number): number | undefined {
  let depth = 0;
  for (let i = index; ; i += 1) {
    const token = tokenAt(p, i);
    if (token.kind === "operator" && token.text === "<") depth += 1;
    else if (token.kind === "operator" && /^>+$/.test(token.text)) depth -= token.text.length;
    else if (!isTypePart(token)) return undefined;
    if (depth <= 0) return i + 1;
  }
}

function isTypePart(token: Token): boolean {
  if (token.kind === "identifier" || token.kind === "newline") return true;
  if (token.kind === "keyword")
    return PRIMITIVES.has(token.text) || token.text === "extends" || token.text === "super";
  return token.kind === "operator" && [",", ".", "?", "[", "]", "&"].includes(token.text);
}

/** The index behind `@Name(…)`, or undefined; `@interface` is no annotation. */
export function pastAnnotation(p: Parser, index: number): number | undefined {
  if (!isOperator(tokenAt(p, index), "@")) return undefined;
  const name = pastDottedName(p, index + 1);
  if (name === undefined) return undefined;
  const bracket = pastNewlines(p, name);
  return isOperator(tokenAt(p, bracket), "(") ? pastBalanced(p, bracket) : name;
}

/** The index behind all modifiers and annotations from `index` on. */
export function pastModifiers(p: Parser, index: number): number {
  let i = index;
  for (;;) {
    const next = isModifier(tokenAt(p, i)) ? i + 1 : pastAnnotation(p, i);
    if (next === undefined) return i;
    i = pastNewlines(p, next);
  }
}

// DeclarationStart = { Modifier | Annotation | Type } ( Identifier | String )
/** True where a declaration of variables or of a method begins. */
export function startsDeclaration(p: Parser, index: number): boolean {
  const afterModifiers = pastModifiers(p, index);
  const type = pastDeclarationType(p, afterModifiers);
  const name = tokenAt(p, type ?? afterModifiers);
  if (afterModifiers === index && type === undefined) return false;
  return name.kind === "identifier" || name.kind === "string";
}

/** The index behind a type that may begin a declaration: primitive, capitalised, or dotted with a capitalised end. */
function pastDeclarationType(p: Parser, index: number): number | undefined {
  const first = tokenAt(p, index);
  const name = isPrimitive(first) ? index + 1 : pastDottedName(p, index);
  if (name === undefined) return undefined;
  if (!isPrimitive(first) && !isTypeLike(tokenAt(p, name - 1))) return undefined;
  const end = pastType(p, index);
  if (end === undefined) return undefined;
  const after = tokenAt(p, end);
  return after.kind === "identifier" || after.kind === "string" ? end : undefined;
}

/** True where `def (a, b) = …` begins. */
export function startsMultipleDeclaration(p: Parser, index: number): boolean {
  const i = pastModifiers(p, index);
  if (i === index || !isOperator(tokenAt(p, i), "(")) return false;
  for (let k = index; k < i; k += 1) if (isKeyword(tokenAt(p, k), "def")) return true;
  return false;
}

/** True where a class, interface, enum, trait or annotation type is declared. */
export function startsTypeDeclaration(p: Parser, index: number): boolean {
  const i = pastModifiers(p, index);
  const token = tokenAt(p, i);
  if (isOperator(token, "@")) return isKeyword(tokenAt(p, i + 1), "interface");
  return token.kind === "keyword" && ["class", "interface", "enum", "trait"].includes(token.text);
}

/** True where `import` stands, maybe behind annotations. */
export function startsImport(p: Parser, index: number): boolean {
  let i = index;
  for (let next = pastAnnotation(p, i); next !== undefined; next = pastAnnotation(p, i))
    i = pastNewlines(p, next);
  return isKeyword(tokenAt(p, i), "import");
}

/** True where a generic method begins: `def <T> …`. */
export function startsGenericMethod(p: Parser, index: number): boolean {
  const i = pastModifiers(p, index);
  return i > index && isOperator(tokenAt(p, i), "<");
}

// ArgumentLabel = ( Identifier | Keyword | Number | String | bracketed ) ":"
/** True where a named argument or a map entry begins. */
export function startsLabel(p: Parser, index: number): boolean {
  const token = tokenAt(p, index);
  if (isWord(token) || token.kind === "string" || token.kind === "integer" || token.kind === "decimal") {
    return isOperator(tokenAt(p, index + 1), ":");
  }
  const opens = token.kind === "gstringStart" || (token.kind === "operator" && CLOSER.has(token.text));
  if (!opens) return false;
  const end = pastBalanced(p, index);
  return end !== undefined && isOperator(tokenAt(p, end), ":");
}

/** True where closure parameters and an arrow stand. */
export function startsClosureParameters(p: Parser, index: number): boolean {
  let i = pastNewlines(p, index);
  if (isOperator(tokenAt(p, i), "->")) return true;
  for (;;) {
    const name = pastParameterName(p, i);
    if (name === undefined) return false;
    const end = isOperator(tokenAt(p, name), "=") ? pastDefault(p, name + 1) : name;
    if (end === undefined) return false;
    if (isOperator(tokenAt(p, pastNewlines(p, end)), "->")) return true;
    if (!isOperator(tokenAt(p, end), ",")) return false;
    i = pastNewlines(p, end + 1);
  }
}

function pastParameterName(p: Parser, index: number): number | undefined {
  const start = pastModifiers(p, index);
  const type = pastType(p, start);
  if (type !== undefined) {
    const name = isOperator(tokenAt(p, type), "...") ? type + 1 : type;
    if (tokenAt(p, name).kind === "identifier") return name + 1;
  }
  const bare = isOperator(tokenAt(p, start), "...") ? start + 1 : start;
  return tokenAt(p, bare).kind === "identifier" ? bare + 1 : undefined;
}

// A default value is any expression: look for the comma or arrow behind it.
function pastDefault(p: Parser, index: number): number | undefined {
  let i = pastNewlines(p, index);
  for (;;) {
    const token = tokenAt(p, i);
    if (token.kind === "end" || isOperator(token, "}") || isOperator(token, ";")) return undefined;
    if (isOperator(token, ",") || isOperator(token, "->")) return i;
    if (token.kind === "newline") return isOperator(tokenAt(p, i + 1), "->") ? i : undefined;
    const opens = token.kind === "gstringStart" || (token.kind === "operator" && CLOSER.has(token.text));
    const next = opens ? pastBalanced(p, i) : i + 1;
    if (next === undefined) return undefined;
    i = next;
  }
}

/** True for a token that can begin an expression that is no sum, index or call of what stands before it. */
export function startsExpression(token: Token): boolean {
  if (token.kind === "operator") return ["(", "[", "{", "!", "~", "+", "-", "++", "--"].includes(token.text);
  return startsCommandArgument(token);
}

/** True for a token that makes of the name before it a command: `name token…`. */
export function startsCommandArgument(token: Token): boolean {
  if (token.kind === "operator") return token.text === "!" || token.text === "~";
  if (token.kind === "keyword") {
    return (
      ["this", "super", "new", "true", "false", "null"].includes(token.text) || PRIMITIVES.has(token.text)
    );
  }
  return ["identifier", "integer", "decimal", "string", "gstringStart"].includes(token.kind);
}

/** True at `(Type)` with a value behind it. A bracketed name is always a type when a value follows: `(a)[0]` is a cast. */
export function startsCast(p: Parser, index: number): boolean {
  if (!isOperator(tokenAt(p, index), "(")) return false;
  const end = pastType(p, index + 1);
  if (end === undefined || !isOperator(tokenAt(p, end), ")")) return false;
  const next = tokenAt(p, end + 1);
  if (isOperator(next, "(") && isOperator(tokenAt(p, end + 2), ")")) return false; // (a)() is a call
  if (isPrimitive(tokenAt(p, index + 1)) && end === index + 2) return startsExpression(next);
  return startsExpression(next) && !(next.kind === "operator" && ["+", "-", "++", "--"].includes(next.text));
}

/** True at `(a, b) =`. */
export function startsMultipleAssignment(p: Parser, index: number): boolean {
  if (!isOperator(tokenAt(p, index), "(")) return false;
  let i = index + 1;
  for (;;) {
    if (tokenAt(p, i).kind !== "identifier") return false;
    const next = tokenAt(p, i + 1);
    if (isOperator(next, ")")) return isOperator(tokenAt(p, i + 2), "=");
    if (!isOperator(next, ",")) return false;
    i += 2;
  }
}
