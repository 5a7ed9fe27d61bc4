import { exception } from "./thrown.ts";
import { BigDecimalValue } from "./values.ts";

/** The most digits a number may have: beyond them a script is playing with memory. */
export const MAX_DIGITS = 20_000;

/** How the last digit is chosen, as in java.math.RoundingMode. */
export type Rounding =
  | "UP"
  | "DOWN"
  | "CEILING"
  | "FLOOR"
  | "HALF_UP"
  | "HALF_DOWN"
  | "HALF_EVEN"
  | "UNNECESSARY";

/** Ten to the power of `n`. */
export function tenTo(n: number): bigint {
  if (n > MAX_DIGITS)
    throw exception("java.lang.ArithmeticException", `a number of more than ${MAX_DIGITS} digits`);
  return 10n ** BigInt(n);
}

const abs = (n: bigint): bigint => (n < 0n ? -n : n);

/** How many digits the unscaled value has. */
export function precision(value: BigDecimalValue): number {
  return abs(value.unscaled).toString().length;
}

/** Reads what `new BigDecimal(text)` reads; `null` when that would throw. */
export function parseDecimal(text: string): BigDecimalValue | null {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) return null;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  if (whole === "" && fraction === "") return null;
  if (whole.length + fraction.length > MAX_DIGITS || exponent.length > 10) return null;
  const unscaled = BigInt(whole + fraction);
  return new BigDecimalValue(sign === "-" ? -unscaled : unscaled, fraction.length - Number(exponent));
}

/** The text of `toString()`: with an exponent where Java writes one. */
export function decimalText(value: BigDecimalValue): string {
  const digits = abs(value.unscaled).toString();
  const sign = value.unscaled < 0n ? "-" : "";
  if (value.scale === 0) return sign + digits;
  const adjusted = digits.length - 1 - value.scale;
  if (value.scale > 0 && adjusted >= -6) return sign + withPoint(digits, value.scale);
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
  return `${sign}${mantissa}${adjusted === 0 ? "" : `E${adjusted > 0 ? "+" : ""}${adjusted}`}`;
}

/** The text of `toPlainString()`: never with an exponent. */
export function plainText(value: BigDecimalValue): string {
  const digits = abs(value.unscaled).toString();
  const sign = value.unscaled < 0n ? "-" : "";
  if (value.scale > 0) return sign + withPoint(digits, value.scale);
  return sign + (value.unscaled === 0n ? "0" : (abs(value.unscaled) * tenTo(-value.scale)).toString());
}

function withPoint(digits: string, scale: number): string {
  if (scale > MAX_DIGITS) throw exception("java.lang.ArithmeticException", "scale too large");
  const padded = digits.padStart(scale + 1, "0");
  return `${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

/** Both with the larger of their scales. */
function aligned(left: BigDecimalValue, right: BigDecimalValue): [bigint, bigint, number] {
  const scale = Math.max(left.scale, right.scale);
  return [left.unscaled * tenTo(scale - left.scale), right.unscaled * tenTo(scale - right.scale), scale];
}

export function addDecimals(left: BigDecimalValue, right: BigDecimalValue): BigDecimalValue {
  const [a, b, scale] = aligned(left, right);
  return new BigDecimalValue(a + b, scale);
}

export function subtractDecimals(left: BigDecimalValue, right: BigDecimalValue): BigDecimalValue {
  const [a, b, scale] = aligned(left, right);
  return new BigDecimalValue(a - b, scale);
}

export function multiplyDecimals(left: BigDecimalValue, right: BigDecimalValue): BigDecimalValue {
  return new BigDecimalValue(left.unscaled * right.unscaled, left.scale + right.scale);
}

export function compareDecimals(left: BigDecimalValue, right: BigDecimalValue): number {
  const [a, b] = aligned(left, right);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `numerator / denominator` as a whole number, rounded. */
function divideRounded(numerator: bigint, denominator: bigint, rounding: Rounding): bigint {
  const quotient = numerator / denominator;
  const rest = numerator % denominator;
  if (rest === 0n) return quotient;
  const negative = numerator < 0n !== denominator < 0n;
  const half = 2n * abs(rest) - abs(denominator);
  return quotient + (roundsAway(rounding, negative, half, quotient) ? (negative ? -1n : 1n) : 0n);
}

/** Does a rest push the last digit away from zero? `half` is negative, 0 or positive as the rest is to one half. */
function roundsAway(rounding: Rounding, negative: boolean, half: bigint, quotient: bigint): boolean {
  switch (rounding) {
    case "UP":
      return true;
    case "DOWN":
      return false;
    case "CEILING":
      return !negative;
    case "FLOOR":
      return negative;
    case "HALF_UP":
      return half >= 0n;
    case "HALF_DOWN":
      return half > 0n;
    case "HALF_EVEN":
      return half > 0n || (half === 0n && quotient % 2n !== 0n);
    case "UNNECESSARY":
      throw exception("java.lang.ArithmeticException", "Rounding necessary");
  }
}

/** The value with another scale. */
export function setScale(value: BigDecimalValue, scale: number, rounding: Rounding): BigDecimalValue {
  if (scale >= value.scale) return new BigDecimalValue(value.unscaled * tenTo(scale - value.scale), scale);
  return new BigDecimalValue(divideRounded(value.unscaled, tenTo(value.scale - scale), rounding), scale);
}

/** The value with at most so many digits. */
export function round(value: BigDecimalValue, digits: number, rounding: Rounding): BigDecimalValue {
  const excess = precision(value) - digits;
  if (digits === 0 || excess <= 0) return value;
  const rounded = new BigDecimalValue(
    divideRounded(value.unscaled, tenTo(excess), rounding),
    value.scale - excess,
  );
  return precision(rounded) > digits ? round(rounded, digits, rounding) : rounded;
}

/** `left / right` to a scale. */
export function divideToScale(
  left: BigDecimalValue,
  right: BigDecimalValue,
  scale: number,
  rounding: Rounding,
): BigDecimalValue {
  refuseZero(right);
  const shift = scale + right.scale - left.scale;
  const numerator = shift > 0 ? left.unscaled * tenTo(shift) : left.unscaled;
  const denominator = shift < 0 ? right.unscaled * tenTo(-shift) : right.unscaled;
  return new BigDecimalValue(divideRounded(numerator, denominator, rounding), scale);
}

function refuseZero(value: BigDecimalValue): void {
  if (value.unscaled === 0n) throw exception("java.lang.ArithmeticException", "Division by zero");
}

/** The exact quotient, or `null` when it has no end. */
export function divideExactly(left: BigDecimalValue, right: BigDecimalValue): BigDecimalValue | null {
  refuseZero(right);
  const scale = left.scale - right.scale;
  if (left.unscaled === 0n) return new BigDecimalValue(0n, Math.max(scale, 0));
  let rest = abs(right.unscaled) / gcd(abs(left.unscaled), abs(right.unscaled));
  let twos = 0;
  let fives = 0;
  for (; rest % 2n === 0n; rest /= 2n) twos += 1;
  for (; rest % 5n === 0n; rest /= 5n) fives += 1;
  if (rest !== 1n) return null;
  const more = Math.max(twos, fives);
  return new BigDecimalValue((left.unscaled * tenTo(more)) / right.unscaled, scale + more);
}

function gcd(a: bigint, b: bigint): bigint {
  for (;;) {
    if (b === 0n) return a;
    [a, b] = [b, a % b];
  }
}

/** `/` of Groovy: exact where that ends, else ten digits more than the operands have. */
export function divideDecimals(left: BigDecimalValue, right: BigDecimalValue): BigDecimalValue {
  const exact = divideExactly(left, right);
  if (exact !== null) return exact;
  const digits = Math.max(precision(left), precision(right)) + 10;
  // One guess at the size, then as many digits as asked for.
  const scale = digits - (precision(left) - left.scale - (precision(right) - right.scale)) + 1;
  const quotient = round(divideToScale(left, right, scale + 3, "DOWN"), digits + 3, "DOWN");
  const rounded = round(stickyOf(left, right, quotient), digits, "HALF_UP");
  const most = Math.max(left.scale, right.scale, 10);
  return rounded.scale > most ? setScale(rounded, most, "HALF_UP") : rounded;
}

/** A truncated quotient with one more digit that says that something follows, so that rounding it is right. */
function stickyOf(left: BigDecimalValue, right: BigDecimalValue, cut: BigDecimalValue): BigDecimalValue {
  const product = multiplyDecimals(cut, right);
  if (compareDecimals(product, left) === 0) return cut;
  const negative = left.unscaled < 0n !== right.unscaled < 0n;
  return new BigDecimalValue(cut.unscaled * 10n + (negative ? -1n : 1n), cut.scale + 1);
}

export function stripTrailingZeros(value: BigDecimalValue): BigDecimalValue {
  let { unscaled, scale } = value;
  if (unscaled === 0n) return new BigDecimalValue(0n, 0);
  for (; unscaled % 10n === 0n; scale -= 1) unscaled /= 10n;
  return new BigDecimalValue(unscaled, scale);
}
