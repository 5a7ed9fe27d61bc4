import type * as ast from "../../syntax/ast.ts";
import { unreachable } from "../../unreachable.ts";
import { Instance } from "../classes.ts";
import { type Eventual, type Flow, isFlow } from "../flow.ts";
import { type Completion, type Eval, type Exec, type Frame, isRunning, Jump, RETURN } from "../frame.ts";
import { LimitError } from "../limits.ts";
import { elementsOf } from "../methods/walk.ts";
import { exception, ThrownValue } from "../thrown.ts";
import { ExceptionValue, type Value } from "../values.ts";
import type { Compiler } from "./compiler.ts";
import type { BlockScope } from "./scope.ts";

/** Compiles one statement that is not the last of its code. */
export function compileStatement(compiler: Compiler, node: ast.Statement, scope: BlockScope): Exec {
  switch (node.kind) {
    case "Block":
      return compiler.block(node.statements, scope, false);
    case "ExpressionStatement":
      return effect(compiler, node, compiler.expression(node.expression, scope));
    case "Declaration":
      return declaration(compiler, node, scope);
    case "MultipleDeclaration":
      return multipleDeclaration(compiler, node, scope);
    case "If":
      return conditional(compiler, node, scope, false);
    case "For":
      return forLoop(compiler, node, scope, null);
    case "ForIn":
      return forIn(compiler, node, scope, null);
    case "While":
      return whileLoop(compiler, node, scope, null);
    case "Switch":
      return switchOver(compiler, node, scope, false);
    case "Try":
      return tryCatch(compiler, node, scope, false);
    case "Return":
      return returning(compiler, node, scope);
    case "Break":
      return jump(new Jump("break", node.label ?? null));
    case "Continue":
      return jump(new Jump("continue", node.label ?? null));
    case "Throw":
      return throwing(compiler, node, scope);
    case "Assert":
      return asserting(compiler, node, scope);
    case "Labeled":
      return labeled(compiler, node, scope);
    case "MethodDeclaration":
    case "ClassDeclaration":
      return () => undefined; // taken in before anything runs
    default:
      return unreachable(node);
  }
}

/** Compiles the last statement of code, whose value is the value of the code. */
export function compileLast(compiler: Compiler, node: ast.Statement, scope: BlockScope): Exec {
  // oxlint-disable-next-line switch-exhaustiveness-check -- all other kinds have no value
  switch (node.kind) {
    case "ExpressionStatement":
      return returnOf(compiler, node, compiler.expression(node.expression, scope));
    case "Block":
      return compiler.block(node.statements, scope, true);
    case "If":
      return conditional(compiler, node, scope, true);
    case "Switch":
      return switchOver(compiler, node, scope, true);
    case "Try":
      return tryCatch(compiler, node, scope, true);
    case "Declaration": {
      const declare = declaration(compiler, node, scope);
      const last = node.variables.at(-1);
      if (last === undefined || node.annotations.some((each) => each.name.endsWith("Field"))) return declare;
      const read = compiler.expression({ kind: "Variable", name: last.name, span: last.nameSpan }, scope);
      return sequence(compiler, [declare, returnOf(compiler, node, read)]);
    }
    default:
      return compileStatement(compiler, node, scope);
  }
}

/** Runs statements one after the other. */
export function sequence(compiler: Compiler, statements: readonly Exec[]): Exec {
  const { meter } = compiler.run;
  const [only] = statements;
  if (statements.length === 1 && only !== undefined) return only;
  function* rest(frame: Frame, pending: Flow<Completion>, at: number): Flow<Completion> {
    const first = yield* pending;
    if (first !== undefined) return first;
    for (let i = at + 1; i < statements.length; i += 1) {
      const result = statements[i]?.(frame);
      const completion = isRunning(result) ? yield* result : result;
      if (completion !== undefined) return completion;
    }
    return undefined;
  }
  return (frame) => {
    meter.tick();
    for (let i = 0; i < statements.length; i += 1) {
      const result = statements[i]?.(frame);
      if (result === undefined) continue;
      return isRunning(result) ? rest(frame, result, i) : result;
    }
    return undefined;
  };
}

function* ignore(flow: Flow<Value>): Flow<Completion> {
  yield* flow;
  return undefined;
}

/** An expression for its effect. */
function effect(compiler: Compiler, node: ast.Statement, value: Eval): Exec {
  const run = compiler.run;
  const site = compiler.site(node.span);
  return (frame) => {
    run.site = site;
    const result = value(frame);
    return isFlow(result) ? ignore(result) : undefined;
  };
}

function returnOf(compiler: Compiler, node: ast.Statement, value: Eval): Exec {
  const run = compiler.run;
  const site = compiler.site(node.span);
  return (frame) => {
    run.site = site;
    const result = value(frame);
    if (isFlow(result)) return returnLater(frame, result);
    frame.result = result;
    return RETURN;
  };
}

function* returnLater(frame: Frame, flow: Flow<Value>): Flow<Completion> {
  frame.result = yield* flow;
  return RETURN;
}

function returning(compiler: Compiler, node: ast.Return, scope: BlockScope): Exec {
  if (node.value !== undefined) return returnOf(compiler, node, compiler.expression(node.value, scope));
  return (frame) => {
    frame.result = null;
    return RETURN;
  };
}

function jump(completion: Jump): Exec {
  return () => completion;
}

function declaration(compiler: Compiler, node: ast.Declaration, scope: BlockScope): Exec {
  if (scope.code.isScriptBody && node.annotations.some((each) => each.name.endsWith("Field")))
    return () => undefined;
  const type = node.type === undefined ? null : compiler.type(node.type);
  const parts = node.variables.map((variable): Exec => {
    const initial = variable.initial === undefined ? null : compiler.expression(variable.initial, scope);
    const { slot } = scope.declare(variable.name, type);
    const run = compiler.run;
    const fit = fitting(compiler, type);
    const site = compiler.site(node.span);
    if (initial === null) {
      const start = type === null ? null : zeroOf(type);
      return (frame) => {
        frame.declare(slot, start);
        return undefined;
      };
    }
    return (frame) => {
      run.site = site;
      const value = initial(frame);
      if (isFlow(value)) return declareLater(frame, slot, fit, value);
      frame.declare(slot, fit(value));
      return undefined;
    };
  });
  return sequence(compiler, parts);
}

/** Local variables of a primitive type begin as null in Groovy, except that reading them as such gives zero. */
function zeroOf(type: string): Value {
  if (type === "boolean") return false;
  return ["int", "short", "byte"].includes(type) ? 0 : null;
}

function* declareLater(
  frame: Frame,
  slot: number,
  fit: (value: Value) => Value,
  flow: Flow<Value>,
): Flow<Completion> {
  frame.declare(slot, fit(yield* flow));
  return undefined;
}

/** What an assignment to a variable of this type does to the value. */
export function fitting(compiler: Compiler, type: string | null): (value: Value) => Value {
  if (type === null || type === "java.lang.Object") return (value) => value;
  const run = compiler.run;
  if (type === "int") return (value) => (typeof value === "number" ? value : run.cast(value, type));
  if (type === "java.lang.String")
    return (value) => (typeof value === "string" ? value : run.cast(value, type));
  return (value) => run.cast(value, type);
}

function multipleDeclaration(compiler: Compiler, node: ast.MultipleDeclaration, scope: BlockScope): Exec {
  const value = compiler.expression(node.value, scope);
  const targets = node.variables.map((variable) => {
    const type = variable.type === undefined ? null : compiler.type(variable.type);
    return { slot: scope.declare(variable.name, type).slot, fit: fitting(compiler, type) };
  });
  const run = compiler.run;
  const site = compiler.site(node.span);
  return function* (frame): Flow<Completion> {
    run.site = site;
    const source = value(frame);
    const list = isFlow(source) ? yield* source : source;
    for (const [index, target] of targets.entries()) {
      const item = list === null ? null : run.callMethod(list, "getAt", [index]);
      frame.declare(target.slot, target.fit(isFlow(item) ? yield* item : item));
    }
    return undefined;
  };
}

function conditional(compiler: Compiler, node: ast.If, scope: BlockScope, returnsLast: boolean): Exec {
  const run = compiler.run;
  const condition = compiler.expression(node.condition, scope);
  const consequent = branch(compiler, node.consequent, scope, returnsLast);
  const alternative =
    node.alternative === undefined ? null : branch(compiler, node.alternative, scope, returnsLast);
  const site = compiler.site(node.condition.span);
  function* later(frame: Frame, flow: Flow<Value>): Flow<Completion> {
    const result = decide(frame, yield* flow);
    return isRunning(result) ? yield* result : result;
  }
  function decide(frame: Frame, value: Value): Completion | Flow<Completion> {
    return (typeof value === "boolean" ? value : run.isTrue(value))
      ? consequent(frame)
      : alternative?.(frame);
  }
  return (frame) => {
    run.site = site;
    const value = condition(frame);
    return isFlow(value) ? later(frame, value) : decide(frame, value);
  };
}

function branch(compiler: Compiler, node: ast.Statement, scope: BlockScope, returnsLast: boolean): Exec {
  return compiler.block(node.kind === "Block" ? node.statements : [node], scope, returnsLast);
}

/** What a loop does after a round: go on, leave, or hand a jump on to what is around it. */
function afterRound(completion: Completion, label: string | null): "on" | "leave" | Jump {
  if (completion === undefined) return "on";
  if (completion.kind === "return" || (completion.label !== null && completion.label !== label))
    return completion;
  return completion.kind === "break" ? "leave" : "on";
}

/** A loop in which a round, its condition or its step may wait. */
function looping(
  compiler: Compiler,
  label: string | null,
  condition: Eval | null,
  body: Exec,
  update: Eval | null,
): Exec {
  const run = compiler.run;
  const { meter } = run;
  function* later(frame: Frame, stopped: Stop): Flow<Completion> {
    let stop: Stop | undefined = stopped;
    for (;;) {
      if (stop === undefined) stop = rounds(frame);
      if (stop.at === "end") return stop.completion;
      if (stop.at === "condition") {
        if (!run.isTrue(yield* stop.flow)) return undefined;
        stop = round(frame);
      } else if (stop.at === "body") {
        const after = afterRound(yield* stop.flow, label);
        if (after === "leave") return undefined;
        if (after !== "on") return after;
        stop = step(frame);
      } else {
        yield* stop.flow;
        stop = undefined;
      }
    }
  }
  /** Runs rounds until one has to wait or the loop ends. */
  function rounds(frame: Frame): Stop {
    for (;;) {
      meter.tick();
      if (condition !== null) {
        const value = condition(frame);
        if (isFlow(value)) return { at: "condition", flow: value };
        if (!(typeof value === "boolean" ? value : run.isTrue(value))) return END;
      }
      const stop = round(frame);
      if (stop !== undefined) return stop;
    }
  }
  function round(frame: Frame): Stop | undefined {
    const completion = body(frame);
    if (isRunning(completion)) return { at: "body", flow: completion };
    if (completion !== undefined) {
      const after = afterRound(completion, label);
      if (after === "leave") return END;
      if (after !== "on") return { at: "end", completion: after };
    }
    return step(frame);
  }
  function step(frame: Frame): Stop | undefined {
    if (update === null) return undefined;
    const value = update(frame);
    return isFlow(value) ? { at: "update", flow: value } : undefined;
  }
  return (frame) => {
    const stop = rounds(frame);
    return stop.at === "end" ? stop.completion : later(frame, stop);
  };
}

/** Why a loop stopped running rounds by itself. */
type Stop =
  | { readonly at: "end"; readonly completion: Completion }
  | { readonly at: "condition" | "update"; readonly flow: Flow<Value> }
  | { readonly at: "body"; readonly flow: Flow<Completion> };
const END: Stop = { at: "end", completion: undefined };

function forLoop(compiler: Compiler, node: ast.For, scope: BlockScope, label: string | null): Exec {
  const inner = scope.inner();
  const initial = node.initial.map((each) => compiler.statement(each, inner));
  const condition = node.condition === undefined ? null : compiler.expression(node.condition, inner);
  const updates = node.update.map((each) => compiler.expression(each, inner));
  const body = branch(compiler, node.body, inner, false);
  const loop = looping(compiler, label, condition, body, joined(updates));
  return initial.length === 0 ? loop : sequence(compiler, [...initial, loop]);
}

function joined(parts: readonly Eval[]): Eval | null {
  const [only] = parts;
  if (only === undefined) return null;
  if (parts.length === 1) return only;
  function* later(frame: Frame, at: number, pending: Flow<Value>): Flow<Value> {
    yield* pending;
    for (const part of parts.slice(at + 1)) {
      const value = part(frame);
      if (isFlow(value)) yield* value;
    }
    return null;
  }
  return (frame) => {
    for (const [index, part] of parts.entries()) {
      const value = part(frame);
      if (isFlow(value)) return later(frame, index, value);
    }
    return null;
  };
}

function whileLoop(compiler: Compiler, node: ast.While, scope: BlockScope, label: string | null): Exec {
  const condition = compiler.expression(node.condition, scope);
  return looping(compiler, label, condition, branch(compiler, node.body, scope, false), null);
}

function forIn(compiler: Compiler, node: ast.ForIn, scope: BlockScope, label: string | null): Exec {
  const run = compiler.run;
  const iterable = compiler.expression(node.iterable, scope);
  const inner = scope.inner();
  const type = node.variable.type === undefined ? null : compiler.type(node.variable.type);
  // One variable for all rounds: closures that capture it see its last value, as in Groovy.
  const { slot } = inner.declare(node.variable.name, type);
  const body = branch(compiler, node.body, inner, false);
  const fit = fitting(compiler, type);
  const site = compiler.site(node.iterable.span);
  function* bodyLater(
    frame: Frame,
    items: readonly Value[],
    at: number,
    pending: Flow<Completion>,
  ): Flow<Completion> {
    let completion = yield* pending;
    for (let i = at; ;) {
      const after = afterRound(completion, label);
      if (after === "leave") return undefined;
      if (after !== "on") return after;
      i += 1;
      if (i >= items.length) return undefined;
      frame.set(slot, fit(items[i] ?? null));
      run.meter.tick();
      const result = body(frame);
      completion = isRunning(result) ? yield* result : result;
    }
  }
  function rounds(frame: Frame, source: Value): Completion | Flow<Completion> {
    frame.declare(slot, null);
    const items = elementsOf(run, source);
    for (let i = 0; i < items.length; i += 1) {
      frame.set(slot, fit(items[i] ?? null));
      run.meter.tick();
      const completion = body(frame);
      if (isRunning(completion)) return bodyLater(frame, items, i, completion);
      const after = afterRound(completion, label);
      if (after === "leave") return undefined;
      if (after !== "on") return after;
    }
    return undefined;
  }
  function* later(frame: Frame, flow: Flow<Value>): Flow<Completion> {
    const result = rounds(frame, yield* flow);
    return isRunning(result) ? yield* result : result;
  }
  return (frame) => {
    run.site = site;
    const source = iterable(frame);
    return isFlow(source) ? later(frame, source) : rounds(frame, source);
  };
}

function labeled(compiler: Compiler, node: ast.Labeled, scope: BlockScope): Exec {
  const inner = node.statement;
  if (inner.kind === "For") return forLoop(compiler, inner, scope, node.label);
  if (inner.kind === "ForIn") return forIn(compiler, inner, scope, node.label);
  if (inner.kind === "While") return whileLoop(compiler, inner, scope, node.label);
  const body = compiler.statement(inner, scope);
  const settled = (completion: Completion): Completion =>
    completion?.kind === "break" && completion.label === node.label ? undefined : completion;
  function* later(flow: Flow<Completion>): Flow<Completion> {
    return settled(yield* flow);
  }
  return (frame) => {
    const completion = body(frame);
    return isRunning(completion) ? later(completion) : settled(completion);
  };
}

/** What a statement counts for that can wait at any place: each run of it makes generators. */
const GENERATOR = 6;

function switchOver(compiler: Compiler, node: ast.Switch, scope: BlockScope, returnsLast: boolean): Exec {
  const run = compiler.run;
  const subject = compiler.expression(node.subject, scope);
  const inner = scope.inner();
  const cases = node.cases.map((each, index) => ({
    match: each.match === undefined ? null : compiler.expression(each.match, inner),
    body: caseBody(compiler, each, inner, returnsLast, index === node.cases.length - 1),
  }));
  const otherwise = cases.findIndex((each) => each.match === null);
  const site = compiler.site(node.span);
  return function* (frame): Flow<Completion> {
    run.site = site;
    const source = subject(frame);
    const value = isFlow(source) ? yield* source : source;
    let start = otherwise < 0 ? cases.length : otherwise;
    for (const [index, { match }] of cases.entries()) {
      if (match === null) continue;
      const candidate = match(frame);
      run.meter.tick(GENERATOR);
      const isCase: Eventual = run.isCase(isFlow(candidate) ? yield* candidate : candidate, value);
      if (!run.isTrue(isFlow(isCase) ? yield* isCase : isCase)) continue;
      start = index;
      break;
    }
    for (const { body } of cases.slice(start)) {
      const result = body(frame);
      const completion = isRunning(result) ? yield* result : result;
      if (completion === undefined) continue;
      return completion.kind === "break" && completion.label === null ? undefined : completion;
    }
    return undefined;
  };
}

/** As the last statement of code, a case returns the value before its `break`. */
function caseBody(
  compiler: Compiler,
  node: ast.SwitchCase,
  scope: BlockScope,
  returnsLast: boolean,
  isLast: boolean,
): Exec {
  const endsInBreak = node.statements.at(-1)?.kind === "Break";
  if (returnsLast && endsInBreak) {
    const before = node.statements.slice(0, -1);
    if (before.at(-1)?.kind === "ExpressionStatement") return compiler.block(before, scope, true);
  }
  return compiler.block(node.statements, scope, returnsLast && isLast);
}

function throwing(compiler: Compiler, node: ast.Throw, scope: BlockScope): Exec {
  const run = compiler.run;
  const value = compiler.expression(node.value, scope);
  const site = compiler.site(node.span);
  function raise(thrown: Value): never {
    run.site = site;
    if (thrown instanceof ExceptionValue || (thrown instanceof Instance && thrown.exception !== null)) {
      throw new ThrownValue(thrown, run.text(thrown), site);
    }
    if (thrown === null) throw exception("java.lang.NullPointerException", null, site);
    throw exception(
      "org.codehaus.groovy.runtime.typehandling.GroovyCastException",
      `Cannot cast object '${run.text(thrown)}' with class '${run.className(thrown)}' to class 'java.lang.Throwable'`,
      site,
    );
  }
  function* later(flow: Flow<Value>): Flow<Completion> {
    raise(yield* flow);
    return undefined;
  }
  return (frame) => {
    run.site = site;
    const thrown = value(frame);
    return isFlow(thrown) ? later(thrown) : raise(thrown);
  };
}

function asserting(compiler: Compiler, node: ast.Assert, scope: BlockScope): Exec {
  const run = compiler.run;
  const condition = compiler.expression(node.condition, scope);
  const message = node.message === undefined ? null : compiler.expression(node.message, scope);
  const source = compiler.text.slice(node.condition.span.start, node.condition.span.end);
  const site = compiler.site(node.span);
  return function* (frame): Flow<Completion> {
    run.site = site;
    const value = condition(frame);
    if (run.isTrue(isFlow(value) ? yield* value : value)) return undefined;
    if (message === null) {
      throw exception(
        "org.codehaus.groovy.runtime.powerassert.PowerAssertionError",
        `assert ${source}`,
        site,
      );
    }
    const text = message(frame);
    const said = run.text(isFlow(text) ? yield* text : text);
    throw exception("java.lang.AssertionError", `${said}. Expression: ${source}`, site);
  };
}

function tryCatch(compiler: Compiler, node: ast.Try, scope: BlockScope, returnsLast: boolean): Exec {
  const run = compiler.run;
  const body = compiler.block(node.body.statements, scope, returnsLast);
  const handlers = node.catches.map((each) => {
    const inner = scope.inner();
    const { slot } = inner.declare(each.name, null);
    const types = each.types.map((type) => compiler.type(type));
    return {
      // `catch (e)` is written without a type and means Exception.
      types: types.length === 0 || types.includes("java.lang.Object") ? ["java.lang.Exception"] : types,
      slot,
      body: compiler.block(each.body.statements, inner, returnsLast),
    };
  });
  const last =
    node.finallyBlock === undefined ? null : compiler.block(node.finallyBlock.statements, scope, false);
  function handlerFor(value: Value): (typeof handlers)[number] | undefined {
    return handlers.find((handler) => handler.types.some((type) => run.isInstance(value, type)));
  }
  function* guarded(frame: Frame): Flow<Completion> {
    const depth = run.meter.currentDepth;
    try {
      const result = body(frame);
      return isRunning(result) ? yield* result : result;
    } catch (error) {
      if (!(error instanceof ThrownValue)) throw error;
      run.meter.currentDepth = depth;
      run.meter.tick(20);
      error.site ??= run.site;
      const handler = handlerFor(error.value);
      if (handler === undefined) throw error;
      frame.declare(handler.slot, error.value);
      const result = handler.body(frame);
      return isRunning(result) ? yield* result : result;
    }
  }
  return function* (frame): Flow<Completion> {
    run.meter.tick(GENERATOR);
    if (last === null) return yield* guarded(frame);
    const depth = run.meter.currentDepth;
    let completion: Completion;
    let value: Value;
    let failure: ThrownValue | null = null;
    try {
      completion = yield* guarded(frame);
      value = frame.result;
    } catch (error) {
      // Only what a script may see runs its clean-up; a limit or a hard abort does not.
      if (!(error instanceof ThrownValue) || error instanceof LimitError) throw error;
      failure = error;
      failure.site ??= run.site;
      value = null;
      run.meter.currentDepth = depth;
    }
    const result = last(frame);
    const overriding = isRunning(result) ? yield* result : result;
    if (overriding !== undefined) return overriding;
    if (failure !== null) throw failure;
    frame.result = value;
    return completion;
  };
}
