import { numberOf, toInt } from "../numbers.ts";
import type { Runtime } from "../runtime.ts";
import { type Value } from "../values.ts";

/** An argument as an int; `undefined` when it is no number. */
export function intOf(value: Value | undefined): number | undefined {
  if (typeof value === "number") return value;
  const number = value === undefined ? undefined : numberOf(value);
  return number === undefined ? undefined : toInt(number);
}

/** An argument as text. */
export function textArg(run: Runtime, value: Value | undefined): string {
  return run.text(value ?? null);
}
