import type { ClassDefinition, CompiledMethod, Instance } from "./classes.ts";
import type { Evaluator } from "./evaluator.ts";
import type { Eventual } from "./flow.ts";
import type { Frame } from "./frame.ts";
import type { Host } from "./host.ts";
import type { Meter } from "./meter.ts";
import type { Site } from "./thrown.ts";
import type { ClosureValue, GroovyObject, ListValue, MapValue, Value } from "./values.ts";

/**
 * What compiled code and the method tables ask of the interpreter as a whole. One object of it exists per evaluator;
 * the parts know only this interface, so that none of them has to import the others.
 */
export interface Runtime {
  readonly meter: Meter;
  /** For the host, which is handed it with every call. */
  readonly evaluator: Evaluator;
  readonly host: Host;
  /** Where the code is that runs now. */
  site: Site;
  readonly classes: Map<string, ClassDefinition>;
  /** The time zone of dates without one. */
  readonly timeZone: string;

  /** The value at once, for code that cannot wait (`toString()`, `hashCode()`); a step in there is refused. */
  now(value: Eventual): Value;
  text(value: Value): string;
  /** The text with quotes around strings, as `inspect()` gives it. */
  inspect(value: Value): string;
  isTrue(value: Value): boolean;
  equals(left: Value, right: Value): boolean;
  /** As `<=>`; throws when the two cannot be compared. */
  compare(left: Value, right: Value): number;
  hash(value: Value): number;
  /** A number that tells objects apart, counted up as they are asked for. */
  identity(value: GroovyObject): number;

  call(closure: Value, args: readonly Value[]): Eventual;
  callMethod(target: Value, name: string, args: readonly Value[], named?: MapValue | null): Eventual;
  /** Calls code of a script or class with `self` as `this`. */
  invoke(method: CompiledMethod, self: Value, args: readonly Value[]): Eventual;
  /** Does it have such a method, of its own or ours? */
  respondsTo(target: Value, name: string): boolean;
  getProperty(target: Value, name: string): Eventual;
  setProperty(target: Value, name: string, value: Value): Eventual;
  construct(className: string, args: readonly Value[], named?: MapValue | null): Eventual;
  /** An object of an anonymous class, made in that frame. */
  constructAnonymous(definition: ClassDefinition, frame: Frame, args: readonly Value[]): Eventual;
  /** `this(…)` and `super(…)` at the beginning of a constructor. */
  chainConstructor(
    word: "this" | "super",
    frame: Frame,
    args: readonly Value[],
    named: MapValue | null,
  ): Eventual;
  /** `in`, and a `case`. */
  isCase(candidate: Value, subject: Value): Eventual;

  className(value: Value): string;
  isInstance(value: Value, type: string): boolean;
  /** As `(type) value` and an assignment to a typed variable. */
  cast(value: Value, type: string): Value;
  /** As `value as type`. */
  coerce(value: Value, type: string): Eventual;
  definitionOf(value: Value): ClassDefinition | undefined;
  /** A method that is no part of the language: one of our own as a closure; `holds` names the values it keeps alive. */
  closureOf(
    parameters: number,
    code: (args: readonly Value[]) => Eventual,
    holds?: () => Iterable<Value>,
  ): ClosureValue;
  /** A new list of these elements, refused when there are too many. */
  list(items: readonly Value[]): ListValue;
  newInstance(definition: ClassDefinition): Instance;
  /** The generator behind Java's random numbers, seeded by the host when first asked for. */
  random(): Eventual;
  /** `Eval.me` and `evaluate`: runs a text as a script, with `x` as a variable unless it is null. */
  evaluateText(text: string, x: Value): Eventual;
  /** Runs the field initialisers and constructor of a new object. */
  initialise(instance: Instance, args: readonly Value[], named: MapValue | null): Eventual;
}
