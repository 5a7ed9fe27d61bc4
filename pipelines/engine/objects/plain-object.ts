import type { Eventual } from "../../interpreter/flow.ts";
import { HostObject } from "../../interpreter/host.ts";
import type { CallArguments } from "../../interpreter/host.ts";
import { ClassRef, type Value } from "../../interpreter/values.ts";

/** An object with fixed fields: `x.name`, `x.getName()`, nothing to write and nothing to call. */
export class PlainObject extends HostObject {
  readonly javaClass: string;
  readonly #fields: ReadonlyMap<string, Value>;
  readonly #text: string;

  constructor(javaClass: string, fields: Iterable<readonly [string, Value]>, text = javaClass) {
    super();
    this.javaClass = javaClass;
    this.#fields = new Map(fields);
    this.#text = text;
  }

  getProperty(name: string): Eventual | undefined {
    return name === "class" ? new ClassRef(this.javaClass) : this.#fields.get(name);
  }

  setProperty(): boolean {
    return false;
  }

  callMethod(name: string, args: CallArguments): Eventual | undefined {
    if (args.named !== null || args.positional.length > 0) return undefined;
    return this.getProperty(propertyOfGetter(name) ?? name);
  }

  toText(): string {
    return this.#text;
  }
}

/** `getFullName` and `isFoo` -> `fullName`, `foo`; undefined for other names. */
export function propertyOfGetter(name: string): string | undefined {
  const match = /^(?:get|is)([A-Z].*)$/.exec(name);
  const rest = match?.[1];
  return rest === undefined ? undefined : rest.charAt(0).toLowerCase() + rest.slice(1);
}
