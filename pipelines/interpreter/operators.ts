import { Instance } from "./classes.ts";
import { sequenceOf, stringOf } from "./comparing.ts";
import { chargeArithmetic, chargePower } from "./cost.ts";
import type { Eventual } from "./flow.ts";
import { HostObject } from "./host.ts";
import { LibraryValue } from "./library.ts";
import {
  add,
  type BitOperator,
  bits,
  divide,
  multiply,
  negate,
  numberOf,
  power,
  remainder,
  subtract,
} from "./numbers.ts";
import type { Runtime } from "./runtime.ts";
import { nullPointer } from "./thrown.ts";
import { CharValue, DateValue, GStringValue, type Value } from "./values.ts";

/** The methods that operators stand for. */
const METHODS = new Map([
  ["+", "plus"],
  ["-", "minus"],
  ["*", "multiply"],
  ["/", "div"],
  ["%", "mod"],
  ["**", "power"],
  ["<<", "leftShift"],
  [">>", "rightShift"],
  [">>>", "rightShiftUnsigned"],
  ["&", "and"],
  ["|", "or"],
  ["^", "xor"],
]);

/** An operator with two operands that can be overloaded. */
export type Operator = "+" | "-" | "*" | "/" | "%" | "**" | BitOperator;

/** The value of `left operator right`. */
export function operate(run: Runtime, operator: Operator, left: Value, right: Value): Eventual {
  if (typeof left === "number" && typeof right === "number" && operator !== "**")
    return arithmetic(operator, left, right);
  if (operator === "+" && typeof left === "string") return joined(run, left, right);
  return operateOnObjects(run, operator, left, right);
}

function operateOnObjects(run: Runtime, operator: Operator, left: Value, right: Value): Eventual {
  const a =
    left instanceof CharValue && operator === "+" && stringOf(run, right) !== undefined
      ? undefined
      : numberOf(left);
  const b = numberOf(right);
  if (a !== undefined && b !== undefined) {
    chargeArithmetic(run, operator, a, b);
    const result = arithmetic(operator, a, b);
    if (operator === "**") chargePower(run, result);
    return result;
  }
  if (left === null && operator === "+") {
    const text = stringOf(run, right);
    if (text !== undefined) return `null${text}`;
  }
  if (operator === "+" && (left instanceof GStringValue || isPlainText(run, left, right))) {
    return joined(run, run.text(left), right);
  }
  const method = METHODS.get(operator) ?? operator;
  if (left === null) throw nullPointer(`Cannot invoke method ${method}() on null object`);
  return run.callMethod(left, method, [right]);
}

/** Anything plus a string is a string, unless it has a `plus` of its own. */
function isPlainText(run: Runtime, left: Value, right: Value): boolean {
  if (typeof right !== "string" && !(right instanceof GStringValue)) return false;
  if (left instanceof Instance) return left.definition.find("plus").length === 0;
  if (left instanceof HostObject || left instanceof LibraryValue) return true;
  return (
    sequenceOf(left) === undefined &&
    (numberOf(left) !== undefined || typeof left === "boolean" || left instanceof DateValue)
  );
}

function joined(run: Runtime, left: string, right: Value): string {
  const text = left + run.text(right);
  run.meter.text(text.length);
  return text;
}

function arithmetic(operator: Operator, left: NumberOperand, right: NumberOperand): Value {
  switch (operator) {
    case "+":
      return add(left, right);
    case "-":
      return subtract(left, right);
    case "*":
      return multiply(left, right);
    case "/":
      return divide(left, right);
    case "%":
      return remainder(left, right);
    case "**":
      return power(left, right);
    case "&":
    case "|":
    case "^":
    case "<<":
    case ">>":
    case ">>>":
      return bits(operator, left, right);
  }
}

type NumberOperand = Parameters<typeof add>[0];

/** `-x` */
export function negated(run: Runtime, value: Value): Eventual {
  const number = numberOf(value);
  if (number !== undefined) return negate(number);
  if (value === null) throw nullPointer("Cannot invoke method negative() on null object");
  return run.callMethod(value, "negative", []);
}

/** `+x` */
export function positive(run: Runtime, value: Value): Eventual {
  const number = numberOf(value);
  if (number !== undefined) return number;
  if (value === null) throw nullPointer("Cannot invoke method positive() on null object");
  return run.callMethod(value, "positive", []);
}

/** `x++` and `x--`: the value one further. */
export function stepped(run: Runtime, value: Value, by: 1 | -1): Eventual {
  if (typeof value === "number") return (value + by) | 0;
  const number = value instanceof CharValue ? undefined : numberOf(value);
  if (number !== undefined) return add(number, by);
  const method = by === 1 ? "next" : "previous";
  if (value === null) throw nullPointer(`Cannot invoke method ${method}() on null object`);
  return run.callMethod(value, method, []);
}
