/** A decimal number as plain digits, all places of its scale shown: 110 with scale 2 is `1.10`. */
export function formatDecimal(unscaled: bigint, scale: number): string {
  if (scale <= 0) return String(unscaled * 10n ** BigInt(-scale));
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  const sign = unscaled < 0n ? "-" : "";
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Reads what `formatDecimal` wrote, and JSON's exponents. */
export function parseDecimal(text: string): { unscaled: bigint; scale: number } {
  const [mantissa = "0", exponent = "0"] = text.toLowerCase().split("e");
  const [whole = "0", fraction = ""] = mantissa.split(".");
  const scale = fraction.length - Number(exponent);
  return { unscaled: BigInt(`${whole}${fraction}` || "0"), scale };
}
