import type { Expression, Program } from "../syntax/ast.ts";
import type { Eventual, Flow } from "./flow.ts";
import type { CallArguments } from "./host.ts";
import type { Meter } from "./meter.ts";
import type { Site } from "./thrown.ts";
import type { ClosureValue, GroovyObject, Value } from "./values.ts";

/** A script that has been taken in: its methods and classes are there, its statements have not run. */
export interface Script {
  /** The script as a value: `this` of its code. */
  readonly self: GroovyObject;
  readonly file: string;
}

/** Runs Groovy. Every flow it gives is for the scheduler to drive; nothing runs by itself. */
export interface Evaluator {
  readonly meter: Meter;
  /** A new turn: the budget of evaluations is full again. */
  beginTurn(): void;
  /** Takes in a script or a library file; `shareBinding` gives it the undeclared variables of another one. */
  load(program: Program, file: string, shareBinding?: Script): Script;
  /** Runs the statements of a script; the value is that of the last one. */
  runScript(script: Script): Flow<Value>;
  /** Calls a closure, with `delegate` in place of its own for this call when given. */
  callClosure(closure: ClosureValue, args?: readonly Value[], delegate?: Value): Flow<Value>;
  /** Calls a method of any value: `call` of a library script, a method of the script itself. */
  callMethod(target: Value, name: string, args: CallArguments, site: Site): Flow<Value>;
  /** Does a script have a method of this name? */
  hasMethod(script: Script, name: string): boolean;
  /** Evaluates an expression of the file as if it stood in the body of that closure, or at the top of a script. */
  evaluateExpression(expression: Expression, scope: ClosureValue | Script): Flow<Value>;
  /** Reads and writes a variable of a script's binding. */
  binding(script: Script): Map<string, Value>;
  /** Groovy truth. */
  isTrue(value: Value): Eventual;
  /** What `toString()` of a value gives; a step inside a `toString()` of the script's own is refused. */
  textOf(value: Value): string;
  /** `==` of Groovy. */
  areEqual(left: Value, right: Value): boolean;
}
