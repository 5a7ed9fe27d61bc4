import type { Eventual } from "./flow.ts";
import type { Runtime } from "./runtime.ts";
import { GroovyObject, ListValue, type Value } from "./values.ts";

/** An object of a class that we provide and that has a life of its own: a UUID, a formatter, a parser. */
export abstract class LibraryValue extends GroovyObject {
  /** Calls a method; `undefined` when there is none of that name and these arguments. */
  abstract invoke(name: string, args: readonly Value[], run: Runtime): Eventual | undefined;
  abstract toText(run: Runtime): string;
  /** Reads a property; getters are found by themselves. */
  property(_name: string, _run: Runtime): Eventual | undefined {
    return undefined;
  }
  /** Writes a property; `false` when there is none. */
  assign(_name: string, _value: Value, _run: Runtime): boolean {
    return false;
  }
  /** How it compares with another of its kind; `undefined` when it does not. */
  compareTo(_other: Value): number | undefined {
    return undefined;
  }
  /** What `for` and `each` walk over; `undefined` for just itself. */
  elements(): readonly Value[] | undefined {
    return undefined;
  }
  isTruthy(): boolean {
    return true;
  }
}

/** A list of a class that we provide, which can do more than lists can. */
export abstract class LibraryListValue extends ListValue {
  /** Calls a method of its own; `undefined` leaves it to those of lists. */
  abstract invoke(name: string, args: readonly Value[], run: Runtime): Eventual | undefined;
  /** Reads a property of its own; `undefined` leaves it to the getters. */
  abstract property(name: string): Value | undefined;
  /** What is thrown for a property that it does not have. */
  abstract lacking(name: string, run: Runtime): never;
}

/** A closure, or a map of closures, in the place of an interface: `{ … } as Runnable`. */
export class ProxyValue extends LibraryValue {
  readonly javaClass: string;
  readonly target: Value;
  constructor(type: string, target: Value) {
    super();
    this.javaClass = type;
    this.target = target;
  }
  invoke(name: string, args: readonly Value[], run: Runtime): Eventual | undefined {
    return run.callMethod(this.target, "$proxied", [name, ...args]);
  }
  toText(run: Runtime): string {
    return `${this.javaClass}$Proxy@${run.identity(this).toString(16)}`;
  }
}
