import { parse, stringify, TomlDate, TomlError, type TomlValue } from "smol-toml";
import type { Stored } from "../ports.ts";
import { exception, illegalArgument } from "../interpreter/thrown.ts";
import {
  BigDecimalValue,
  BigIntegerValue,
  DoubleValue,
  ListValue,
  LongValue,
  MapValue,
  type Value,
} from "../interpreter/values.ts";
import { fieldOf, isList, textIn, toStored } from "../engine/convert.ts";
import { parseDecimal } from "../engine/decimal-text.ts";
import { FILE_OR_TEXT, requiredText } from "./file-or-text.ts";
import { pathOf, writeText } from "./files.ts";
import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

/** What a value of TOML costs to make, in bytes. */
const VALUE_BYTES = 60;

/** How deep tables and lists may nest. */
const MAX_DEPTH = 500;

/** TOML from a file or a text. */
export const readTOML = step({
  name: "readTOML",
  doc: "Reads TOML from a file of the workspace or from a text, as a map; dates are texts.",
  parameters: FILE_OR_TEXT,
  positional: null,
  block: "none",
  needsAgent: false,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const { meter } = call.run.evaluator;
    const text = yield* requiredText(call);
    meter.tick(text.length >> 1);
    const failure = (message: string): Error =>
      exception("com.fasterxml.jackson.dataformat.toml.TomlStreamReadException", message, call.site);
    const valueOf = (toml: TomlValue, depth: number): Value => {
      if (depth > MAX_DEPTH) throw failure("nested too deeply");
      meter.allocate(VALUE_BYTES);
      if (typeof toml !== "object" || toml instanceof TomlDate) return scalar(toml);
      if (Array.isArray(toml)) return new ListValue(toml.map((item) => valueOf(item, depth + 1)));
      return MapValue.of(Object.entries(toml).map(([key, item]) => [key, valueOf(item, depth + 1)]));
    };
    try {
      return valueOf(parse(text, { integersAsBigInt: true, maxDepth: MAX_DEPTH }), 0);
    } catch (error) {
      throw error instanceof TomlError ? failure(error.message) : error;
    }
  },
});

/** TOML into a file or a text. */
export const writeTOML = step({
  name: "writeTOML",
  doc: "Writes a map as TOML into a file of the workspace, or gives its text; null becomes an empty text.",
  parameters: [
    required("toml", "map", "The map."),
    optional("file", "string", "The file."),
    optional("returnText", "boolean", "Give the text and write nothing.", false),
  ],
  positional: null,
  block: "none",
  needsAgent: false,
  kind: "file",
  policy: "repeat",
  *behave(call) {
    const { args, run } = call;
    const hasFile = args.text("file").trim() !== "";
    if (!args.has("toml"))
      throw illegalArgument(`You have to provide a toml object to save for ${call.name}.`);
    if (args.flag("returnText") && hasFile)
      throw illegalArgument(`You cannot provide both returnText and file to ${call.name}.`);
    if (!args.flag("returnText") && !hasFile)
      throw illegalArgument(`You have to provide either file or returnText to ${call.name}.`);
    const value = args.value("toml");
    if (!(value instanceof MapValue))
      return call.refuse("TOML is a map, and nothing else can be written as it");
    const stored = toStored(
      value,
      (each) => run.textOf(each),
      (what) => call.refuse(`cannot write ${what} as TOML`),
    );
    const text = stringify(plainOf(stored), { numbersAsFloat: true });
    run.evaluator.meter.text(text.length);
    run.evaluator.meter.tick(text.length >> 1);
    if (args.flag("returnText")) return text;
    yield* writeText(call, pathOf(call, "file"), text, { encoding: null, append: false });
    return null;
  },
});

/** The value a script sees, in the type that Jenkins gives it. */
function scalar(toml: string | boolean | bigint | number | TomlDate): Value {
  if (typeof toml === "bigint") return wholeNumber(toml);
  if (typeof toml === "number") return fraction(toml);
  return toml instanceof TomlDate ? dateText(toml) : toml;
}

function wholeNumber(value: bigint): Value {
  if (BigInt.asIntN(32, value) === value) return Number(value);
  return BigInt.asIntN(64, value) === value ? new LongValue(value) : new BigIntegerValue(value);
}

function fraction(value: number): Value {
  if (!Number.isFinite(value)) return new DoubleValue(value);
  const text = String(value);
  const { unscaled, scale } = parseDecimal(/^-?\d+$/.test(text) ? `${text}.0` : text);
  return new BigDecimalValue(unscaled, scale);
}

/** A date as it was written, apart from a fraction of a second that ends in zeros. */
function dateText(date: TomlDate): string {
  return date.toISOString().replace(/\.(\d*?)0+(?=\D|$)/, (_whole, digits: string) => digits && `.${digits}`);
}

type Plain = string | number | bigint | boolean | Plain[] | { [key: string]: Plain };

/** A value at rest as the writer takes it: whole numbers are bigint, so that `1.0` is told from `1`. */
function plainOf(stored: Stored): Plain {
  // TOML has no null; Jenkins writes an empty text.
  if (stored === null) return "";
  if (typeof stored === "number") return BigInt(Math.trunc(stored));
  if (typeof stored !== "object") return stored;
  if (isList(stored)) return stored.map(plainOf);
  const inner = fieldOf(stored, "v");
  switch (textIn(stored["$"])) {
    case "map":
      return Object.fromEntries(
        (isList(inner) ? inner : []).map((pair) => [
          keyText(pair),
          plainOf(isList(pair) ? (pair[1] ?? null) : null),
        ]),
      );
    case "set":
      return plainOf(inner);
    case "long":
    case "big":
      return BigInt(textIn(inner));
    case "dbl":
    case "dec":
      return Number(textIn(inner));
    case "date":
      return plainOf(inner);
    default:
      return textIn(inner) || textIn(fieldOf(stored, "id")) || textIn(fieldOf(stored, "message"));
  }
}

function keyText(pair: Stored): string {
  const key = isList(pair) ? (pair[0] ?? null) : null;
  const plain = key === null ? "null" : plainOf(key);
  return typeof plain === "object" ? stringify({ key: plain }) : String(plain);
}
