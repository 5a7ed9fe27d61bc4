import type { Span } from "../diagnostic.ts";
import type { Arguments, Entry, Expression, MethodCall } from "../syntax/ast.ts";
import { nearest } from "./nearest.ts";
import type { NamedValue } from "./pipeline.ts";
import { checkValue, expectLiteral, literalText, refuse, sourceOf } from "./reading.ts";
import type { Reading } from "./reading.ts";
import type { Field, FieldType, Shape } from "./signatures.ts";

/** The named arguments of a call with literal names; others are refused. */
export function namedValues(r: Reading, entries: readonly Entry[]): NamedValue[] {
  const values: NamedValue[] = [];
  for (const entry of entries) {
    if (entry.kind === "SpreadEntry") continue;
    values.push({ name: expectLiteral(r, entry.key), value: entry.value, span: entry.key.span });
  }
  return values;
}

/** True for `[$class: 'X', …]`, which is one value although its keys look like names. */
export function isClassMap(args: Arguments): boolean {
  return args.named.some((entry) => entry.kind === "MapEntry" && literalText(entry.key) === "$class");
}

/** Checks the arguments of a step or condition against what it takes. `at` is where a missing one is missed. */
export function checkArguments(
  r: Reading,
  name: string,
  args: Arguments,
  positional: readonly Expression[],
  shape: Shape,
  at: Span,
): void {
  for (const value of positional) checkValue(r, value);
  for (const entry of args.named) if (entry.kind === "MapEntry") checkValue(r, entry.value);
  if (isClassMap(args) || args.named.some((entry) => entry.kind === "SpreadEntry")) return;
  const count = positional.length + (args.named.length > 0 ? 1 : 0);
  if (count > 1) {
    if (shape.isOpen) return;
    refuse(r, "arguments-unnamed", `Arguments to "${name}" must be explicitly named.`, at, namesHint(shape));
    return;
  }
  const [value] = positional;
  if (value !== undefined) checkSole(r, value, shape, at);
  else checkNamed(r, namedValues(r, args.named), shape, at);
}

function namesHint(shape: Shape): string {
  return shape.fields.length === 0
    ? "it takes no arguments"
    : `name them: ${shape.fields.map((f) => f.name).join(", ")}`;
}

function checkSole(r: Reading, value: Expression, shape: Shape, at: Span): void {
  if (shape.isOpen || (value.kind === "MapExpression" && shape.sole === undefined)) return;
  if (shape.sole === undefined) {
    if (shape.takesBlock) return;
    refuse(
      r,
      "no-sole-parameter",
      "Step does not take a single required parameter - use named parameters instead",
      at,
      namesHint(shape),
    );
    return;
  }
  checkType(r, value, shape.sole.type);
}

function checkNamed(r: Reading, named: readonly NamedValue[], shape: Shape, at: Span): void {
  let good = true;
  for (const { name, value, span } of named) {
    const field = checkName(r, name, span, shape);
    if (field === undefined) {
      good &&= shape.isOpen;
      continue;
    }
    // A sole required parameter by itself is judged as if it had no name.
    const shown = named.length === 1 && field === shape.sole && !shape.takesBlock ? undefined : field.name;
    good = checkType(r, value, field.type, shown) && good;
  }
  if (good) checkRequired(r, named, shape, at);
}

function checkRequired(r: Reading, named: readonly NamedValue[], shape: Shape, at: Span): void {
  for (const field of shape.fields) {
    if (!field.isRequired || named.some((value) => value.name === field.name)) continue;
    refuse(r, "parameter-missing", `Missing required parameter: "${field.name}"`, at, `add ${field.name}: …`);
  }
}

/** The field of that name; an unknown name is refused with the nearest one. */
export function checkName(r: Reading, name: string, span: Span, shape: Shape): Field | undefined {
  const field = shape.fields.find((candidate) => candidate.name === name);
  if (field !== undefined || shape.isOpen) return field;
  const names = shape.fields.map((candidate) => candidate.name);
  const message = `Invalid parameter "${name}", did you mean "${nearest(name, names)}"?`;
  refuse(
    r,
    "parameter-unknown",
    message,
    span,
    names.length === 0 ? "it takes no arguments" : `it takes ${names.join(", ")}`,
  );
  return undefined;
}

/** Checks a literal against a type; values known only at run time are let through. */
export function checkType(r: Reading, value: Expression, type: FieldType, name?: string): boolean {
  const literal = literalOf(value);
  if (literal === undefined || fits(literal, type)) return true;
  const wanted = typeof type === "string" ? type : `one of ${type.oneOf.join(", ")}`;
  const got = `got "${literal.text}" of type ${literal.type} instead`;
  const message =
    name === undefined
      ? `Expecting "${wanted}" but ${got}`
      : `Expecting "${wanted}" for parameter "${name}" but ${got}`;
  refuse(r, "type-mismatch", message, value.span, hintFor(type));
  return false;
}

function hintFor(type: FieldType): string {
  if (type === "class java.lang.String") return "put the value in quotes";
  if (type === "int" || type === "long") return "write a whole number without quotes";
  return typeof type === "string"
    ? "write true or false"
    : `write one of ${type.oneOf.map((word) => `'${word}'`).join(", ")}`;
}

type Literal = {
  readonly kind: "string" | "integer" | "boolean";
  readonly text: string;
  readonly type: string;
};

function literalOf(value: Expression): Literal | undefined {
  if (value.kind === "StringLiteral")
    return { kind: "string", text: value.value, type: "class java.lang.String" };
  if (value.kind === "BooleanLiteral")
    return { kind: "boolean", text: String(value.value), type: "class java.lang.Boolean" };
  if (value.kind !== "IntegerLiteral") return undefined;
  const type = value.type === "int" ? "class java.lang.Integer" : "class java.lang.Long";
  return { kind: "integer", text: value.value.toString(), type };
}

function fits(literal: Literal, type: FieldType): boolean {
  if (typeof type !== "string") return literal.kind !== "string" || type.oneOf.includes(literal.text);
  if (type === "class java.lang.String") return literal.kind === "string";
  if (type === "int" || type === "long") return literal.kind === "integer";
  return true;
}

/** Checks a call that stands as an option, trigger, parameter, or as an argument of one. */
export function checkCall(r: Reading, name: string, call: MethodCall, shape: Shape | undefined): void {
  if (shape === undefined) return;
  const named = namedValues(r, call.arguments.named);
  const { positional } = call.arguments;
  if (named.length > 0) {
    if (positional.length > 0 && !positional.some((value) => value.kind === "Closure")) {
      refuse(
        r,
        "arguments-mixed",
        "Cannot mix named and unnamed arguments",
        call.method.span,
        "name all of them",
      );
    }
    for (const { name: key, value, span } of named) {
      const field = checkName(r, key, span, shape);
      if (field !== undefined && value.kind !== "MethodCall") checkType(r, value, field.type, field.name);
    }
  } else checkCount(r, name, call, shape);
}

function checkCount(r: Reading, name: string, call: MethodCall, shape: Shape): void {
  if (shape.isOpen) return;
  const { positional } = call.arguments;
  const required = shape.fields.filter((field) => field.isRequired);
  const [only] = positional;
  if (shape.sole !== undefined && only !== undefined && positional.length === 1) {
    if (only.kind !== "MethodCall") checkType(r, only, shape.sole.type);
  } else if (positional.length > 1) {
    refuse(
      r,
      "arguments-unnamed",
      `Arguments to "${name}" must be explicitly named.`,
      call.method.span,
      namesHint(shape),
    );
  } else if (required.length !== positional.length) {
    const mayBeLeftOut =
      positional.length === 0 && required.length === 1 && required[0]?.type === "class java.lang.Boolean";
    if (mayBeLeftOut) return;
    const message = `"${name}" should have ${required.length} arguments but has ${positional.length} arguments instead.`;
    refuse(r, "argument-count", message, call.method.span, namesHint(shape));
  }
}

/** How a value is quoted in a message that says what was found instead. */
export function shownValue(r: Reading, value: Expression): string {
  return value.kind === "GString" || value.kind === "StringLiteral"
    ? sourceOf(r, value)
    : `\${${sourceOf(r, value)}}`;
}
