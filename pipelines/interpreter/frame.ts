import type { ClassDefinition } from "./classes.ts";
import type { Eventual, Flow } from "./flow.ts";
import { type ClosureValue, Ref, type Value } from "./values.ts";

/** The variables of one running method, closure or script body. Blocks inside share it; closures take the `Ref`s they use. */
export class Frame {
  readonly refs: (Ref | undefined)[] = [];
  readonly captured: readonly Ref[];
  /** `this`: a script, an instance, or the class in static code. */
  readonly self: Value;
  /** The closure that runs, or null in a method or script body. */
  readonly closure: ClosureValue | null;
  /** The class whose code runs, or null in a script. */
  readonly definition: ClassDefinition | null;
  /** The last round of measuring in which this was found. */
  seenIn = 0;
  /** What `return` left behind. */
  result: Value = null;
  constructor(
    self: Value,
    closure: ClosureValue | null,
    captured: readonly Ref[],
    definition: ClassDefinition | null,
  ) {
    this.self = self;
    this.closure = closure;
    this.captured = captured;
    this.definition = definition;
  }

  get(slot: number): Value {
    return this.refs[slot]?.value ?? null;
  }

  set(slot: number, value: Value): void {
    const ref = this.refs[slot];
    if (ref === undefined) this.refs[slot] = new Ref(value);
    else ref.value = value;
  }

  /** A new variable, so that closures made in an earlier round of a loop keep theirs. */
  declare(slot: number, value: Value): void {
    this.refs[slot] = new Ref(value);
  }
}

/** A compiled expression. */
export type Eval = (frame: Frame) => Eventual;

/** How a statement ended if not by reaching its end; made once, at compile time. */
export class Jump {
  readonly kind: "return" | "break" | "continue";
  readonly label: string | null;
  constructor(kind: "return" | "break" | "continue", label: string | null) {
    this.kind = kind;
    this.label = label;
  }
}

/** `undefined`: the end was reached. */
export type Completion = Jump | undefined;

/** A compiled statement. */
export type Exec = (frame: Frame) => Completion | Flow<Completion>;

/** `return`: the value is in the frame. */
export const RETURN = new Jump("return", null);

/** Does a statement still run? */
export function isRunning(completion: Completion | Flow<Completion>): completion is Flow<Completion> {
  return completion !== undefined && !(completion instanceof Jump);
}
