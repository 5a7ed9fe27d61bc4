import type { DecimalLiteral, IntegerLiteral } from "./ast.ts";
import type { Token } from "./token.ts";

const MAX_INT = 2n ** 31n - 1n;
const MAX_LONG = 2n ** 63n - 1n;

/** The value of an integer token. A suffix fixes the width and wraps, as in Groovy; without one the number takes the width it needs. */
export function integerOf(token: Token, negative = false): IntegerLiteral {
  const text = token.text.replaceAll("_", "").toLowerCase();
  const suffix = /[lig]$/.exec(text)?.[0];
  const digits = suffix === undefined ? text : text.slice(0, -1);
  const size = toBigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const value = negative ? -size : size;
  if (suffix === "i")
    return { kind: "IntegerLiteral", value: BigInt.asIntN(32, value), type: "int", span: token.span };
  if (suffix === "l")
    return { kind: "IntegerLiteral", value: BigInt.asIntN(64, value), type: "long", span: token.span };
  return {
    kind: "IntegerLiteral",
    value,
    type: suffix === "g" ? "bigInteger" : widthOf(value),
    span: token.span,
  };
}

/** A malformed number has been reported by the lexer and counts as zero. */
function toBigInt(digits: string): bigint {
  return /^(0x[0-9a-f]+|0b[01]+|0o[0-7]+|[0-9]+)$/.test(digits) ? BigInt(digits) : 0n;
}

function widthOf(value: bigint): IntegerLiteral["type"] {
  if (value <= MAX_INT && value >= -MAX_INT - 1n) return "int";
  return value <= MAX_LONG && value >= -MAX_LONG - 1n ? "long" : "bigInteger";
}

/** The value of a token with a point, an exponent or a suffix f, d or g. */
export function decimalOf(token: Token, negative = false): DecimalLiteral {
  const text = token.text.replaceAll("_", "").toLowerCase();
  const suffix = /[fdg]$/.exec(text)?.[0];
  const digits = suffix === undefined ? text : text.slice(0, -1);
  const type = suffix === "f" ? "float" : suffix === "d" ? "double" : "bigDecimal";
  return { kind: "DecimalLiteral", text: negative ? `-${digits}` : digits, type, span: token.span };
}
