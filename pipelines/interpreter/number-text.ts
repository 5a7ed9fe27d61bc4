import { decimalText } from "./decimal.ts";
import {
  BigDecimalValue,
  BigIntegerValue,
  ByteValue,
  DoubleValue,
  FloatValue,
  LongValue,
  ShortValue,
  type Value,
} from "./values.ts";

/** A double as Java prints it: always with a point, with `E` outside of 10^-3 to 10^7. */
export function doubleText(value: number): string {
  return javaText(value, String(Math.abs(value)));
}

/** A float as Java prints it: the fewest digits that give the same float again. */
export function floatText(value: number): string {
  if (!Number.isFinite(value) || value === 0) return doubleText(value);
  const magnitude = Math.abs(value);
  for (let digits = 1; digits < 9; digits += 1) {
    const text = magnitude.toPrecision(digits);
    if (Math.fround(Number(text)) === magnitude) return javaText(value, String(Number(text)));
  }
  return javaText(value, String(Number(magnitude.toPrecision(9))));
}

function javaText(value: number, shortest: string): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  if (value === 0) return `${sign}0.0`;
  const [mantissa = "0", exponentText = "0"] = shortest.split("e");
  const [whole = "0", fraction = ""] = mantissa.split(".");
  const leading = whole === "0" ? (/^0*/.exec(fraction)?.[0].length ?? 0) : 0;
  const digits = (whole === "0" ? fraction.slice(leading) : whole + fraction).replace(/0+$/, "") || "0";
  const exponent = Number(exponentText) + (whole === "0" ? -leading - 1 : whole.length - 1);
  if (exponent < -3 || exponent >= 7) return `${sign}${digits[0]}.${digits.slice(1) || "0"}E${exponent}`;
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const padded = digits.padEnd(exponent + 1, "0");
  return `${sign}${padded.slice(0, exponent + 1)}.${padded.slice(exponent + 1) || "0"}`;
}

/** The text of a number of any kind; `undefined` for what is none. */
export function numberText(value: Value): string | undefined {
  if (typeof value === "number") return String(value);
  if (value instanceof LongValue || value instanceof BigIntegerValue) return value.value.toString();
  if (value instanceof BigDecimalValue) return decimalText(value);
  if (value instanceof DoubleValue) return doubleText(value.value);
  if (value instanceof FloatValue) return floatText(value.value);
  if (value instanceof ShortValue || value instanceof ByteValue) return String(value.value);
  return undefined;
}
