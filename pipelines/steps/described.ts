import { Description } from "../engine/objects/description.ts";
import { MapValue, type Value } from "../interpreter/values.ts";
import type { StepCall } from "./step.ts";

/** What an argument describes: `symbol(field: …)`, or the map `[$class: 'Name', field: …]` of old. */
export interface Described {
  /** The symbol, or the simple name of the class. */
  readonly symbol: string;
  readonly fields: MapValue;
}

/** Reads such an argument; null where it is none. */
export function describedBy(call: StepCall, value: Value): Described | null {
  if (value instanceof Description) return value;
  if (!(value instanceof MapValue) || !value.has("$class")) return null;
  const name = call.run.textOf(value.get("$class") ?? "");
  return { symbol: name.split(".").at(-1) ?? name, fields: value };
}
