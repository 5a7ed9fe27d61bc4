import { plainText, round, setScale } from "../decimal.ts";
import { formatDate } from "../dates/format.ts";
import { doubleText } from "../number-text.ts";
import { isNumber, type NumberValue, toBigInt, toDecimal, toDouble } from "../numbers.ts";
import type { Runtime } from "../runtime.ts";
import { exception } from "../thrown.ts";
import {
  BigDecimalValue,
  CharValue,
  DateValue,
  DoubleValue,
  FloatValue,
  ListValue,
  LongValue,
  type Value,
} from "../values.ts";

/** One `%…` of a format. */
interface Directive {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | null;
  readonly conversion: string;
  readonly whole: string;
}

/** `String.format` of Java. */
export function formatText(run: Runtime, format: string, args: readonly Value[]): string {
  const [only] = args;
  const values = args.length === 1 && only instanceof ListValue && only.isArray ? only.items : args;
  let next = 0;
  let last = -1;
  const text = format.replaceAll(
    /%(?:(\d+)\$|(<))?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([tT]?[a-zA-Z%])|%/g,
    (
      whole: string,
      index?: string,
      same?: string,
      flags?: string,
      width?: string,
      precision?: string,
      conversion?: string,
    ) => {
      if (conversion === undefined) throw unknown(whole.slice(1) || "%");
      if (Number(width ?? 0) > 100_000 || Number(precision ?? 0) > 10_000) {
        throw exception("java.util.IllegalFormatException", "a width or precision beyond all use");
      }
      const directive: Directive = {
        flags: flags ?? "",
        width: Number(width ?? 0),
        precision: precision === undefined ? null : Number(precision),
        conversion,
        whole,
      };
      if (conversion === "n") return "\n";
      if (conversion === "%") return pad("%", directive);
      if (same === undefined) last = index === undefined ? next : Number(index) - 1;
      if (index === undefined && same === undefined) next += 1;
      if (last >= values.length) {
        throw exception("java.util.MissingFormatArgumentException", `Format specifier '${whole}'`);
      }
      return formatOne(run, directive, values[last] ?? null);
    },
  );
  run.meter.text(text.length);
  return text;
}

function unknown(conversion: string): Error {
  return exception("java.util.UnknownFormatConversionException", `Conversion = '${conversion}'`);
}

function pad(text: string, { flags, width }: Directive): string {
  return flags.includes("-") ? text.padEnd(width) : text.padStart(width);
}

function formatOne(run: Runtime, directive: Directive, value: Value): string {
  const { conversion } = directive;
  const isUpper = /^[A-Z]/.test(conversion);
  const text = converted(run, directive, value, conversion.toLowerCase());
  return pad(isUpper ? text.toUpperCase() : text, directive);
}

function converted(run: Runtime, directive: Directive, value: Value, conversion: string): string {
  if (conversion.startsWith("t")) return dateText(run, value, directive.conversion.charAt(1));
  switch (conversion) {
    case "s":
      return cut(run.text(value), directive.precision);
    case "b":
      return cut(String(typeof value === "boolean" ? value : value !== null), directive.precision);
    case "c":
      if (value === null) return "null";
      if (typeof value === "number") return String.fromCodePoint(value);
      return value instanceof CharValue ? value.text : mismatch(run, directive, value);
    case "h":
      return value === null ? "null" : (run.hash(value) >>> 0).toString(16);
    case "d":
    case "x":
    case "o":
      if (value === null) return "null";
      if (!isNumber(value) || isFraction(value)) return mismatch(run, directive, value);
      return conversion === "d"
        ? wholeText(directive, toBigInt(value))
        : radixText(directive, value, conversion);
    case "f":
    case "e":
    case "g":
      if (value === null) return "null";
      if (!isNumber(value) || !isFraction(value)) return mismatch(run, directive, value);
      return fractionText(directive, value, conversion);
    default:
      throw unknown(directive.conversion);
  }
}

const cut = (text: string, length: number | null): string => (length === null ? text : text.slice(0, length));

function isFraction(value: NumberValue): boolean {
  return value instanceof BigDecimalValue || value instanceof DoubleValue || value instanceof FloatValue;
}

function mismatch(run: Runtime, directive: Directive, value: Value): never {
  throw exception(
    "java.util.IllegalFormatConversionException",
    `${directive.conversion} != ${run.className(value)}`,
  );
}

/** Digits with sign, groups and zeros as the flags ask. */
function signed({ flags, width }: Directive, isNegative: boolean, digits: string): string {
  const [whole = "", fraction] = digits.split(".");
  const grouped = flags.includes(",") ? whole.replaceAll(/\B(?=(\d{3})+$)/g, ",") : whole;
  const body = fraction === undefined ? grouped : `${grouped}.${fraction}`;
  if (isNegative && flags.includes("(")) return `(${body})`;
  const sign = isNegative ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  return sign + (flags.includes("0") ? body.padStart(width - sign.length, "0") : body);
}

function wholeText(directive: Directive, value: bigint): string {
  return signed(directive, value < 0n, (value < 0n ? -value : value).toString());
}

function radixText(directive: Directive, value: NumberValue, conversion: string): string {
  const bits = value instanceof LongValue ? 64 : 32;
  const unsigned = BigInt.asUintN(bits, toBigInt(value)).toString(conversion === "x" ? 16 : 8);
  const prefix = directive.flags.includes("#") ? (conversion === "x" ? "0x" : "0") : "";
  return (
    prefix +
    (directive.flags.includes("0") ? unsigned.padStart(directive.width - prefix.length, "0") : unsigned)
  );
}

function fractionText(directive: Directive, value: NumberValue, conversion: string): string {
  const double = toDouble(value);
  if (!Number.isFinite(double)) return doubleText(double);
  const precision = directive.precision ?? 6;
  const decimal = toDecimal(value);
  const isNegative = decimal.unscaled < 0n || Object.is(double, -0);
  const size = new BigDecimalValue(isNegative ? -decimal.unscaled : decimal.unscaled, decimal.scale);
  if (conversion === "f")
    return signed(directive, isNegative, plainText(setScale(size, precision, "HALF_UP")));
  if (conversion === "g") {
    const rounded = round(size, Math.max(1, precision), "HALF_UP");
    const exponent = rounded.unscaled.toString().length - rounded.scale - 1;
    if (exponent >= -4 && exponent < Math.max(1, precision)) {
      return signed(
        directive,
        isNegative,
        plainText(setScale(rounded, Math.max(1, precision) - exponent - 1, "HALF_UP")),
      );
    }
    return signed(directive, isNegative, exponential(rounded, Math.max(1, precision) - 1));
  }
  return signed(directive, isNegative, exponential(size, precision));
}

function exponential(size: BigDecimalValue, precision: number): string {
  const rounded = round(size, precision + 1, "HALF_UP");
  const digits = rounded.unscaled.toString().padEnd(precision + 1, "0");
  const exponent = size.unscaled === 0n ? 0 : rounded.unscaled.toString().length - rounded.scale - 1;
  const mantissa =
    precision === 0 ? digits.charAt(0) : `${digits.charAt(0)}.${digits.slice(1, precision + 1)}`;
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

const DATE_LETTERS = new Map([
  ["Y", "yyyy"],
  ["y", "yy"],
  ["m", "MM"],
  ["d", "dd"],
  ["e", "d"],
  ["H", "HH"],
  ["I", "hh"],
  ["M", "mm"],
  ["S", "ss"],
  ["L", "SSS"],
  ["p", "a"],
  ["B", "MMMM"],
  ["b", "MMM"],
  ["h", "MMM"],
  ["A", "EEEE"],
  ["a", "EEE"],
  ["j", "DDD"],
  ["z", "Z"],
  ["Z", "zzz"],
  ["F", "yyyy-MM-dd"],
  ["T", "HH:mm:ss"],
  ["R", "HH:mm"],
  ["D", "MM/dd/yy"],
  ["c", "EEE MMM dd HH:mm:ss zzz yyyy"],
]);

function dateText(run: Runtime, value: Value, letter: string): string {
  const pattern = DATE_LETTERS.get(letter);
  const timeMs =
    value instanceof DateValue ? value.timeMs : value instanceof LongValue ? Number(value.value) : undefined;
  if (timeMs === undefined)
    throw exception("java.util.IllegalFormatConversionException", `t${letter} != ${run.className(value)}`);
  if (letter === "s") return String(Math.floor(timeMs / 1000));
  if (letter === "Q") return String(timeMs);
  if (pattern === undefined) throw unknown(`t${letter}`);
  return formatDate(pattern, timeMs, run.timeZone);
}

/** A number by a pattern of DecimalFormat: `#,##0.00`. */
export function formatByPattern(value: NumberValue, pattern: string): string {
  const match = /^([^#0,.]*)([#0,]*)(?:\.([0#]*))?([^#0,.]*)$/.exec(pattern);
  const [, prefix = "", whole = "", fraction = "", suffix = ""] = match ?? [];
  const percent = suffix.includes("%");
  const decimal = toDecimal(value);
  const scaled = percent ? new BigDecimalValue(decimal.unscaled, decimal.scale - 2) : decimal;
  const rounded = setScale(scaled, fraction.length, "HALF_EVEN");
  const text = plainText(
    rounded.unscaled < 0n ? new BigDecimalValue(-rounded.unscaled, rounded.scale) : rounded,
  );
  const [digits = "0", rest = ""] = text.split(".");
  const least = whole.split("").filter((char) => char === "0").length;
  const padded = (least === 0 && digits === "0" && fraction !== "" ? "" : digits).padStart(least, "0");
  const group = whole.includes(",") ? whole.length - whole.lastIndexOf(",") - 1 : 0;
  const grouped = group > 0 ? padded.replaceAll(new RegExp(`\\B(?=(\\d{${group}})+$)`, "g"), ",") : padded;
  const needed = fraction.split("").filter((char) => char === "0").length;
  const kept = rest.slice(0, needed) + rest.slice(needed).replace(/0+$/, "");
  const sign = rounded.unscaled < 0n ? "-" : "";
  return `${sign}${prefix}${grouped}${kept === "" ? "" : `.${kept}`}${suffix}`;
}
