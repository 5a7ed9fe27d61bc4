import { convertNumber } from "../coercion.ts";
import {
  decimalText,
  divideToScale,
  plainText,
  precision,
  type Rounding,
  setScale,
  stripTrailingZeros,
} from "../decimal.ts";
import { isFlow, type Flow } from "../flow.ts";
import {
  absolute,
  add,
  bits,
  compareNumbers,
  divide,
  intDivide,
  multiply,
  negate,
  type NumberValue,
  numberOf,
  power,
  remainder,
  subtract,
  toBigInt,
  toDecimal,
  toDouble,
  toInt,
} from "../numbers.ts";
import type { Runtime } from "../runtime.ts";
import { exception, illegalArgument } from "../thrown.ts";
import {
  BigDecimalValue,
  BigIntegerValue,
  CharValue,
  DoubleValue,
  FloatValue,
  LongValue,
  type Value,
} from "../values.ts";
import { intOf } from "./arguments.ts";
import { type Method, type MethodTable, table } from "./table.ts";

type Arithmetic = (left: NumberValue, right: NumberValue) => NumberValue;

const operator =
  (apply: Arithmetic): Method<NumberValue> =>
  (self, [other = null]) => {
    const right = numberOf(other);
    return right === undefined ? undefined : apply(self, right);
  };

const convert =
  (type: string): Method<NumberValue> =>
  (self) =>
    convertNumber(self, type);

function* count(
  run: Runtime,
  from: NumberValue,
  to: NumberValue,
  by: NumberValue,
  closure: Value,
): Flow<Value> {
  const isUp = compareNumbers(by, 0) > 0;
  for (let at = from; isUp ? compareNumbers(at, to) <= 0 : compareNumbers(at, to) >= 0; at = add(at, by)) {
    run.meter.tick();
    const result = run.call(closure, [at]);
    if (isFlow(result)) yield* result;
  }
  return null;
}

const ROUNDINGS: readonly Rounding[] = [
  "UP",
  "DOWN",
  "CEILING",
  "FLOOR",
  "HALF_UP",
  "HALF_DOWN",
  "HALF_EVEN",
  "UNNECESSARY",
];

/** A RoundingMode, or one of BigDecimal's old numbers for it. */
export function roundingOf(run: Runtime, value: Value | undefined): Rounding {
  if (typeof value === "number") return ROUNDINGS[value] ?? "UNNECESSARY";
  const name = value === undefined || value === null ? "UNNECESSARY" : run.text(value);
  return ROUNDINGS.find((each) => each === name) ?? "UNNECESSARY";
}

function rounded(run: Runtime, self: NumberValue, digits: number | undefined): Value {
  if (self instanceof BigDecimalValue) return setScale(self, digits ?? 0, "HALF_UP");
  if (self instanceof DoubleValue || self instanceof FloatValue) {
    const scaled = Number.isFinite(self.value)
      ? Math.floor(self.value * 10 ** (digits ?? 0) + 0.5)
      : self.value;
    if (digits === undefined) {
      return self instanceof FloatValue
        ? toInt(new DoubleValue(scaled))
        : new LongValue(toBigInt(new DoubleValue(scaled)));
    }
    return convertNumber(new DoubleValue(scaled / 10 ** digits), self.javaClass);
  }
  return self;
}

function inRadix(self: NumberValue, radix: number): string {
  if (radix < 2 || radix > 36) throw illegalArgument(`radix ${radix} out of range`);
  return toBigInt(self).toString(radix);
}

const isWhole = (self: NumberValue): boolean =>
  typeof self === "number" || self instanceof LongValue || self instanceof BigIntegerValue;

const nextOne: Method<NumberValue> = (self) => add(self, 1);

/** The methods of numbers. */
export const numberMethods: MethodTable<NumberValue> = table<NumberValue>({
  plus: operator(add),
  minus: operator(subtract),
  multiply: operator(multiply),
  div: operator(divide),
  divide: (self, args, run) => {
    const by = numberOf(args[0] ?? null);
    if (by === undefined) return undefined;
    if (args.length === 1) return divide(self, by);
    const scale = args.length > 2 ? (intOf(args[1]) ?? 0) : toDecimal(self).scale;
    return divideToScale(toDecimal(self), toDecimal(by), scale, roundingOf(run, args.at(-1)));
  },
  mod: operator(remainder),
  remainder: operator(remainder),
  intdiv: operator(intDivide),
  power: operator(power),
  pow: operator(power),
  and: operator((a, b) => bits("&", a, b)),
  or: operator((a, b) => bits("|", a, b)),
  xor: operator((a, b) => bits("^", a, b)),
  leftShift: operator((a, b) => bits("<<", a, b)),
  rightShift: operator((a, b) => bits(">>", a, b)),
  rightShiftUnsigned: operator((a, b) => bits(">>>", a, b)),
  shiftLeft: operator((a, b) => bits("<<", a, b)),
  shiftRight: operator((a, b) => bits(">>", a, b)),
  add: operator(add),
  subtract: operator(subtract),
  negative: (self) => negate(self),
  negate: (self) => negate(self),
  unaryMinus: (self) => negate(self),
  bitwiseNegate: (self) => subtract(negate(self), 1),
  abs: (self) => absolute(self),
  signum: (self) => compareNumbers(self, 0),
  next: nextOne,
  previous: (self) => subtract(self, 1),
  compareTo: (self, [other = null], run) => run.compare(self, other),
  max: operator((a, b) => (compareNumbers(a, b) >= 0 ? a : b)),
  min: operator((a, b) => (compareNumbers(a, b) <= 0 ? a : b)),
  times: (self, [closure = null], run) => count(run, 0, subtract(self, 1), 1, closure),
  upto: (self, [to = null, closure = null], run) => {
    const end = numberOf(to);
    if (end === undefined) return undefined;
    if (compareNumbers(self, end) > 0) throw notReached("upto", self, end, run);
    return count(run, self, end, 1, closure);
  },
  downto: (self, [to = null, closure = null], run) => {
    const end = numberOf(to);
    if (end === undefined) return undefined;
    if (compareNumbers(self, end) < 0) throw notReached("downto", self, end, run);
    return count(run, self, end, -1, closure);
  },
  step: (self, [to = null, by = null, closure = null], run) => {
    const end = numberOf(to);
    const stride = numberOf(by);
    if (end === undefined || stride === undefined) return undefined;
    if (compareNumbers(stride, 0) === 0)
      throw exception("groovy.lang.GroovyRuntimeException", "Infinite loop in step");
    const isUp = compareNumbers(stride, 0) > 0;
    // The last value itself is not reached, unlike with upto.
    return stepping(run, self, end, stride, isUp, closure);
  },
  toInteger: convert("java.lang.Integer"),
  intValue: convert("java.lang.Integer"),
  toLong: convert("java.lang.Long"),
  longValue: convert("java.lang.Long"),
  shortValue: convert("java.lang.Short"),
  byteValue: convert("java.lang.Byte"),
  toDouble: convert("java.lang.Double"),
  doubleValue: convert("java.lang.Double"),
  toFloat: convert("java.lang.Float"),
  floatValue: convert("java.lang.Float"),
  toBigDecimal: convert("java.math.BigDecimal"),
  toBigInteger: convert("java.math.BigInteger"),
  intValueExact: convert("java.lang.Integer"),
  longValueExact: convert("java.lang.Long"),
  toString$: (self, [radix], run) => (typeof radix === "number" ? inRadix(self, radix) : run.text(self)),
  toPlainString: (self) => (self instanceof BigDecimalValue ? plainText(self) : undefined),
  toEngineeringString: (self) => (self instanceof BigDecimalValue ? decimalText(self) : undefined),
  round: (self, [digits], run) => {
    if (self instanceof BigDecimalValue && typeof digits === "number" && digits > 0)
      return rounded(run, self, digits);
    return rounded(run, self, intOf(digits));
  },
  trunc: (self, [digits]) => {
    if (isWhole(self)) return self;
    const cut = setScale(toDecimal(self), intOf(digits) ?? 0, "DOWN");
    return self instanceof BigDecimalValue ? cut : new DoubleValue(toDouble(cut));
  },
  setScale: (self, [scale, rounding], run) =>
    self instanceof BigDecimalValue
      ? setScale(self, intOf(scale) ?? 0, roundingOf(run, rounding))
      : undefined,
  stripTrailingZeros: (self) => (self instanceof BigDecimalValue ? stripTrailingZeros(self) : undefined),
  scale: (self) => (self instanceof BigDecimalValue ? self.scale : undefined),
  precision: (self) => (self instanceof BigDecimalValue ? precision(self) : undefined),
  unscaledValue: (self) => (self instanceof BigDecimalValue ? new BigIntegerValue(self.unscaled) : undefined),
  isNaN: (self) => Number.isNaN(toDouble(self)),
  isInfinite: (self) => !Number.isFinite(toDouble(self)),
  toCharacter: (self) => new CharValue(toInt(self)),
  isCase: (self, [other = null], run) => run.equals(self, other),
  bitCount: (self) => BigInt.asUintN(64, toBigInt(self)).toString(2).replaceAll("0", "").length,
  gcd: operator((a, b) => new BigIntegerValue(divisor(toBigInt(a), toBigInt(b)))),
  modPow: (self, [exponent = null, modulus = null]) => {
    const [e, m] = [numberOf(exponent), numberOf(modulus)];
    return e === undefined || m === undefined
      ? undefined
      : new BigIntegerValue(modularPower(toBigInt(self), toBigInt(e), toBigInt(m)));
  },
  isProbablePrime: (self) => isPrime(toBigInt(self)),
});

function* stepping(
  run: Runtime,
  from: NumberValue,
  to: NumberValue,
  by: NumberValue,
  isUp: boolean,
  closure: Value,
): Flow<Value> {
  for (let at = from; isUp ? compareNumbers(at, to) < 0 : compareNumbers(at, to) > 0; at = add(at, by)) {
    run.meter.tick();
    const result = run.call(closure, [at]);
    if (isFlow(result)) yield* result;
  }
  return null;
}

function notReached(method: string, from: NumberValue, to: NumberValue, run: Runtime): Error {
  return exception(
    "groovy.lang.GroovyRuntimeException",
    `The argument (${run.text(to)}) to ${method}() cannot be ${method === "upto" ? "less" : "greater"} than the value (${run.text(from)}) it's called on.`,
  );
}

function divisor(a: bigint, b: bigint): bigint {
  const size = a < 0n ? -a : a;
  return b === 0n ? size : divisor(b, size % b);
}

function modularPower(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let factor = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * factor) % modulus;
    factor = (factor * factor) % modulus;
  }
  return result;
}

function isPrime(value: bigint): boolean {
  if (value < 2n) return false;
  for (const prime of [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n]) {
    if (value === prime) return true;
    if (value % prime === 0n || modularPower(prime, value - 1n, value) !== 1n) return false;
  }
  return true;
}
