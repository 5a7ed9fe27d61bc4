import type * as ast from "../../syntax/ast.ts";
import { assignName, ownField, readName, setOwnField } from "../dispatch.ts";
import { andThen, type Eventual, type Flow, isFlow } from "../flow.ts";
import type { Eval, Frame } from "../frame.ts";
import { operate, type Operator, stepped } from "../operators.ts";
import { attributeOf } from "../properties.ts";
import { exception } from "../thrown.ts";
import type { Value } from "../values.ts";
import { Instance } from "../classes.ts";
import type { Compiler } from "./compiler.ts";
import { propertyName } from "./names.ts";
import { readPlace } from "./places.ts";
import type { Runtime } from "../runtime.ts";
import type { BlockScope, Place } from "./scope.ts";
import { fitting } from "./statements.ts";

/** Writes a value to where an expression stands. */
type Store = (frame: Frame, value: Value) => Eventual;

/** How to read a target and then write it, with its parts evaluated once: `a.b[c] += 1`. */
type Update = (frame: Frame, change: (old: Value) => Eventual) => Eventual;

const OPERATORS = new Map<ast.AssignmentOperator, Operator>([
  ["+=", "+"],
  ["-=", "-"],
  ["*=", "*"],
  ["/=", "/"],
  ["%=", "%"],
  ["**=", "**"],
  ["<<=", "<<"],
  [">>=", ">>"],
  [">>>=", ">>>"],
  ["&=", "&"],
  ["^=", "^"],
  ["|=", "|"],
]);

/** Assignment = Target ( "=" | "+=" | … ) Expression */
export function compileAssignment(compiler: Compiler, node: ast.Assignment, scope: BlockScope): Eval {
  const run = compiler.run;
  const value = compiler.expression(node.value, scope);
  const operator = OPERATORS.get(node.operator);
  if (operator === undefined) {
    const store = assignTo(compiler, node.target, scope);
    return (frame) => {
      const result = value(frame);
      return isFlow(result) ? storeLater(store, frame, result) : store(frame, result);
    };
  }
  const place = node.target.kind === "Variable" ? scope.find(node.target.name) : undefined;
  if (place?.in === "frame") return changeLocal(compiler, place, operator, value);
  const update = updateOf(compiler, node.target, scope);
  return (frame) =>
    update(frame, (old) => {
      const right = value(frame);
      return isFlow(right)
        ? andThen(right, (settled) => operate(run, operator, old, settled))
        : operate(run, operator, old, right);
    });
}

/** `x += value` of a local variable. */
function changeLocal(
  compiler: Compiler,
  place: Place & { in: "frame" },
  operator: Operator,
  value: Eval,
): Eval {
  const run = compiler.run;
  const { slot } = place;
  const fit = fitting(compiler, place.variable.type);
  const store: Store = (frame, next) => {
    const fitted = fit(next);
    frame.set(slot, fitted);
    return fitted;
  };
  return (frame) => {
    const old = frame.get(slot);
    const right = value(frame);
    if (isFlow(right)) {
      return andThen(right, (settled) =>
        andThen(operate(run, operator, old, settled), (next) => store(frame, next)),
      );
    }
    const next = operate(run, operator, old, right);
    return isFlow(next) ? storeLater(store, frame, next) : store(frame, next);
  };
}

function* storeLater(store: Store, frame: Frame, flow: Flow<Value>): Flow<Value> {
  const result = store(frame, yield* flow);
  return isFlow(result) ? yield* result : result;
}

/** How a value is written to an expression. */
export function assignTo(compiler: Compiler, target: ast.Expression, scope: BlockScope): Store {
  const run = compiler.run;
  // oxlint-disable-next-line switch-exhaustiveness-check -- only three kinds of expression can be assigned to
  switch (target.kind) {
    case "Variable":
      return storeVariable(compiler, target, scope);
    case "Property": {
      const object = compiler.expression(target.object, scope);
      const name = propertyName(compiler, target.name, scope);
      if (target.object.kind === "This" && target.name.kind === "StringLiteral") {
        const field = target.name.value;
        return (frame, value) =>
          setOwnField(run, frame, field, value) ?? storeProperty(compiler, target, frame.self, field, value);
      }
      return (frame, value) =>
        andThen(object(frame), (owner) =>
          owner === null && target.access === "safe"
            ? null
            : andThen(name(frame), (key) => storeProperty(compiler, target, owner, run.text(key), value)),
        );
    }
    case "Index": {
      const object = compiler.expression(target.object, scope);
      const index = indexOf(compiler, target, scope);
      return (frame, value) =>
        andThen(object(frame), (owner) =>
          andThen(index(frame), (key) => andThen(run.callMethod(owner, "putAt", [key, value]), () => value)),
        );
    }
    default:
      return () => {
        throw exception(
          "groovy.lang.GroovyRuntimeException",
          "the left side of an assignment must be a variable, a property or an index",
          compiler.site(target.span),
        );
      };
  }
}

function storeProperty(
  compiler: Compiler,
  target: ast.Property,
  owner: Value,
  name: string,
  value: Value,
): Eventual {
  if (target.isAttribute && owner instanceof Instance) {
    const field = owner.definition.field(name);
    owner.fields.set(name, field?.type == null ? value : compiler.run.cast(value, field.type));
    return value;
  }
  return andThen(compiler.run.setProperty(owner, name, value), () => value);
}

function storeVariable(compiler: Compiler, target: ast.Variable, scope: BlockScope): Store {
  const run = compiler.run;
  const place = scope.find(target.name);
  if (place === undefined) {
    return (frame, value) => andThen(assignName(run, frame, target.name, value), () => value);
  }
  const fit = fitting(compiler, place.variable.type);
  if (place.in === "frame") {
    const { slot } = place;
    return (frame, value) => {
      const fitted = fit(value);
      frame.set(slot, fitted);
      return fitted;
    };
  }
  const { index } = place;
  return (frame, value) => {
    const fitted = fit(value);
    const ref = frame.captured[index];
    if (ref !== undefined) ref.value = fitted;
    return fitted;
  };
}

/** The value between the brackets of `a[…]`: several make a list. */
export function indexOf(compiler: Compiler, node: ast.Index, scope: BlockScope): Eval {
  const [only] = node.indices;
  if (node.indices.length === 1 && only !== undefined && only.kind !== "Spread")
    return compiler.expression(only, scope);
  return compiler.expression({ kind: "ListExpression", elements: node.indices, span: node.span }, scope);
}

function updateOf(compiler: Compiler, target: ast.Expression, scope: BlockScope): Update {
  const run = compiler.run;
  // oxlint-disable-next-line switch-exhaustiveness-check -- only three kinds of expression can be assigned to
  switch (target.kind) {
    case "Variable": {
      const place = scope.find(target.name);
      const read =
        place === undefined ? (frame: Frame) => readName(run, frame, target.name) : readPlace(place);
      const store = storeVariable(compiler, target, scope);
      return (frame, change) => {
        const old = read(frame);
        if (isFlow(old)) return andThen(old, (value) => andThen(change(value), (next) => store(frame, next)));
        const next = change(old);
        return isFlow(next) ? storeLater(store, frame, next) : store(frame, next);
      };
    }
    case "Property": {
      const object = compiler.expression(target.object, scope);
      const name = propertyName(compiler, target.name, scope);
      return (frame, change) =>
        andThen(object(frame), (owner) =>
          andThen(name(frame), (key) => {
            const field = run.text(key);
            const own = target.object.kind === "This" ? ownField(frame, field) : undefined;
            const old =
              own ?? (target.isAttribute ? attributeOf(run, owner, field) : run.getProperty(owner, field));
            return andThen(old, (value) =>
              andThen(change(value), (next) => storeProperty(compiler, target, owner, field, next)),
            );
          }),
        );
    }
    case "Index": {
      const object = compiler.expression(target.object, scope);
      const index = indexOf(compiler, target, scope);
      return (frame, change) =>
        andThen(object(frame), (owner) =>
          andThen(index(frame), (key) =>
            andThen(run.callMethod(owner, "getAt", [key]), (old) =>
              andThen(change(old), (next) =>
                andThen(run.callMethod(owner, "putAt", [key, next]), () => next),
              ),
            ),
          ),
        );
    }
    default: {
      const read = compiler.expression(target, scope);
      return (frame, change) => andThen(read(frame), change);
    }
  }
}

/** `x++`, `--x` */
export function compileIncrement(compiler: Compiler, node: ast.Increment, scope: BlockScope): Eval {
  const run = compiler.run;
  const by = node.operator === "++" ? 1 : -1;
  const update = updateOf(compiler, node.operand, scope);
  const place = node.operand.kind === "Variable" ? scope.find(node.operand.name) : undefined;
  if (place?.in === "frame")
    return incrementInt(place.slot, by, node.isPrefix, incrementSlowly(run, update, by, node.isPrefix));
  return incrementSlowly(run, update, by, node.isPrefix);
}

/** The usual case: an int in a local variable. */
function incrementInt(slot: number, by: 1 | -1, isPrefix: boolean, otherwise: Eval): Eval {
  return (frame) => {
    const ref = frame.refs[slot];
    if (ref === undefined || typeof ref.value !== "number") return otherwise(frame);
    const old = ref.value;
    const next = (old + by) | 0;
    ref.value = next;
    return isPrefix ? next : old;
  };
}

function incrementSlowly(run: Runtime, update: Update, by: 1 | -1, isPrefix: boolean): Eval {
  if (isPrefix) return (frame) => update(frame, (old) => stepped(run, old, by));
  return (frame) => {
    let before: Value = null;
    return andThen(
      update(frame, (old) => {
        before = old;
        return stepped(run, old, by);
      }),
      () => before,
    );
  };
}

/** `(a, b) = list` */
export function compileMultipleAssignment(
  compiler: Compiler,
  node: ast.MultipleAssignment,
  scope: BlockScope,
): Eval {
  const run = compiler.run;
  const value = compiler.expression(node.value, scope);
  const stores = node.targets.map((target) => assignTo(compiler, target, scope));
  return function* (frame): Flow<Value> {
    const source = value(frame);
    const list = isFlow(source) ? yield* source : source;
    for (const [index, store] of stores.entries()) {
      const item = list === null ? null : run.callMethod(list, "getAt", [index]);
      const done = store(frame, isFlow(item) ? yield* item : item);
      if (isFlow(done)) yield* done;
    }
    return list;
  };
}
