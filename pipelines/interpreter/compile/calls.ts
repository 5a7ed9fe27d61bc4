import type * as ast from "../../syntax/ast.ts";
import { callName } from "../dispatch.ts";
import { andThen, type Eventual, type Flow, isFlow } from "../flow.ts";
import type { Eval, Frame } from "../frame.ts";
import { elementsOf } from "../methods/walk.ts";
import type { Runtime } from "../runtime.ts";
import { exception, notPermitted } from "../thrown.ts";
import { isKnownClass } from "../types.ts";
import { ClassRef, ListValue, MapValue, type Value } from "../values.ts";
import { readPlace } from "./places.ts";
import type { Compiler } from "./compiler.ts";
import { pathOf, propertyName } from "./names.ts";
import type { BlockScope } from "./scope.ts";

/** What a call does with its arguments once they are there; `named` is also the first of `args`. */
type Use = (args: readonly Value[], named: MapValue | null) => Eventual;

/** Evaluates arguments from left to right: the named ones into one map in front, lists that are spread in place. */
export function argumentsOf(
  compiler: Compiler,
  node: ast.Arguments,
  scope: BlockScope,
): (frame: Frame, use: Use) => Eventual {
  const run = compiler.run;
  const parts = node.positional.map((each) =>
    each.kind === "Spread"
      ? { isSpread: true, value: compiler.expression(each.operand, scope) }
      : { isSpread: false, value: compiler.expression(each, scope) },
  );
  const named =
    node.named.length === 0
      ? null
      : compiler.expression({ kind: "MapExpression", entries: node.named, span: node.span }, scope);
  if (named === null && parts.every((part) => !part.isSpread)) {
    return plainArguments(parts.map((part) => part.value));
  }
  function* gather(frame: Frame, use: Use): Flow<Value> {
    const values: Value[] = [];
    let map: MapValue | null = null;
    if (named !== null) {
      const made = named(frame);
      const value = isFlow(made) ? yield* made : made;
      if (value instanceof MapValue) map = value;
      values.push(value);
    }
    for (const part of parts) {
      const made = part.value(frame);
      const value = isFlow(made) ? yield* made : made;
      if (part.isSpread) values.push(...spread(run, value));
      else values.push(value);
    }
    const result = use(values, map);
    return isFlow(result) ? yield* result : result;
  }
  return gather;
}

/** The elements that `*value` stands for. */
export function spread(run: Runtime, value: Value): readonly Value[] {
  if (value === null) return [null];
  const items = elementsOf(run, value);
  run.meter.tick(items.length);
  if (items.length > 10_000) throw exception("java.lang.IllegalArgumentException", "too many arguments");
  return items;
}

function plainArguments(parts: readonly Eval[]): (frame: Frame, use: Use) => Eventual {
  function* later(frame: Frame, use: Use, values: Value[], pending: Flow<Value>): Flow<Value> {
    values.push(yield* pending);
    for (let i = values.length; i < parts.length; i += 1) {
      const value = parts[i]?.(frame) ?? null;
      values.push(isFlow(value) ? yield* value : value);
    }
    const result = use(values, null);
    return isFlow(result) ? yield* result : result;
  }
  return (frame, use) => {
    const values: Value[] = [];
    for (const part of parts) {
      const value = part(frame);
      if (isFlow(value)) return later(frame, use, values, value);
      values.push(value);
    }
    return use(values, null);
  };
}

/** MethodCall = [ Receiver ( "." | "?." | "*." ) ] Name Arguments */
export function compileCall(compiler: Compiler, node: ast.MethodCall, scope: BlockScope): Eval {
  const run = compiler.run;
  const site = compiler.site(node.span);
  const args = argumentsOf(compiler, node.arguments, scope);
  if (node.receiver === undefined) return callWithoutReceiver(compiler, node, scope, args);
  if (node.isImplicitCall) {
    const callee = compiler.expression(node.receiver, scope);
    return (frame) =>
      andThen(callee(frame), (target) =>
        args(frame, (values) => {
          run.site = site;
          return run.call(target, values);
        }),
      );
  }
  const receiver = compiler.expression(node.receiver, scope);
  const name = propertyName(compiler, node.method, scope);
  const { access } = node;
  const plainName = node.method.kind === "StringLiteral" ? node.method.value : null;
  function invoke(frame: Frame, target: Value): Eventual {
    if (target === null && access === "safe") return null;
    if (plainName !== null && access !== "spread") {
      return args(frame, (values, named) => {
        run.site = site;
        return run.callMethod(target, plainName, values, named);
      });
    }
    return andThen(name(frame), (method) =>
      args(frame, (values, named) => {
        run.site = site;
        const text = run.text(method);
        return access === "spread"
          ? callEach(run, target, text, values, named)
          : run.callMethod(target, text, values, named);
      }),
    );
  }
  return (frame) => {
    const target = receiver(frame);
    return isFlow(target) ? andThen(target, (value) => invoke(frame, value)) : invoke(frame, target);
  };
}

/** `list*.method()` */
function* callEach(
  run: Runtime,
  target: Value,
  name: string,
  args: readonly Value[],
  named: MapValue | null,
): Flow<Value> {
  if (target === null) return null;
  const results: Value[] = [];
  for (const item of elementsOf(run, target)) {
    if (item === null) {
      results.push(null);
      continue;
    }
    const result = run.callMethod(item, name, args, named);
    results.push(isFlow(result) ? yield* result : result);
  }
  return new ListValue(results);
}

function callWithoutReceiver(
  compiler: Compiler,
  node: ast.MethodCall,
  scope: BlockScope,
  args: (frame: Frame, use: Use) => Eventual,
): Eval {
  const run = compiler.run;
  const site = compiler.site(node.span);
  if (node.method.kind !== "StringLiteral") {
    const name = compiler.expression(node.method, scope);
    return (frame) =>
      andThen(name(frame), (method) =>
        args(frame, (values, named) => {
          run.site = site;
          return callName(run, frame, run.text(method), values, named);
        }),
      );
  }
  const name = node.method.value;
  if (name === "this" || name === "super") {
    return (frame) => args(frame, (values, named) => run.chainConstructor(name, frame, values, named));
  }
  const place = scope.find(name);
  if (place !== undefined) {
    const read = readPlace(place);
    return (frame) =>
      args(frame, (values) => {
        run.site = site;
        return andThen(read(frame), (callee) => run.call(callee, values));
      });
  }
  const statics = compiler.classNamed(`static:${name}`);
  if (statics !== undefined) {
    const owner = new ClassRef(statics);
    return (frame) => args(frame, (values, named) => run.callMethod(owner, name, values, named));
  }
  return (frame) =>
    args(frame, (values, named) => {
      run.site = site;
      return callName(run, frame, name, values, named);
    });
}

const REFUSED_CLASSES = new Map([
  ["java.io.File", "files belong to the agent: use readFile, writeFile, fileExists, findFiles or sh"],
  ["File", "files belong to the agent: use readFile, writeFile, fileExists, findFiles or sh"],
  ["Thread", "there are no threads here: use the step parallel"],
  ["java.lang.Thread", "there are no threads here: use the step parallel"],
  ["ProcessBuilder", "a command is run by a step: sh(script: …, returnStdout: true)"],
  ["java.lang.ProcessBuilder", "a command is run by a step: sh(script: …, returnStdout: true)"],
  ["GroovyShell", "code is loaded by the step load or from a library"],
  ["groovy.lang.GroovyShell", "code is loaded by the step load or from a library"],
  ["GroovyClassLoader", "code is loaded by the step load or from a library"],
  ["groovy.lang.GroovyClassLoader", "code is loaded by the step load or from a library"],
  ["FileReader", "files belong to the agent: use readFile"],
  ["FileWriter", "files belong to the agent: use writeFile"],
  ["Socket", "use sh 'curl …' or the step httpRequest"],
]);

/** The refusal of a class that we do not have. */
export function refuseClass(name: string): Error {
  const instead = REFUSED_CLASSES.get(name);
  if (instead !== undefined) return notPermitted(`new ${name}`, instead);
  if (/^(hudson|jenkins|org\.jenkinsci|com\.cloudbees)\./.test(name)) {
    return notPermitted(
      `class ${name}`,
      "Jenkins' own objects do not exist here; use a step or currentBuild",
    );
  }
  return exception("java.lang.NoClassDefFoundError", `unable to resolve class ${name}`);
}

/** New = "new" Type Arguments [ ClassBody ] */
export function compileNew(compiler: Compiler, node: ast.New, scope: BlockScope): Eval {
  const run = compiler.run;
  const site = compiler.site(node.span);
  const args = argumentsOf(compiler, node.arguments, scope);
  const anonymous = node.body === undefined ? null : compiler.define(node.body, scope);
  const name = anonymous?.name ?? compiler.type(node.type);
  return (frame) => {
    run.site = site;
    if (anonymous === null && !run.classes.has(name) && !isKnownClass(name)) throw refuseClass(name);
    return args(frame, (values, named) => {
      run.site = site;
      if (anonymous !== null) return run.constructAnonymous(anonymous, frame, values);
      return run.construct(name, values, named);
    });
  };
}

/** The refusal behind a dotted name that looks like a class we do not have: `jenkins.model.Jenkins`. */
export function refusalOfPath(node: ast.Expression): Error | undefined {
  const path = pathOf(node);
  const head = path?.[0];
  if (path === undefined || head === undefined || path.length < 2) return undefined;
  if (!["java", "javax", "groovy", "hudson", "jenkins", "org", "com"].includes(head)) return undefined;
  const end = path.findIndex((part) => /^[A-Z]/.test(part));
  const name = path.slice(0, end + 1).join(".");
  return end < 1 || isKnownClass(name) ? undefined : refuseClass(name);
}
