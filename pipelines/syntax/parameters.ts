import type { Expression, Parameter } from "./ast.ts";
import { accept, at, isOperator, newlines, peek, spanFrom, tokenAt } from "./cursor.ts";
import type { Parser } from "./cursor.ts";
import { pastType } from "./lookahead.ts";
import { parseName, parsePrefix, parseType } from "./types.ts";

// Parameters = [ Parameter { "," Parameter } ]
/** Reads the parameters of a method, constructor or closure, up to what closes them. */
export function parseParameters(p: Parser, closing: ")" | "->"): Parameter[] {
  const parameters: Parameter[] = [];
  if (at(p, closing)) return parameters;
  do {
    newlines(p);
    parameters.push(parseParameter(p));
  } while (accept(p, ","));
  return parameters;
}

// Parameter = { Modifier | Annotation } [ Type ] [ "..." ] Identifier [ "=" CommandExpression ]
function parseParameter(p: Parser): Parameter {
  const first = peek(p);
  const { modifiers, annotations } = parsePrefix(p, (q) => q.rules.expression(q));
  const type = startsTypedName(p) ? parseType(p) : undefined;
  const isVarargs = accept(p, "...");
  const { name, span: nameSpan } = parseName(p);
  const initial = parseInitializer(p);
  return {
    kind: "Parameter",
    name,
    nameSpan,
    modifiers,
    annotations,
    isVarargs,
    ...(type === undefined ? {} : { type }),
    ...(initial === undefined ? {} : { initial }),
    span: spanFrom(p, first.span),
  };
}

/** True where a type and a name (or `...` and a name) stand, not a name alone. */
export function startsTypedName(p: Parser): boolean {
  const end = pastType(p, p.at);
  if (end === undefined) return false;
  const next = tokenAt(p, end);
  return next.kind === "identifier" || isOperator(next, "...");
}

// Initializer = "=" CommandExpression
/** Reads `= value` if it is there. */
export function parseInitializer(p: Parser): Expression | undefined {
  if (!accept(p, "=")) return undefined;
  newlines(p);
  return p.rules.commandExpression(p);
}
