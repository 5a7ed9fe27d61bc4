import {
  addDecimals,
  compareDecimals,
  decimalText,
  divideDecimals,
  MAX_DIGITS,
  multiplyDecimals,
  parseDecimal,
  setScale,
  subtractDecimals,
} from "./decimal.ts";
import { doubleText, floatText } from "./number-text.ts";
import { exception } from "./thrown.ts";
import {
  BigDecimalValue,
  BigIntegerValue,
  ByteValue,
  CharValue,
  DoubleValue,
  FloatValue,
  LongValue,
  ShortValue,
  type Value,
} from "./values.ts";

/** The values that are numbers. A character is none, but takes part in arithmetic as its code. */
export type NumberValue =
  | number
  | LongValue
  | BigIntegerValue
  | BigDecimalValue
  | DoubleValue
  | FloatValue
  | ShortValue
  | ByteValue;

export function isNumber(value: Value): value is NumberValue {
  return (
    typeof value === "number" ||
    value instanceof LongValue ||
    value instanceof BigDecimalValue ||
    value instanceof DoubleValue ||
    value instanceof BigIntegerValue ||
    value instanceof FloatValue ||
    value instanceof ShortValue ||
    value instanceof ByteValue
  );
}

/** Which arithmetic two operands meet in. */
type Arithmetic = "int" | "long" | "integer" | "decimal" | "double";
const RANK: Record<Arithmetic, number> = { int: 0, long: 1, integer: 2, decimal: 3, double: 4 };

function arithmeticOf(value: NumberValue): Arithmetic {
  if (typeof value === "number" || value instanceof ShortValue || value instanceof ByteValue) return "int";
  if (value instanceof LongValue) return "long";
  if (value instanceof BigIntegerValue) return "integer";
  return value instanceof BigDecimalValue ? "decimal" : "double";
}

function common(left: NumberValue, right: NumberValue): Arithmetic {
  const a = arithmeticOf(left);
  const b = arithmeticOf(right);
  return RANK[a] > RANK[b] ? a : b;
}

/** The number as a double. */
export function toDouble(value: NumberValue): number {
  if (typeof value === "number") return value;
  if (value instanceof LongValue || value instanceof BigIntegerValue) return Number(value.value);
  if (value instanceof BigDecimalValue) return Number(decimalText(value));
  return value.value;
}

/** The number as a whole number, cut towards zero. */
export function toBigInt(value: NumberValue): bigint {
  if (typeof value === "number") return BigInt(value);
  if (value instanceof LongValue || value instanceof BigIntegerValue) return value.value;
  if (value instanceof BigDecimalValue) return setScale(value, 0, "DOWN").unscaled;
  if (value instanceof DoubleValue || value instanceof FloatValue) return wholeOf(value.value);
  return BigInt(value.value);
}

function wholeOf(value: number): bigint {
  if (Number.isNaN(value)) return 0n;
  if (!Number.isFinite(value)) return value > 0 ? 2n ** 63n - 1n : -(2n ** 63n);
  return BigInt(Math.trunc(value));
}

/** The number as an Integer, as `(int)` cuts it. */
export function toInt(value: NumberValue): number {
  if (typeof value === "number") return value;
  if (value instanceof DoubleValue || value instanceof FloatValue) {
    if (Number.isNaN(value.value)) return 0;
    return Math.max(-2147483648, Math.min(2147483647, Math.trunc(value.value))) | 0;
  }
  return Number(BigInt.asIntN(32, toBigInt(value)));
}

/** The number as a BigDecimal; a double by its shortest text. */
export function toDecimal(value: NumberValue): BigDecimalValue {
  if (value instanceof BigDecimalValue) return value;
  if (value instanceof DoubleValue || value instanceof FloatValue) {
    const text = value instanceof FloatValue ? floatText(value.value) : doubleText(value.value);
    const decimal = parseDecimal(text);
    if (decimal === null) throw exception("java.lang.NumberFormatException", null);
    return decimal;
  }
  return new BigDecimalValue(toBigInt(value), 0);
}

/** A whole number in the arithmetic of its operands. */
function whole(kind: "int" | "long" | "integer", value: bigint): NumberValue {
  if (kind === "int") return Number(BigInt.asIntN(32, value));
  return kind === "long" ? new LongValue(value) : big(value);
}

/** A BigInteger, refused when it is beyond all use. */
export function big(value: bigint): BigIntegerValue {
  if (value > LARGEST || value < -LARGEST) {
    throw exception("java.lang.ArithmeticException", `a number of more than ${MAX_DIGITS} digits`);
  }
  return new BigIntegerValue(value);
}

const LARGEST = 10n ** BigInt(MAX_DIGITS);

export function add(left: NumberValue, right: NumberValue): NumberValue {
  if (typeof left === "number" && typeof right === "number") return (left + right) | 0;
  const kind = common(left, right);
  if (kind === "double") return new DoubleValue(toDouble(left) + toDouble(right));
  if (kind === "decimal") return addDecimals(toDecimal(left), toDecimal(right));
  return whole(kind, toBigInt(left) + toBigInt(right));
}

export function subtract(left: NumberValue, right: NumberValue): NumberValue {
  if (typeof left === "number" && typeof right === "number") return (left - right) | 0;
  const kind = common(left, right);
  if (kind === "double") return new DoubleValue(toDouble(left) - toDouble(right));
  if (kind === "decimal") return subtractDecimals(toDecimal(left), toDecimal(right));
  return whole(kind, toBigInt(left) - toBigInt(right));
}

export function multiply(left: NumberValue, right: NumberValue): NumberValue {
  if (typeof left === "number" && typeof right === "number") return Math.imul(left, right);
  const kind = common(left, right);
  if (kind === "double") return new DoubleValue(toDouble(left) * toDouble(right));
  if (kind === "decimal") {
    const product = multiplyDecimals(toDecimal(left), toDecimal(right));
    big(product.unscaled);
    return product;
  }
  return whole(kind, toBigInt(left) * toBigInt(right));
}

/** `/`: of whole numbers a BigDecimal. */
export function divide(left: NumberValue, right: NumberValue): NumberValue {
  if (common(left, right) === "double") return new DoubleValue(toDouble(left) / toDouble(right));
  return divideDecimals(toDecimal(left), toDecimal(right));
}

export function intDivide(left: NumberValue, right: NumberValue): NumberValue {
  const kind = common(left, right);
  if (kind === "double" || kind === "decimal") throw unsupported("intdiv()", left);
  const by = toBigInt(right);
  if (by === 0n) throw exception("java.lang.ArithmeticException", "Division by zero");
  return whole(kind, toBigInt(left) / by);
}

/** `%`, with the sign of the left operand. */
export function remainder(left: NumberValue, right: NumberValue): NumberValue {
  if (typeof left === "number" && typeof right === "number" && right !== 0) return (left % right) | 0;
  const kind = common(left, right);
  if (kind === "double") return new DoubleValue(toDouble(left) % toDouble(right));
  if (kind === "decimal") throw unsupported("mod()", left);
  const by = toBigInt(right);
  if (by === 0n) throw exception("java.lang.ArithmeticException", "Division by zero");
  return whole(kind, toBigInt(left) % by);
}

function unsupported(method: string, value: NumberValue): Error {
  const type = javaClassOfNumber(value);
  return exception(
    "java.lang.UnsupportedOperationException",
    `Cannot use ${method} on this number type: ${type} with value: ${textOfNumber(value)}`,
  );
}

/** `**`: as narrow as the result allows. */
export function power(left: NumberValue, right: NumberValue): NumberValue {
  const base = arithmeticOf(left);
  const exponent = arithmeticOf(right);
  const integral = exponent === "int" || exponent === "long" || exponent === "integer";
  const n = integral ? toBigInt(right) : -1n;
  if (n >= 0n && base === "decimal" && left instanceof BigDecimalValue) {
    refuseLargePower(left.unscaled, n);
    return new BigDecimalValue(left.unscaled ** n, left.scale * Number(n));
  }
  if (n >= 0n && (base === "int" || base === "long" || base === "integer")) {
    refuseLargePower(toBigInt(left), n);
    const result = toBigInt(left) ** n;
    if (base === "int" && BigInt.asIntN(32, result) === result) return Number(result);
    if (base === "long" && BigInt.asIntN(64, result) === result) return new LongValue(result);
    return big(result);
  }
  return narrowed(toDouble(left) ** toDouble(right), base);
}

function refuseLargePower(base: bigint, exponent: bigint): void {
  const bits = BigInt(base.toString(2).length);
  if (bits > 2n && bits * exponent > BigInt(MAX_DIGITS) * 4n) {
    throw exception("java.lang.ArithmeticException", `a number of more than ${MAX_DIGITS} digits`);
  }
  if (exponent > 1_000_000n && base !== 0n && base !== 1n && base !== -1n) {
    throw exception("java.lang.ArithmeticException", `a number of more than ${MAX_DIGITS} digits`);
  }
}

function narrowed(value: number, base: Arithmetic): NumberValue {
  if (base === "int" && (value | 0) === value) return value | 0;
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 63 && base !== "double")
    return new LongValue(BigInt(value));
  return new DoubleValue(value);
}

export type BitOperator = "&" | "|" | "^" | "<<" | ">>" | ">>>";

/** Bit operations of whole numbers. */
export function bits(operator: BitOperator, left: NumberValue, right: NumberValue): NumberValue {
  const kind = operator.length > 1 ? arithmeticOf(left) : common(left, right);
  if (kind === "double" || kind === "decimal" || arithmeticOf(right) === "double") {
    throw unsupported(operator === "<<" ? "leftShift()" : `${operator}`, left);
  }
  if (kind === "int") return intBits(operator, toInt(left), toInt(right));
  const a = toBigInt(left);
  const b = toBigInt(right);
  const shift = kind === "long" ? b & 63n : b;
  switch (operator) {
    case "&":
      return whole(kind, a & b);
    case "|":
      return whole(kind, a | b);
    case "^":
      return whole(kind, a ^ b);
    case "<<":
      if (shift > 60_000n) throw unsupported("leftShift()", left);
      return whole(kind, a << shift);
    case ">>":
      return whole(kind, a >> shift);
    case ">>>":
      return whole(kind, kind === "long" ? BigInt.asUintN(64, a) >> shift : a >> shift);
  }
}

function intBits(operator: BitOperator, a: number, b: number): number {
  switch (operator) {
    case "&":
      return a & b;
    case "|":
      return a | b;
    case "^":
      return a ^ b;
    case "<<":
      return a << b;
    case ">>":
      return a >> b;
    case ">>>":
      return (a >>> b) | 0;
  }
}

export function negate(value: NumberValue): NumberValue {
  if (typeof value === "number") return -value | 0;
  if (value instanceof FloatValue) return new FloatValue(-value.value);
  if (value instanceof DoubleValue) return new DoubleValue(-value.value);
  return subtract(0, value);
}

export function absolute(value: NumberValue): NumberValue {
  return compareNumbers(value, 0) < 0 ? negate(value) : value;
}

/** Negative, 0 or positive, whatever the kinds; NaN is above everything, as Java's compareTo has it. */
export function compareNumbers(left: NumberValue, right: NumberValue): number {
  if (typeof left === "number" && typeof right === "number") return left < right ? -1 : left > right ? 1 : 0;
  const kind = common(left, right);
  if (kind === "double") {
    const a = toDouble(left);
    const b = toDouble(right);
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : -1;
    return a < b ? -1 : a > b ? 1 : 0;
  }
  if (kind === "decimal") return compareDecimals(toDecimal(left), toDecimal(right));
  const a = toBigInt(left);
  const b = toBigInt(right);
  return a < b ? -1 : a > b ? 1 : 0;
}

export function isZero(value: NumberValue): boolean {
  if (typeof value === "number") return value === 0;
  if (value instanceof BigDecimalValue) return value.unscaled === 0n;
  if (value instanceof LongValue || value instanceof BigIntegerValue) return value.value === 0n;
  return value.value === 0;
}

/** The number a value stands for in arithmetic: itself, or the code of a character. */
export function numberOf(value: Value): NumberValue | undefined {
  if (isNumber(value)) return value;
  return value instanceof CharValue ? value.code : undefined;
}

/** The full class name of a number. */
export function javaClassOfNumber(value: NumberValue): string {
  return typeof value === "number" ? "java.lang.Integer" : value.javaClass;
}

function textOfNumber(value: NumberValue): string {
  if (value instanceof BigDecimalValue) return decimalText(value);
  return value instanceof DoubleValue || value instanceof FloatValue
    ? doubleText(value.value)
    : toBigInt(value).toString();
}

/** Reads a whole number between two bounds; throws NumberFormatException as Java does. */
export function parseWhole(text: string, radix: number, bits: 32 | 64 | 0): bigint {
  const digits = "0123456789abcdefghijklmnopqrstuvwxyz".slice(0, radix);
  const body = text.replace(/^[+-]/, "").toLowerCase();
  const valid =
    body !== "" && body.length <= MAX_DIGITS && body.split("").every((digit) => digits.includes(digit));
  let value = 0n;
  if (valid) {
    value =
      radix === 10
        ? BigInt(body)
        : body.split("").reduce((sum, d) => sum * BigInt(radix) + BigInt(digits.indexOf(d)), 0n);
    if (text.startsWith("-")) value = -value;
  }
  if (!valid || (bits !== 0 && BigInt.asIntN(bits, value) !== value)) {
    throw exception("java.lang.NumberFormatException", `For input string: "${text}"`);
  }
  return value;
}

/** Reads a double as Double.parseDouble does. */
export function parseDouble(text: string): number {
  const trimmed = text.trim();
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[fFdD]?$/.test(trimmed))
    return Number(trimmed.replace(/[fFdD]$/, ""));
  if (/^[+-]?(NaN|Infinity)$/.test(trimmed)) return Number(trimmed);
  throw exception(
    "java.lang.NumberFormatException",
    trimmed === "" ? "empty String" : `For input string: "${text}"`,
  );
}
