import { Instance } from "./classes.ts";
import { sequenceOf, stringOf } from "./comparing.ts";
import { isNumber, numberOf, toBigInt, toInt, type NumberValue } from "./numbers.ts";
import type { Runtime } from "./runtime.ts";
import {
  BigDecimalValue,
  BigIntegerValue,
  CharValue,
  DateValue,
  DoubleValue,
  EntryValue,
  FloatValue,
  GroovyObject,
  LongValue,
  MapValue,
  SetValue,
  type Value,
} from "./values.ts";

/** `hashCode()`, with the numbers that Java gives. */
export function hashOf(run: Runtime, value: Value): number {
  if (value === null) return 0;
  if (typeof value === "boolean") return value ? 1231 : 1237;
  if (value instanceof CharValue) return value.code;
  if (isNumber(value)) return numberHash(value);
  const text = stringOf(run, value);
  if (text !== undefined) {
    run.meter.tick(text.length >> 5);
    return textHash(text);
  }
  return value instanceof GroovyObject ? objectHash(run, value) : 0;
}

function textHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i += 1) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0;
  return hash;
}

function numberHash(value: NumberValue): number {
  if (value instanceof LongValue) return folded(value.value);
  if (value instanceof DoubleValue) return folded(doubleBits(value.value));
  if (value instanceof FloatValue)
    return new DataView(new Float32Array([value.value]).buffer).getInt32(0, true);
  if (value instanceof BigDecimalValue) return (Math.imul(31, bigHash(value.unscaled)) + value.scale) | 0;
  if (value instanceof BigIntegerValue) return bigHash(value.value);
  return toInt(value);
}

function doubleBits(value: number): bigint {
  return new DataView(new Float64Array([value]).buffer).getBigInt64(0, true);
}

function folded(bits: bigint): number {
  return Number(BigInt.asIntN(32, bits ^ (BigInt.asUintN(64, bits) >> 32n)));
}

function bigHash(value: bigint): number {
  const size = value < 0n ? -value : value;
  const words = (size.toString(16).match(/.{1,8}(?=(?:.{8})*$)/g) ?? []).map(
    (word) => Number.parseInt(word, 16) | 0,
  );
  const hash = words.reduce((sum, word) => (Math.imul(31, sum) + word) | 0, 0);
  return value < 0n ? -hash | 0 : hash;
}

function objectHash(run: Runtime, value: GroovyObject): number {
  run.meter.enter();
  try {
    const items = sequenceOf(value);
    if (items !== undefined) {
      run.meter.tick(items.length);
      return items.reduce((hash: number, item) => (Math.imul(31, hash) + run.hash(item)) | 0, 1);
    }
    if (value instanceof SetValue) {
      return [...value.members.values()].reduce((hash: number, item) => (hash + run.hash(item)) | 0, 0);
    }
    if (value instanceof MapValue) {
      return [...value.entries.values()].reduce((hash: number, entry) => (hash + run.hash(entry)) | 0, 0);
    }
    if (value instanceof EntryValue) return run.hash(value.entryKey) ^ run.hash(value.value);
    if (value instanceof DateValue) return folded(BigInt(value.timeMs));
    if (value instanceof Instance) return instanceHash(run, value);
    const key = value.key();
    return typeof key === "string" ? textHash(key) : run.identity(value);
  } finally {
    run.meter.leave();
  }
}

function instanceHash(run: Runtime, value: Instance): number {
  const own = value.definition.find("hashCode").find((method) => method.parameters.length === 0);
  if (own !== undefined) {
    const number = numberOf(run.now(run.invoke(own, value, [])));
    return number === undefined ? 0 : Number(BigInt.asIntN(32, toBigInt(number)));
  }
  if (!value.definition.has("EqualsAndHashCode")) return run.identity(value);
  return value.definition
    .allFields()
    .reduce(
      (hash: number, field) => (Math.imul(31, hash) + run.hash(value.fields.get(field.name) ?? null)) | 0,
      17,
    );
}
