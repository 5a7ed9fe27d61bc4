import type * as ast from "../../syntax/ast.ts";
import { unreachable } from "../../unreachable.ts";
import { SuperValue } from "../classes.ts";
import { parseDecimal } from "../decimal.ts";
import { all, andThen, type Eventual, isFlow } from "../flow.ts";
import type { Eval, Frame } from "../frame.ts";
import { elementsOf } from "../methods/walk.ts";
import { convertNumber } from "../coercion.ts";
import { ownField } from "../dispatch.ts";
import { negated, operate, type Operator, positive } from "../operators.ts";
import { attributeOf } from "../properties.ts";
import { rangeOf } from "../ranges.ts";
import type { Runtime } from "../runtime.ts";
import { exception } from "../thrown.ts";
import {
  BigDecimalValue,
  BigIntegerValue,
  ClassRef,
  DoubleValue,
  FloatValue,
  GStringValue,
  ListValue,
  LongValue,
  MapValue,
  PatternValue,
  type Value,
} from "../values.ts";
import { compileAssignment, compileIncrement, compileMultipleAssignment, indexOf } from "./assignment.ts";
import { compileCall, compileNew, refusalOfPath, spread } from "./calls.ts";
import { compileClosure } from "./closures.ts";
import type { Compiler } from "./compiler.ts";
import { classOfPath, compileVariable, propertyName } from "./names.ts";
import type { BlockScope } from "./scope.ts";

/** Compiles any expression. */
export function compileExpression(compiler: Compiler, node: ast.Expression, scope: BlockScope): Eval {
  switch (node.kind) {
    case "NullLiteral":
      return () => null;
    case "BooleanLiteral":
    case "StringLiteral": {
      const { value } = node;
      return () => value;
    }
    case "IntegerLiteral":
      return constant(integer(node));
    case "DecimalLiteral":
      return constant(decimal(node));
    case "GString":
      return gstring(compiler, node, scope);
    case "Variable":
      return compileVariable(compiler, node, scope);
    case "This":
      return (frame) => frame.self;
    case "Super":
      return (frame) =>
        frame.definition === null ? frame.self : new SuperValue(frame.self, frame.definition);
    case "ListExpression":
      return list(compiler, node, scope);
    case "MapExpression":
      return map(compiler, node, scope);
    case "Range":
      return range(compiler, node, scope);
    case "Closure":
      return compileClosure(compiler, node, scope);
    case "Property":
      return property(compiler, node, scope);
    case "MethodPointer":
      return methodPointer(compiler, node, scope);
    case "Index":
      return index(compiler, node, scope);
    case "MethodCall":
      return compileCall(compiler, node, scope);
    case "New":
      return compileNew(compiler, node, scope);
    case "NewArray":
      return newArray(compiler, node, scope);
    case "ArrayType":
      return constant(new ClassRef(compiler.type(node.type)));
    case "Unary":
      return unary(compiler, node, scope);
    case "Increment":
      return compileIncrement(compiler, node, scope);
    case "Binary":
      return binary(compiler, node, scope);
    case "Assignment":
      return compileAssignment(compiler, node, scope);
    case "MultipleAssignment":
      return compileMultipleAssignment(compiler, node, scope);
    case "Ternary":
      return ternary(compiler, node, scope);
    case "Elvis": {
      const value = compiler.expression(node.value, scope);
      const alternative = compiler.expression(node.alternative, scope);
      return (frame) =>
        andThen(value(frame), (first) => (compiler.run.isTrue(first) ? first : alternative(frame)));
    }
    case "Cast":
      return cast(compiler, node, scope);
    case "InstanceOf": {
      const operand = compiler.expression(node.operand, scope);
      const type = compiler.type(node.type);
      return (frame) => andThen(operand(frame), (value) => compiler.run.isInstance(value, type));
    }
    case "Spread":
      return compiler.expression(node.operand, scope);
    default:
      return unreachable(node);
  }
}

function constant(value: Value): Eval {
  return () => value;
}

function integer(node: ast.IntegerLiteral): Value {
  if (node.type === "int") return Number(BigInt.asIntN(32, node.value));
  return node.type === "long" ? new LongValue(node.value) : new BigIntegerValue(node.value);
}

function decimal(node: ast.DecimalLiteral): Value {
  if (node.type === "float") return new FloatValue(Number(node.text));
  if (node.type === "double") return new DoubleValue(Number(node.text));
  return parseDecimal(node.text) ?? new BigDecimalValue(0n, 0);
}

function gstring(compiler: Compiler, node: ast.GString, scope: BlockScope): Eval {
  const run = compiler.run;
  const parts = node.values.map((value) => compiler.expression(value, scope));
  return (frame) =>
    all(
      parts,
      (part) => part(frame),
      (values) => {
        run.meter.allocate(120 + values.length * 8);
        return new GStringValue(node.strings, values);
      },
    );
}

function list(compiler: Compiler, node: ast.ListExpression, scope: BlockScope): Eval {
  const run = compiler.run;
  const parts = node.elements.map((each) => compiler.expression(each, scope));
  const spreads = node.elements.map((each) => each.kind === "Spread");
  const isPlain = !spreads.includes(true);
  return (frame) =>
    all(
      parts,
      (part) => part(frame),
      (values) => {
        run.meter.tick(values.length);
        if (isPlain) return run.list(values);
        return run.list(
          values.flatMap((value, i) => (spreads[i] === true ? [...spread(run, value)] : [value])),
        );
      },
    );
}

function map(compiler: Compiler, node: ast.MapExpression, scope: BlockScope): Eval {
  const run = compiler.run;
  const parts: Eval[] = [];
  const isSpread: boolean[] = [];
  for (const entry of node.entries) {
    const key = entry.kind === "SpreadEntry" ? constant(null) : compiler.expression(entry.key, scope);
    parts.push(key, compiler.expression(entry.value, scope));
    isSpread.push(entry.kind === "SpreadEntry");
  }
  return (frame) =>
    all(
      parts,
      (part) => part(frame),
      (values) => {
        const made = new MapValue();
        for (let i = 0; i < isSpread.length; i += 1) {
          const value = values[2 * i + 1] ?? null;
          if (isSpread[i] !== true) made.set(values[2 * i] ?? null, value);
          else if (value instanceof MapValue)
            for (const each of value.entries.values()) made.set(each.entryKey, each.value);
        }
        run.meter.tick(made.size);
        run.meter.allocate(350 + 150 * made.size);
        return made;
      },
    );
}

function range(compiler: Compiler, node: ast.Range, scope: BlockScope): Eval {
  const run = compiler.run;
  const from = compiler.expression(node.from, scope);
  const to = compiler.expression(node.to, scope);
  return (frame) =>
    andThen(from(frame), (low) => andThen(to(frame), (high) => rangeOf(run, low, high, node.isInclusive)));
}

function property(compiler: Compiler, node: ast.Property, scope: BlockScope): Eval {
  const run = compiler.run;
  const className = classOfPath(compiler, node, scope);
  if (className !== undefined) return constant(new ClassRef(className));
  const refused = refusalOfPath(node);
  const head = refused === undefined ? undefined : firstName(node);
  const object = compiler.expression(node.object, scope);
  const site = compiler.site(node.span);
  if (refused !== undefined && head !== undefined && scope.find(head) === undefined) {
    return () => {
      run.site = site;
      throw refusalOfPath(node) ?? refused;
    };
  }
  const name = propertyName(compiler, node.name, scope);
  if (node.object.kind === "This" && node.name.kind === "StringLiteral" && !node.isAttribute) {
    const field = node.name.value;
    return (frame) => {
      run.site = site;
      return ownField(frame, field) ?? run.getProperty(frame.self, field);
    };
  }
  const isClassLiteral = node.name.kind === "StringLiteral" && node.name.value === "class";
  function read(target: Value, key: Value): Eventual {
    run.site = site;
    if (target === null && node.access !== "plain") return null;
    if (isClassLiteral && target instanceof ClassRef) return target;
    const text = run.text(key);
    if (node.isAttribute) return attributeOf(run, target, text);
    if (node.access !== "spread") return run.getProperty(target, text);
    return all(
      elementsOf(run, target).map((item) => ({ item })),
      ({ item }) => (item === null ? null : run.getProperty(item, text)),
      (values) => new ListValue(values),
    );
  }
  return (frame) => {
    const target = object(frame);
    if (isFlow(target)) return andThen(target, (value) => andThen(name(frame), (key) => read(value, key)));
    const key = name(frame);
    return isFlow(key) ? andThen(key, (value) => read(target, value)) : read(target, key);
  };
}

function firstName(node: ast.Expression): string | undefined {
  if (node.kind === "Variable") return node.name;
  return node.kind === "Property" ? firstName(node.object) : undefined;
}

function methodPointer(compiler: Compiler, node: ast.MethodPointer, scope: BlockScope): Eval {
  const run = compiler.run;
  const object = compiler.expression(node.object, scope);
  const name = propertyName(compiler, node.name, scope);
  return (frame) =>
    andThen(object(frame), (target) =>
      andThen(name(frame), (method) => {
        const text = run.text(method);
        return run.closureOf(-1, (args) => run.callMethod(target, text, args));
      }),
    );
}

function index(compiler: Compiler, node: ast.Index, scope: BlockScope): Eval {
  const run = compiler.run;
  const object = compiler.expression(node.object, scope);
  const key = indexOf(compiler, node, scope);
  const site = compiler.site(node.span);
  function get(target: Value, at: Value): Eventual {
    if (target instanceof ListValue && typeof at === "number" && at >= 0 && !target.isArray) {
      return target.items[at] ?? null;
    }
    run.site = site;
    return run.callMethod(target, "getAt", [at]);
  }
  return (frame) => {
    const target = object(frame);
    if (isFlow(target)) return andThen(target, (value) => andThen(key(frame), (at) => get(value, at)));
    const at = key(frame);
    return isFlow(at) ? andThen(at, (value) => get(target, value)) : get(target, at);
  };
}

function newArray(compiler: Compiler, node: ast.NewArray, scope: BlockScope): Eval {
  const run = compiler.run;
  const type = compiler.type(node.type);
  const sizes = node.sizes.map((each) => compiler.expression(each, scope));
  function make(dimensions: readonly Value[], at: number): Value {
    const size = run.cast(dimensions[at] ?? null, "int");
    const count = typeof size === "number" ? size : 0;
    if (count < 0) throw exception("java.lang.NegativeArraySizeException", String(count));
    run.meter.collection(count);
    run.meter.allocate(120 + count * 20);
    const isLast = at === dimensions.length - 1;
    const items: Value[] = [];
    for (let i = 0; i < count; i += 1) {
      items.push(!isLast ? make(dimensions, at + 1) : node.openDimensions > 0 ? null : zeroOf(type));
    }
    return new ListValue(items, type + "[]".repeat(dimensions.length - at + node.openDimensions));
  }
  return (frame) =>
    all(
      sizes,
      (size) => size(frame),
      (dimensions) => make(dimensions, 0),
    );
}

function zeroOf(type: string): Value {
  if (type === "boolean") return false;
  if (type === "char") return null;
  return /^(int|long|short|byte|float|double)$/.test(type) ? convertNumber(0, type) : null;
}

function unary(compiler: Compiler, node: ast.Unary, scope: BlockScope): Eval {
  const run = compiler.run;
  const operand = compiler.expression(node.operand, scope);
  switch (node.operator) {
    case "!":
      return (frame) => {
        const value = operand(frame);
        return isFlow(value) ? andThen(value, (settled) => !run.isTrue(settled)) : !run.isTrue(value);
      };
    case "-":
      return (frame) => andThen(operand(frame), (value) => negated(run, value));
    case "+":
      return (frame) => andThen(operand(frame), (value) => positive(run, value));
    case "~":
      return (frame) => andThen(operand(frame), (value) => tilde(run, value));
  }
}

/** `~/re/` makes a pattern, `~n` turns bits around. */
function tilde(run: Runtime, value: Value): Eventual {
  if (typeof value === "string" || value instanceof GStringValue) return new PatternValue(run.text(value));
  return run.callMethod(value, "bitwiseNegate", []);
}

type Compare = (left: Value, right: Value) => Eventual;

function comparison(run: Runtime, operator: string): Compare | undefined {
  const order =
    (test: (n: number) => boolean): Compare =>
    (left, right) =>
      test(run.compare(left, right));
  switch (operator) {
    case "<":
      return (left, right) =>
        typeof left === "number" && typeof right === "number"
          ? left < right
          : isUnordered(left, right)
            ? false
            : run.compare(left, right) < 0;
    case ">":
      return (left, right) =>
        typeof left === "number" && typeof right === "number"
          ? left > right
          : isUnordered(left, right)
            ? false
            : run.compare(left, right) > 0;
    case "<=":
      return order((n) => n <= 0);
    case ">=":
      return order((n) => n >= 0);
    case "<=>":
      return (left, right) => run.compare(left, right);
    case "==":
      return (left, right) => (typeof left !== "string" && left === right) || run.equals(left, right);
    case "!=":
      return (left, right) => !run.equals(left, right);
    case "===":
      return (left, right) => left === right;
    case "!==":
      return (left, right) => left !== right;
    case "=~":
      return (left, right) =>
        run.callMethod(asPattern(run, right), "matcher", [left === null ? "null" : run.text(left)]);
    case "==~":
      return (left, right) =>
        andThen(
          run.callMethod(asPattern(run, right), "matcher", [left === null ? "null" : run.text(left)]),
          (matcher) => run.callMethod(matcher, "matches", []),
        );
    case "in":
      return (left, right) => run.isCase(right, left);
    default:
      return undefined;
  }
}

function isUnordered(left: Value, right: Value): boolean {
  return (
    (left instanceof DoubleValue && Number.isNaN(left.value)) ||
    (right instanceof DoubleValue && Number.isNaN(right.value))
  );
}

function asPattern(run: Runtime, value: Value): Value {
  return value instanceof PatternValue ? value : new PatternValue(run.text(value));
}

function isOverloadable(operator: ast.BinaryOperator): operator is Operator {
  return ["+", "-", "*", "/", "%", "**", "<<", ">>", ">>>", "&", "|", "^"].includes(operator);
}

function binary(compiler: Compiler, node: ast.Binary, scope: BlockScope): Eval {
  const run = compiler.run;
  const left = compiler.expression(node.left, scope);
  const right = compiler.expression(node.right, scope);
  const { operator } = node;
  if (operator === "&&" || operator === "||") {
    const stopsAt = operator === "||";
    return (frame) =>
      andThen(left(frame), (first) =>
        run.isTrue(first) === stopsAt ? stopsAt : andThen(right(frame), (second) => run.isTrue(second)),
      );
  }
  const compare = comparison(run, operator);
  const site = compiler.site(node.span);
  const apply: Compare =
    compare ?? ((a, b) => (isOverloadable(operator) ? operate(run, operator, a, b) : null));
  function both(frame: Frame, a: Value): Eventual {
    const b = right(frame);
    if (isFlow(b)) return andThen(b, (value) => apply(a, value));
    run.site = site;
    return apply(a, b);
  }
  return (frame) => {
    const a = left(frame);
    return isFlow(a) ? andThen(a, (value) => both(frame, value)) : both(frame, a);
  };
}

function ternary(compiler: Compiler, node: ast.Ternary, scope: BlockScope): Eval {
  const run = compiler.run;
  const condition = compiler.expression(node.condition, scope);
  const consequent = compiler.expression(node.consequent, scope);
  const alternative = compiler.expression(node.alternative, scope);
  return (frame) =>
    andThen(condition(frame), (value) => (run.isTrue(value) ? consequent(frame) : alternative(frame)));
}

function cast(compiler: Compiler, node: ast.Cast, scope: BlockScope): Eval {
  const run = compiler.run;
  const operand = compiler.expression(node.operand, scope);
  const type = compiler.type(node.type);
  const site = compiler.site(node.span);
  return (frame) =>
    andThen(operand(frame), (value) => {
      run.site = site;
      return node.isCoercion ? run.coerce(value, type) : run.cast(value, type);
    });
}
