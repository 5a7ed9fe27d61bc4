import type {
  AssignmentOperator,
  BinaryOperator,
  Expression,
  MultipleAssignment,
  TypeName,
  Variable,
} from "./ast.ts";
import {
  accept,
  at,
  checkChain,
  expect,
  isOperator,
  nested,
  newlines,
  pastNewlines,
  peek,
  report,
  spanFrom,
  take,
  tokenAt,
  unexpected,
} from "./cursor.ts";
import type { Parser } from "./cursor.ts";
import { describe } from "./describe.ts";
import { decimalOf, integerOf } from "./literals.ts";
import { startsCast, startsMultipleAssignment } from "./lookahead.ts";
import { parsePath } from "./paths.ts";
import type { Token } from "./token.ts";
import { parseName, parseType } from "./types.ts";

type Place = "statement" | undefined;

const ASSIGNMENTS: readonly AssignmentOperator[] = [
  "=",
  "+=",
  "-=",
  "*=",
  "/=",
  "%=",
  "**=",
  "<<=",
  ">>=",
  ">>>=",
  "&=",
  "^=",
  "|=",
];

// Expression = MultipleAssignment | Conditional [ AssignmentOperator CommandExpression ]
/** Reads an expression, assignments included. */
export function parseExpression(p: Parser, place?: Place): Expression {
  return nested(p, () => {
    if (startsMultipleAssignment(p, p.at)) return parseMultipleAssignment(p);
    const start = peek(p).span;
    const target = parseConditional(p, place);
    const token = peek(p);
    const operator =
      token.kind === "operator" ? ASSIGNMENTS.find((candidate) => candidate === token.text) : undefined;
    if (operator === undefined) return target;
    p.at += 1;
    newlines(p);
    checkTarget(p, target, token);
    const value = p.rules.commandExpression(p);
    return {
      kind: "Assignment",
      operator,
      target,
      value,
      operatorSpan: token.span,
      span: spanFrom(p, start),
    };
  });
}

// MultipleAssignment = "(" Identifier { "," Identifier } ")" "=" Expression
function parseMultipleAssignment(p: Parser): MultipleAssignment {
  const opener = expect(p, "(");
  const targets: Variable[] = [];
  do targets.push({ kind: "Variable", ...parseName(p) });
  while (accept(p, ","));
  expect(p, ")", opener.span);
  expect(p, "=");
  newlines(p);
  const value = p.rules.expression(p);
  return { kind: "MultipleAssignment", targets, value, span: spanFrom(p, opener.span) };
}

/** Only a variable, a property or an index can be assigned to. */
function checkTarget(p: Parser, target: Expression, operator: Token): void {
  if (target.kind === "Variable" || target.kind === "Property" || target.kind === "Index") return;
  const what = TARGETS[target.kind];
  const message =
    what === undefined
      ? "this is a bad expression as the left hand side of an assignment operator"
      : `${what.includes("call") ? `"${describe(target)}"` : shownTarget(target)} is a ${what}, but it should be a variable expression`;
  report(p, "cannot-assign", message, operator.span, "assign to a variable, a property or an element");
}

function shownTarget(target: Expression): string {
  return target.kind === "Binary" ? describe(target) : `[${describe(target)}]`;
}

const TARGETS: Partial<Record<Expression["kind"], string>> = {
  StringLiteral: "constant expression",
  IntegerLiteral: "constant expression",
  DecimalLiteral: "constant expression",
  BooleanLiteral: "constant expression",
  NullLiteral: "constant expression",
  GString: "GString expression",
  MethodCall: "method call expression",
  Binary: "binary expression",
};

// Conditional = LogicalOr [ "?" Expression ":" Conditional | "?:" Conditional ]; newlines may stand before each sign
/** Reads an expression without assignment, as the condition of `if` must be. */
export function parseConditional(p: Parser, place?: Place): Expression {
  const start = peek(p).span;
  const condition = parseBinary(p, 1, place);
  const ahead = pastNewlines(p, p.at);
  if (isOperator(tokenAt(p, ahead), "?:")) {
    p.at = ahead + 1;
    newlines(p);
    const alternative = nested(p, () => parseConditional(p));
    return { kind: "Elvis", value: condition, alternative, span: spanFrom(p, start) };
  }
  if (!isOperator(tokenAt(p, ahead), "?")) return condition;
  p.at = ahead + 1;
  newlines(p);
  const consequent = p.rules.expression(p);
  newlines(p);
  expect(p, ":");
  newlines(p);
  const alternative = nested(p, () => parseConditional(p));
  return { kind: "Ternary", condition, consequent, alternative, span: spanFrom(p, start) };
}

const LEVELS: ReadonlyMap<string, number> = new Map([
  ["||", 1],
  ["&&", 2],
  ["|", 3],
  ["^", 4],
  ["&", 5],
  ["=~", 6],
  ["==~", 6],
  ["==", 7],
  ["!=", 7],
  ["<=>", 7],
  ["===", 7],
  ["!==", 7],
  ["<", 8],
  ["<=", 8],
  [">", 8],
  [">=", 8],
  ["in", 8],
  ["instanceof", 8],
  ["as", 8],
  ["<<", 9],
  [">>", 9],
  [">>>", 9],
  ["..", 9],
  ["..<", 9],
  ["+", 10],
  ["-", 10],
  ["*", 11],
  ["/", 11],
  ["%", 11],
]);
const RELATIONAL = 8;
const MULTIPLICATIVE = 11;
const BINARY: readonly BinaryOperator[] = [
  "+",
  "-",
  "*",
  "/",
  "%",
  "<<",
  ">>",
  ">>>",
  "<",
  "<=",
  ">",
  ">=",
  "==",
  "!=",
  "<=>",
  "===",
  "!==",
  "=~",
  "==~",
  "in",
  "&",
  "^",
  "|",
  "&&",
  "||",
];

// Binary(n) = Binary(n+1) { Operator(n) Binary(n+1) }, from || (1) down to * / % (11).
// Relational (8) takes one operator, not a row of them; `as` and `instanceof` have a type on their right.
function parseBinary(p: Parser, level: number, place?: Place): Expression {
  const start = peek(p).span;
  let left = parseSigned(p, place);
  let highest = MULTIPLICATIVE;
  for (let length = 1; ; length += 1) {
    const token = peek(p);
    const own = token.kind === "operator" || token.kind === "keyword" ? LEVELS.get(token.text) : undefined;
    if (own === undefined || own < level || own > highest) return left;
    checkChain(p, length);
    p.at += 1;
    newlines(p);
    left = parseRight(p, left, token, own, start);
    if (own === RELATIONAL) highest = RELATIONAL - 1;
    else highest = Math.min(highest, own);
  }
}

function parseRight(
  p: Parser,
  left: Expression,
  token: Token,
  level: number,
  start: Token["span"],
): Expression {
  if (token.text === "as") {
    const type = parseType(p);
    return { kind: "Cast", type, operand: left, isCoercion: true, span: spanFrom(p, start) };
  }
  if (token.text === "instanceof") {
    const type = parseType(p);
    return { kind: "InstanceOf", operand: left, type, span: spanFrom(p, start) };
  }
  const right = level === MULTIPLICATIVE ? parsePower(p) : nested(p, () => parseBinary(p, level + 1));
  const span = spanFrom(p, start);
  if (token.text === ".." || token.text === "..<") {
    return { kind: "Range", from: left, to: right, isInclusive: token.text === "..", span };
  }
  const operator = BINARY.find((candidate) => candidate === token.text);
  if (operator === undefined) throw unexpected(token);
  if (operator === "===" || operator === "!==") refuseIdentity(p, operator, token);
  return { kind: "Binary", operator, left, right, operatorSpan: token.span, span };
}

function refuseIdentity(p: Parser, operator: string, token: Token): void {
  report(
    p,
    "operator-unknown",
    `Operator ("${operator}") not supported`,
    token.span,
    "== compares values; a.is(b) asks whether both are the same object",
  );
}

// Signed = ( "+" | "-" | "++" | "--" ) PowerWithoutSign | Power; the sign binds looser than **
function parseSigned(p: Parser, place?: Place): Expression {
  const token = peek(p);
  if (!isSign(token)) return parsePower(p, place);
  p.at += 1;
  newlines(p);
  return nested(p, () => signed(p, token, isSign(peek(p)) ? parseUnary(p) : parsePower(p)));
}

function isSign(token: Token): boolean {
  return token.kind === "operator" && ["+", "-", "++", "--"].includes(token.text);
}

function signed(p: Parser, token: Token, operand: Expression): Expression {
  const span = spanFrom(p, token.span);
  if (token.text === "++" || token.text === "--") {
    return { kind: "Increment", operator: token.text, isPrefix: true, operand, span };
  }
  if (token.text === "-" && operand.span.start === token.span.end) {
    const number = peek(p, -1);
    if (operand.kind === "IntegerLiteral" && number.kind === "integer")
      return { ...integerOf(number, true), span };
    if (operand.kind === "DecimalLiteral" && number.kind === "decimal")
      return { ...decimalOf(number, true), span };
  }
  return { kind: "Unary", operator: token.text === "-" ? "-" : "+", operand, span };
}

// Power = Unary { "**" Unary }
function parsePower(p: Parser, place?: Place): Expression {
  const start = peek(p).span;
  let left = parseUnary(p, place);
  for (let length = 1; at(p, "**"); length += 1) {
    checkChain(p, length);
    const token = take(p);
    newlines(p);
    const right = parseUnary(p);
    left = {
      kind: "Binary",
      operator: "**",
      left,
      right,
      operatorSpan: token.span,
      span: spanFrom(p, start),
    };
  }
  return left;
}

// Unary = ( "++" | "--" | "-" | "+" | "!" | "~" ) Unary | "(" Type ")" Unary | Postfix
function parseUnary(p: Parser, place?: Place): Expression {
  const token = peek(p);
  if (isSign(token)) {
    p.at += 1;
    newlines(p);
    return nested(p, () => signed(p, token, parseUnary(p)));
  }
  if (at(p, "!") || at(p, "~")) {
    p.at += 1;
    newlines(p);
    const operand = nested(p, () => parseUnary(p));
    return {
      kind: "Unary",
      operator: token.text === "!" ? "!" : "~",
      operand,
      span: spanFrom(p, token.span),
    };
  }
  return startsCast(p, p.at) ? parseCast(p) : parsePostfix(p, place);
}

function parseCast(p: Parser): Expression {
  const opener = expect(p, "(");
  const type = parseType(p);
  expect(p, ")", opener.span);
  checkCastType(p, type);
  const operand = nested(p, () => parseUnary(p));
  return { kind: "Cast", type, operand, isCoercion: false, span: spanFrom(p, opener.span) };
}

/** `(name) value` is a cast to a class called name; nobody means that of a lower-case name. */
function checkCastType(p: Parser, type: TypeName): void {
  const last = type.name.split(".").at(-1) ?? "";
  if (
    PRIMITIVE_NAMES.test(type.name) ||
    last[0] !== last[0]?.toLowerCase() ||
    last[0] === last[0]?.toUpperCase()
  )
    return;
  report(
    p,
    "class-unknown",
    `unable to resolve class ${type.name}`,
    type.span,
    "brackets around a single name in front of a value are a cast; leave them out",
  );
}

const PRIMITIVE_NAMES = /^(void|boolean|byte|char|short|int|float|long|double)$/;

// Postfix = Path [ "++" | "--" ]
function parsePostfix(p: Parser, place?: Place): Expression {
  const start = peek(p).span;
  const operand = parsePath(p, place);
  const token = peek(p);
  if (!at(p, "++") && !at(p, "--")) return operand;
  p.at += 1;
  return {
    kind: "Increment",
    operator: token.text === "++" ? "++" : "--",
    isPrefix: false,
    operand,
    span: spanFrom(p, start),
  };
}
