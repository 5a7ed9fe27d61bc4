import type { Stored, StoredError } from "../ports.ts";
import { ThrownValue, type Site } from "../interpreter/thrown.ts";
import { HostObject } from "../interpreter/host.ts";
import {
  BigDecimalValue,
  BigIntegerValue,
  BytesValue,
  ByteValue,
  CharValue,
  ClosureValue,
  DateValue,
  DoubleValue,
  EntryValue,
  ExceptionValue,
  FloatValue,
  GStringValue,
  ListValue,
  LongValue,
  MapValue,
  RangeValue,
  SetValue,
  ShortValue,
  StringBuilderValue,
  type Value,
} from "../interpreter/values.ts";
import { CauseObject } from "./objects/cause.ts";
import { CsvFormatValue } from "../interpreter/library/csv-format.ts";
import { NamedValue } from "../interpreter/library/simple.ts";
import { Description } from "./objects/description.ts";
import { formatDecimal, parseDecimal } from "./decimal-text.ts";

const DEPTH = 64;

/** An exception that came from outside or from a step: it keeps what its Groovy value has no place for. */
export class StoredException extends ExceptionValue {
  readonly stored: StoredError;
  constructor(stored: StoredError) {
    super(stored.class, stored.message, null, propertiesOf(stored));
    this.stored = stored;
  }
}

function propertiesOf(stored: StoredError): ReadonlyMap<string, Value> {
  const properties = new Map<string, Value>();
  if (stored.result !== undefined) {
    properties.set("result", stored.result);
    properties.set("causes", new ListValue(stored.causes.map((cause) => new CauseObject(cause))));
  }
  return properties;
}

/** What is thrown into a flow for an error of the journal. */
export function toThrown(stored: StoredError, site?: Site): ThrownValue {
  const text = stored.message === "" ? stored.class : `${stored.class}: ${stored.message}`;
  return new ThrownValue(new StoredException(stored), text, site);
}

/** The error at rest behind something thrown; undefined for what no script may see (limits, our own bugs). */
export function storedErrorOf(thrown: unknown): StoredError | undefined {
  if (!(thrown instanceof ThrownValue)) return undefined;
  const { value } = thrown;
  if (value instanceof StoredException) return value.stored;
  if (!(value instanceof ExceptionValue))
    return { $: "error", class: "java.lang.Exception", message: thrown.message, causes: [] };
  const stored = { $: "error" as const, class: value.javaClass, message: value.message ?? "", causes: [] };
  const result = value.properties.get("result");
  return isResult(result) ? { ...stored, result } : stored;
}

function isResult(value: unknown): value is "SUCCESS" | "UNSTABLE" | "FAILURE" | "NOT_BUILT" | "ABORTED" {
  return (
    value === "SUCCESS" ||
    value === "UNSTABLE" ||
    value === "FAILURE" ||
    value === "NOT_BUILT" ||
    value === "ABORTED"
  );
}

/** The form at rest of a value. `refuse` is called, with what it is, for values that cannot cross an effect. */
export function toStored(
  value: Value,
  textOf: (value: Value) => string,
  refuse: (what: string) => never,
  depth = 0,
): Stored {
  if (depth > DEPTH) return refuse("a value nested too deeply, or inside itself");
  const inner = (item: Value): Stored => toStored(item, textOf, refuse, depth + 1);
  if (value === null || typeof value !== "object") return value;
  if (value instanceof GStringValue || value instanceof StringBuilderValue || value instanceof CharValue)
    return textOf(value);
  if (value instanceof LongValue) return { $: "long", v: String(value.value) };
  if (value instanceof BigIntegerValue) return { $: "big", v: String(value.value) };
  if (value instanceof DoubleValue || value instanceof FloatValue)
    return { $: "dbl", v: String(value.value) };
  if (value instanceof BigDecimalValue) return { $: "dec", v: formatDecimal(value.unscaled, value.scale) };
  if (value instanceof ShortValue || value instanceof ByteValue) return value.value;
  if (value instanceof ListValue || value instanceof RangeValue) return value.items.map(inner);
  if (value instanceof SetValue) return { $: "set", v: [...value.members.values()].map(inner) };
  if (value instanceof MapValue)
    return {
      $: "map",
      v: [...value.entries.values()].map((entry) => [inner(entry.entryKey), inner(entry.value)]),
    };
  if (value instanceof EntryValue) return [inner(value.entryKey), inner(value.value)];
  if (value instanceof BytesValue) return { $: "bytes", v: Buffer.from(value.bytes).toString("base64") };
  if (value instanceof DateValue) return { $: "date", v: value.timeMs };
  if (value instanceof Description) return { $: "description", name: value.symbol, v: inner(value.fields) };
  if (value instanceof StoredException) return { ...value.stored };
  if (value instanceof ExceptionValue)
    return { $: "error", class: value.javaClass, message: value.message ?? "", causes: [] };
  if (value instanceof NamedValue) return value.text;
  if (value instanceof CsvFormatValue) return { $: "ref", kind: value.javaClass, id: value.toText() };
  if (value instanceof ClosureValue) return refuse("a closure");
  if (value instanceof HostObject) return { $: "ref", kind: value.javaClass, id: value.toText() };
  return refuse(`a ${value.javaClass}`);
}

/** The value behind a form at rest. A plain JSON object becomes a map with its names as keys. */
export function toValue(stored: Stored): Value {
  if (stored === null || typeof stored !== "object")
    return typeof stored === "number" ? numberValue(stored) : stored;
  if (isList(stored)) return new ListValue(stored.map(toValue));
  const tag = textIn(stored["$"]);
  const inner = stored["v"] ?? null;
  switch (tag) {
    case "long":
      return new LongValue(BigInt(textIn(inner)));
    case "big":
      return new BigIntegerValue(BigInt(textIn(inner)));
    case "dbl":
      return new DoubleValue(Number(textIn(inner)));
    case "dec": {
      const { unscaled, scale } = parseDecimal(textIn(inner));
      return new BigDecimalValue(unscaled, scale);
    }
    case "bytes":
      return new BytesValue(Buffer.from(textIn(inner), "base64"));
    case "date":
      return new DateValue(typeof inner === "number" ? inner : 0);
    case "set":
      return new SetValue(isList(inner) ? inner.map(toValue) : []);
    case "map": {
      const map = new MapValue();
      if (isList(inner))
        for (const pair of inner)
          if (isList(pair)) map.set(toValue(pair[0] ?? null), toValue(pair[1] ?? null));
      return map;
    }
    default: {
      const map = new MapValue();
      for (const [key, value] of Object.entries(stored)) map.set(key, toValue(value));
      return map;
    }
  }
}

function numberValue(value: number): Value {
  if (!Number.isInteger(value)) {
    const { unscaled, scale } = parseDecimal(String(value));
    return new BigDecimalValue(unscaled, scale);
  }
  return value === (value | 0) ? value : new LongValue(BigInt(value));
}

/** Tells a list at rest from an object. */
export function isList(stored: Stored | undefined): stored is readonly Stored[] {
  return Array.isArray(stored);
}

/** The text at rest, or "" for anything else. */
export function textIn(stored: Stored | undefined): string {
  return typeof stored === "string" ? stored : "";
}

/** A field of a JSON object at rest. */
export function fieldOf(stored: Stored, name: string): Stored {
  if (stored === null || typeof stored !== "object" || isList(stored)) return null;
  return stored[name] ?? null;
}

/** Text fields of a JSON object at rest, as variables. */
export function variablesIn(stored: Stored): Record<string, string> {
  const found: Record<string, string> = {};
  if (stored === null || typeof stored !== "object" || isList(stored)) return found;
  for (const [name, value] of Object.entries(stored)) if (typeof value === "string") found[name] = value;
  return found;
}
