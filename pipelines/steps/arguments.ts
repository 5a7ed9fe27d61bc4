import type { Stored } from "../ports.ts";
import type { CallArguments } from "../interpreter/host.ts";
import { illegalArgument } from "../interpreter/thrown.ts";
import {
  ClosureValue,
  GStringValue,
  ListValue,
  LongValue,
  MapValue,
  RangeValue,
  SetValue,
  type Value,
} from "../interpreter/values.ts";
import { toStored } from "../engine/convert.ts";
import type { Parameter, Signature } from "./signature.ts";

/** The arguments of a step by name, read in the type the step wants. */
export class StepArguments {
  readonly #signature: Signature;
  readonly #values: ReadonlyMap<string, Value>;
  readonly #textOf: (value: Value) => string;

  constructor(signature: Signature, values: ReadonlyMap<string, Value>, textOf: (value: Value) => string) {
    this.#signature = signature;
    this.#values = values;
    this.#textOf = textOf;
  }

  has(name: string): boolean {
    return (this.#values.get(name) ?? null) !== null;
  }

  /** The value as given, or the default. */
  value(name: string): Value {
    const value = this.#values.get(name);
    if (value !== undefined) return value;
    const standIn = this.#parameter(name).default;
    return standIn ?? null;
  }

  /** Text; "" when absent. */
  text(name: string): string {
    return this.optionalText(name) ?? "";
  }

  optionalText(name: string): string | null {
    const value = this.value(name);
    return value === null ? null : this.#textOf(value);
  }

  flag(name: string): boolean {
    const value = this.value(name);
    if (typeof value === "boolean") return value;
    return value !== null && this.#textOf(value) === "true";
  }

  /** A whole number; an error names the step when it is none. */
  int(name: string): number {
    const value = this.value(name);
    if (typeof value === "number") return value;
    if (value instanceof LongValue) return Number(value.value);
    const text = value === null ? "" : this.#textOf(value).trim();
    if (!/^-?\d+$/.test(text))
      throw illegalArgument(`${this.#signature.name}: "${name}" must be a whole number, not "${text}"`);
    return Number(text);
  }

  /** A list of texts; one text is a list of one. */
  texts(name: string): string[] {
    return itemsOf(this.value(name)).map((item) => this.#textOf(item));
  }

  list(name: string): Value[] {
    return itemsOf(this.value(name));
  }

  /** What the user wrote, at rest: for the journal and its hash. */
  stored(): Stored {
    const pairs: Record<string, Stored> = {};
    for (const [name, value] of this.#values) {
      pairs[name] = toStored(value, this.#textOf, (what) => {
        throw illegalArgument(`step ${this.#signature.name} cannot take ${what} for "${name}"`);
      });
    }
    return pairs;
  }

  #parameter(name: string): Parameter {
    const parameter = this.#signature.parameters.find((candidate) => candidate.name === name);
    if (parameter === undefined) throw new Error(`step ${this.#signature.name} has no parameter ${name}`);
    return parameter;
  }
}

function itemsOf(value: Value): Value[] {
  if (value === null) return [];
  if (value instanceof ListValue || value instanceof RangeValue) return [...value.items];
  if (value instanceof SetValue) return [...value.members.values()];
  return [value];
}

/** Binds what a call hands over to the parameters of a step, as Jenkins does. Gives unknown names too, to be warned of. */
export function bindArguments(
  signature: Signature,
  args: CallArguments,
  textOf: (value: Value) => string,
): { bound: StepArguments; body: ClosureValue | null; unknown: readonly string[] } {
  const positional = [...args.positional];
  const body = takeBody(signature, positional);
  const named = namedArguments(signature, args.named, positional, textOf);
  const values = new Map<string, Value>();
  const unknown: string[] = [];
  for (const [name, value] of named)
    if (signature.parameters.some((parameter) => parameter.name === name)) values.set(name, value);
    else unknown.push(name);
  for (const parameter of signature.parameters)
    if (parameter.required && !values.has(parameter.name))
      throw illegalArgument(`Missing required parameter: "${parameter.name}" of step ${signature.name}`);
  return { bound: new StepArguments(signature, values, textOf), body, unknown };
}

function takeBody(signature: Signature, positional: Value[]): ClosureValue | null {
  const last = positional.at(-1);
  if (signature.block === "none" || !(last instanceof ClosureValue)) return null;
  positional.pop();
  return last;
}

function namedArguments(
  signature: Signature,
  named: MapValue | null,
  positional: readonly Value[],
  textOf: (value: Value) => string,
): (readonly [string, Value])[] {
  const [first] = positional;
  if (signature.gathersNamed === true && signature.positional !== null)
    return [[signature.positional, named ?? first ?? null]];
  if (positional.length === 0) return named === null ? [] : entriesOf(named, textOf);
  if (named !== null || positional.length > 1)
    throw illegalArgument(
      `Expected named arguments but got [${positional.map((value) => textOf(value)).join(", ")}]`,
    );
  const target = signature.parameters.find((parameter) => parameter.name === signature.positional);
  // A single map stands for named arguments, unless the step takes a map or the map describes an object.
  if (first instanceof MapValue && !first.has("$class") && target?.type !== "map" && target?.type !== "any")
    return entriesOf(first, textOf);
  if (target === undefined)
    throw illegalArgument(
      `step ${signature.name} takes no argument without a name: ${signature.parameters.map((p) => p.name).join(", ")}`,
    );
  return [[target.name, first ?? null]];
}

function entriesOf(map: MapValue, textOf: (value: Value) => string): (readonly [string, Value])[] {
  return [...map.entries.values()].map((entry) => [textOf(entry.entryKey), plain(entry.value, textOf)]);
}

function plain(value: Value, textOf: (value: Value) => string): Value {
  return value instanceof GStringValue ? textOf(value) : value;
}
