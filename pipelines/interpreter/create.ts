import { parse } from "../syntax/parser.ts";
import type { Expression, Program } from "../syntax/ast.ts";
import { Instance, ScriptObject, SuperValue, type ClassDefinition, type CompiledMethod } from "./classes.ts";
import { callClosure as fitClosure } from "./closure-call.ts";
import { castTo, coerceTo, isInstanceOf } from "./coercion.ts";
import { areEqual, compareValues, truthOf } from "./comparing.ts";
import { compileProgram, type CompiledScript, refusalOfProgram, scriptFrame } from "./compile/program.ts";
import { BlockScope, capturedFrom, ClosureScope, CodeScope } from "./compile/scope.ts";
import { chainConstructor, construct, constructAnonymous, initialise } from "./construct.ts";
import { callMethod, tryCallMethod } from "./dispatch.ts";
import { fromBottom, runNow } from "./drive.ts";
import type { Evaluator, Script } from "./evaluator.ts";
import { andThen, type Eventual, type Flow, isFlow } from "./flow.ts";
import { Frame } from "./frame.ts";
import { hashOf } from "./hash.ts";
import { type CallArguments, flatArguments, type Host } from "./host.ts";
import { bind, runBody } from "./invoke.ts";
import { DEFAULT_LIMITS, type Limits, type Watch } from "./limits.ts";
import { measure } from "./live.ts";
import { Meter } from "./meter.ts";
import { hasBuiltin } from "./methods/tables.ts";
import { numberOf, toBigInt } from "./numbers.ts";
import { getProperty, setProperty } from "./properties.ts";
import { RandomValue } from "./library/random.ts";
import type { Runtime } from "./runtime.ts";
import { inspectOf, textOf } from "./text.ts";
import { exception, nullPointer, type Site } from "./thrown.ts";
import {
  ClosureValue,
  ClassRef,
  type GroovyObject,
  ListValue,
  MapValue,
  type ParameterShape,
  type Value,
} from "./values.ts";

/** What an evaluator is made of. */
export interface EvaluatorOptions {
  readonly host: Host;
  readonly limits?: Partial<Limits>;
  readonly watch?: Watch;
  /** The time zone of dates that name none; UTC unless said otherwise. */
  readonly timeZone?: string;
}

/** Makes an evaluator: the language, over a host that has the steps, the names and the clock. */
export function createEvaluator(options: EvaluatorOptions): Evaluator {
  return new GroovyEvaluator(options);
}

const NOWHERE: Site = {
  file: "",
  span: { start: 0, end: 0, line: 1, column: 1, endLine: 1, endColumn: 1 },
};

const ANY_PARAMETERS: readonly ParameterShape[] = [
  { name: "args", type: "java.lang.Object[]", hasDefault: false, isVarargs: true },
];

const nothing = (): Iterable<Value> => [];

class GroovyEvaluator implements Evaluator, Runtime {
  readonly host: Host;
  readonly meter: Meter;
  readonly timeZone: string;
  readonly classes = new Map<string, ClassDefinition>();
  readonly evaluator: Evaluator = this;
  site: Site = NOWHERE;
  private readonly scripts = new Map<ScriptObject, CompiledScript>();
  private readonly identities = new WeakMap<GroovyObject, number>();
  private nextIdentity = 0x1b2c3d;
  private shared: Value = null;
  private evaluated = 0;

  constructor({ host, limits, watch, timeZone }: EvaluatorOptions) {
    this.host = host;
    this.meter = new Meter({ ...DEFAULT_LIMITS, ...limits }, watch);
    this.timeZone = timeZone ?? "UTC";
    this.meter.measureLive = () => measure(this.roots(), this.meter.limits.liveBytes);
  }

  /** What the script can still reach: its variables, the static fields, and the frames that run. */
  private *roots(): Generator<unknown> {
    for (const script of this.scripts.keys()) yield script;
    for (const definition of this.classes.values()) yield definition;
    yield* this.meter.frames;
  }

  // ------------------------------------------------------------ for the host

  beginTurn(): void {
    this.meter.beginTurn();
  }

  load(program: Program, file: string, shareBinding?: Script): Script {
    const refused = refusalOfProgram(program);
    if (refused !== undefined) throw refused;
    const shared = shareBinding?.self;
    const binding = shared instanceof ScriptObject ? shared.binding : new Map<string, Value>();
    const name = file.replace(/^.*\//, "").replace(/\.\w+$/, "") || "WorkflowScript";
    const self = new ScriptObject(file, binding, name === "Jenkinsfile" ? "WorkflowScript" : name);
    const script = compileProgram(this, program, file, self);
    this.scripts.set(self, script);
    return script;
  }

  private scriptOf(script: Script): CompiledScript {
    const found = script.self instanceof ScriptObject ? this.scripts.get(script.self) : undefined;
    if (found === undefined) throw new Error(`not a script of this evaluator: ${script.file}`);
    return found;
  }

  runScript(script: Script): Flow<Value> {
    const { body, self } = this.scriptOf(script);
    return fromBottom(this.meter, () => runBody(this, body, scriptFrame(self)));
  }

  callClosure(closure: ClosureValue, args: readonly Value[] = [], delegate?: Value): Flow<Value> {
    return fromBottom(this.meter, () => {
      if (delegate === undefined) return this.call(closure, args);
      const copy = new ClosureValue(
        closure.code,
        closure.captured,
        closure.owner,
        closure.thisObject,
        closure.scope,
      );
      copy.delegate = delegate;
      copy.resolveStrategy = closure.resolveStrategy;
      return this.call(copy, args);
    });
  }

  hasMethod(script: Script, name: string): boolean {
    return this.scriptOf(script).self.methods.has(name);
  }

  binding(script: Script): Map<string, Value> {
    return this.scriptOf(script).self.binding;
  }

  evaluateExpression(expression: Expression, scope: ClosureValue | Script): Flow<Value> {
    return fromBottom(this.meter, () =>
      scope instanceof ClosureValue
        ? this.evaluateIn(expression, scope)
        : this.evaluateAtTop(expression, this.scriptOf(scope)),
    );
  }

  private evaluateAtTop(expression: Expression, script: CompiledScript): Eventual {
    const scope = new BlockScope(new CodeScope(null, null), null);
    return script.compiler.expression(expression, scope)(scriptFrame(script.self));
  }

  private evaluateIn(expression: Expression, closure: ClosureValue): Eventual {
    const at = closure.scope;
    const script = this.compilerFor(closure.thisObject);
    if (!(at instanceof ClosureScope) || script === undefined)
      throw new Error("a closure that was not written in a script");
    const code = new CodeScope(at.block, at.block.code.definition);
    const evaluate = script.compiler.expression(expression, new BlockScope(code, null));
    const around = new Frame(closure.thisObject, closure, closure.captured, at.frame.definition);
    const frame = new Frame(closure.thisObject, closure, capturedFrom(code, around), at.frame.definition);
    return evaluate(frame);
  }

  private compilerFor(self: Value): CompiledScript | undefined {
    return self instanceof ScriptObject ? this.scripts.get(self) : this.scripts.values().next().value;
  }

  textOf(value: Value): string {
    return this.text(value);
  }

  areEqual(left: Value, right: Value): boolean {
    return this.equals(left, right);
  }

  // ------------------------------------------------- for compiled code and methods

  now(value: Eventual): Value {
    return runNow(this.meter, value);
  }

  text(value: Value): string {
    return textOf(this, value);
  }

  inspect(value: Value): string {
    return inspectOf(this, value);
  }

  isTrue(value: Value): boolean {
    return typeof value === "boolean" ? value : truthOf(this, value);
  }

  equals(left: Value, right: Value): boolean {
    return areEqual(this, left, right);
  }

  compare(left: Value, right: Value): number {
    if (typeof left === "number" && typeof right === "number")
      return left < right ? -1 : left > right ? 1 : 0;
    return compareValues(this, left, right);
  }

  hash(value: Value): number {
    return hashOf(this, value);
  }

  identity(value: GroovyObject): number {
    let known = this.identities.get(value);
    if (known === undefined) {
      known = this.nextIdentity;
      this.nextIdentity += 0x101;
      this.identities.set(value, known);
    }
    return known;
  }

  call(callee: Value, args: readonly Value[]): Eventual {
    if (callee instanceof ClosureValue) return callee.code.call(callee, args);
    if (callee === null) throw nullPointer("Cannot invoke method call() on null object");
    return this.callMethod(callee, "call", args);
  }

  callMethod(target: Value, name: string, args: readonly Value[], named?: MapValue | null): Eventual;
  callMethod(target: Value, name: string, args: CallArguments, site: Site): Flow<Value>;
  callMethod(
    target: Value,
    name: string,
    args: readonly Value[] | CallArguments,
    extra: MapValue | Site | null = null,
  ): Eventual {
    if (!("positional" in args)) {
      return callMethod(this, target, name, args, extra instanceof MapValue ? extra : null);
    }
    return fromBottom(this.meter, () => {
      if (extra !== null && "file" in extra) this.site = extra;
      return callMethod(this, target, name, flatArguments(args), args.named);
    });
  }

  invoke(method: CompiledMethod, self: Value, args: readonly Value[]): Eventual {
    const outer = self instanceof Instance ? self.outerFrame : null;
    const captured = method.captures === null || outer === null ? [] : method.captures(outer);
    const frame = new Frame(self, null, captured, method.definition);
    const pending = bind(this, method.parameters, frame, args);
    return pending === undefined ? runBody(this, method, frame) : this.invokeLater(method, frame, pending);
  }

  private *invokeLater(method: CompiledMethod, frame: Frame, pending: Flow<void>): Flow<Value> {
    yield* pending;
    const result = runBody(this, method, frame);
    return isFlow(result) ? yield* result : result;
  }

  respondsTo(target: Value, name: string): boolean {
    if (target instanceof Instance) {
      if (target.definition.find(name).length > 0 || target.definition.findStatic(name).length > 0)
        return true;
    }
    if (target instanceof ScriptObject && target.methods.has(name)) return true;
    return hasBuiltin(target, name);
  }

  getProperty(target: Value, name: string): Eventual {
    return getProperty(this, target, name);
  }

  setProperty(target: Value, name: string, value: Value): Eventual {
    return setProperty(this, target, name, value);
  }

  construct(className: string, args: readonly Value[], named: MapValue | null = null): Eventual {
    return construct(this, className, args, named);
  }

  constructAnonymous(definition: ClassDefinition, frame: Frame, args: readonly Value[]): Eventual {
    return constructAnonymous(this, definition, frame, args);
  }

  initialise(instance: Instance, args: readonly Value[], named: MapValue | null): Eventual {
    return initialise(this, instance, args, named);
  }

  chainConstructor(
    word: "this" | "super",
    frame: Frame,
    args: readonly Value[],
    named: MapValue | null,
  ): Eventual {
    return chainConstructor(this, word, frame, args, named);
  }

  isCase(candidate: Value, subject: Value): Eventual {
    if (candidate === null) return subject === null;
    return tryCallMethod(this, candidate, "isCase", [subject], null) ?? this.equals(candidate, subject);
  }

  className(value: Value): string {
    if (value === null) return "null";
    if (typeof value === "string") return "java.lang.String";
    if (typeof value === "number") return "java.lang.Integer";
    return typeof value === "boolean" ? "java.lang.Boolean" : value.javaClass;
  }

  isInstance(value: Value, type: string): boolean {
    return isInstanceOf(this, value, type);
  }

  cast(value: Value, type: string): Value {
    return castTo(this, value, type);
  }

  coerce(value: Value, type: string): Eventual {
    return coerceTo(this, value, type);
  }

  definitionOf(value: Value): ClassDefinition | undefined {
    if (value instanceof SuperValue) return value.definition;
    return value instanceof ClassRef ? this.classes.get(value.name) : undefined;
  }

  closureOf(
    parameters: number,
    code: (args: readonly Value[]) => Eventual,
    holds: () => Iterable<Value> = nothing,
  ): ClosureValue {
    this.meter.allocate(400);
    const shapes =
      parameters < 0
        ? ANY_PARAMETERS
        : Array.from({ length: parameters }, (_, i) => ({
            name: `arg${i}`,
            type: "java.lang.Object",
            hasDefault: false,
            isVarargs: false,
          }));
    const own = {
      parameters: shapes,
      holds,
      call: (closure: ClosureValue, args: readonly Value[]): Eventual =>
        parameters < 0 ? code(args) : fitClosure(this, closure, args, code),
    };
    return new ClosureValue(own, [], null, null, null);
  }

  list(items: readonly Value[]): ListValue {
    this.meter.collection(items.length);
    this.meter.allocate(120 + items.length * 8);
    return new ListValue([...items]);
  }

  newInstance(definition: ClassDefinition): Instance {
    const hasHash =
      definition.find("hashCode").length > 0 ||
      (definition.has("EqualsAndHashCode") && definition.form === "class");
    return new Instance(
      definition,
      hasHash ? (self) => `\u0000I${definition.name}/${this.hash(self)}` : null,
    );
  }

  random(): Eventual {
    if (this.shared !== null) return this.shared;
    return andThen(this.host.read("seed", this.site), (seed) => {
      this.shared = new RandomValue(toBigInt(numberOf(seed) ?? 0));
      return this.shared;
    });
  }

  evaluateText(text: string, x: Value): Eventual {
    const { program, diagnostics } = parse(text);
    const [first] = diagnostics;
    if (first !== undefined) {
      throw exception(
        "org.codehaus.groovy.control.MultipleCompilationErrorsException",
        `startup failed: ${first.message} at line ${first.span.line}`,
      );
    }
    this.evaluated += 1;
    const script = this.load(program, `Script${this.evaluated}`);
    if (x !== null) this.binding(script).set("x", x);
    const { body, self } = this.scriptOf(script);
    return runBody(this, body, scriptFrame(self));
  }
}
