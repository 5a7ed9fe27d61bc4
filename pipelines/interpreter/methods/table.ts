import type { Eventual } from "../flow.ts";
import type { Runtime } from "../runtime.ts";
import type { Value } from "../values.ts";

/** A method of ours; `undefined` when it takes no such arguments. */
export type Method<T> = (self: T, args: readonly Value[], run: Runtime) => Eventual | undefined;

/** The methods of a kind of value, by name. A map, so that no name leads to anything else. */
export type MethodTable<T> = ReadonlyMap<string, Method<T>>;

/** `toString$` stands for `toString`, a name that every JavaScript object already has. */
export function table<T>(methods: Readonly<Record<string, Method<T>>>): MethodTable<T> {
  return new Map(Object.entries(methods).map(([name, method]) => [name.replace(/\$$/, ""), method]));
}
