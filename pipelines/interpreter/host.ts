import type { Evaluator } from "./evaluator.ts";
import type { Eventual } from "./flow.ts";
import type { Site, ThrownValue } from "./thrown.ts";
import { GroovyObject, type MapValue, type Value } from "./values.ts";

/** What is handed to a call: named arguments stay apart, so that a step can tell them from a map in brackets. */
export interface CallArguments {
  readonly named: MapValue | null;
  readonly positional: readonly Value[];
}

/** The arguments as a Groovy method sees them: the named ones are one map in front. */
export function flatArguments(args: CallArguments): readonly Value[] {
  return args.named === null ? args.positional : [args.named, ...args.positional];
}

/** What of the world only the host may read, because it differs from run to run. */
export type Reading = "now" | "seed" | "uuid";

/** What stands outside the language: steps, global variables, the clock. */
export interface Host {
  /** Calls a step or pipeline function; `undefined` when there is none of that name. */
  callFunction(name: string, args: CallArguments, site: Site, evaluator: Evaluator): Eventual | undefined;
  /** A global variable (`env`, `params`, a variable of the environment); `undefined` when there is none. */
  readName(name: string, site: Site): Eventual | undefined;
  /** Assigns a global variable that the host owns; `false` leaves it to the script's binding. */
  assignName(name: string, value: Value, site: Site): boolean;
  /** What is thrown for a function that nobody knows; without it a MissingMethodException. */
  missingFunction?(name: string, args: CallArguments, site: Site): ThrownValue | undefined;
  /** `now`: milliseconds as a Long; `seed`: a Long; `uuid`: a String. */
  read(reading: Reading, site: Site): Eventual;
  /** `println`, `print` and `printf`: text for the console, with its line end if it has one. */
  print(text: string, site: Site): void;
}

/**
 * An object of the host's that a script may use: `env`, `currentBuild`, `docker`, an image. Its members are exactly what
 * these methods answer; nothing else of the JavaScript object is visible.
 */
export abstract class HostObject extends GroovyObject {
  /** Reads a property; `undefined` when there is none of that name. */
  abstract getProperty(name: string, site: Site): Eventual | undefined;
  /** Writes a property; `false` when there is none of that name to write. */
  abstract setProperty(name: string, value: Value, site: Site): boolean;
  /** Calls a method; `undefined` when there is none of that name. */
  abstract callMethod(
    name: string,
    args: CallArguments,
    site: Site,
    evaluator: Evaluator,
  ): Eventual | undefined;
  /** What `toString()` gives. */
  abstract toText(): string;
}
