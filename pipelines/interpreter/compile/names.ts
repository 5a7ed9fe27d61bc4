import type * as ast from "../../syntax/ast.ts";
import { readName } from "../dispatch.ts";
import type { Eval } from "../frame.ts";
import { isKnownClass } from "../types.ts";
import { ClassRef } from "../values.ts";
import { readPlace } from "./places.ts";
import type { Compiler } from "./compiler.ts";
import type { BlockScope } from "./scope.ts";

/** A name by itself: a local variable, a class, or whatever is around the code at run time. */
export function compileVariable(compiler: Compiler, node: ast.Variable, scope: BlockScope): Eval {
  const run = compiler.run;
  const place = scope.find(node.name);
  if (place !== undefined) return readPlace(place);
  const className = compiler.classNamed(node.name);
  if (className !== undefined) {
    const ref = new ClassRef(className);
    return () => ref;
  }
  const site = compiler.site(node.span);
  return (frame) => {
    run.site = site;
    return readName(run, frame, node.name);
  };
}

/** The class that a dotted expression names: `java.util.Date`, `Map.Entry`; `undefined` when it is no class. */
export function classOfPath(compiler: Compiler, node: ast.Expression, scope: BlockScope): string | undefined {
  const path = pathOf(node);
  const [head] = path ?? [];
  if (path === undefined || head === undefined || scope.find(head) !== undefined) return undefined;
  if (path.length === 1) return compiler.classNamed(head);
  const dotted = path.join(".");
  if (compiler.run.classes.has(dotted) || isKnownClass(dotted)) return dotted;
  const owner = compiler.classNamed(path.slice(0, -1).join(".")) ?? path.slice(0, -1).join(".");
  const nested = `${owner}$${path.at(-1) ?? ""}`;
  return compiler.run.classes.has(nested) || isKnownClass(nested) ? nested : undefined;
}

/** The names of `a.b.c`; `undefined` when something else is in it. */
export function pathOf(node: ast.Expression): string[] | undefined {
  if (node.kind === "Variable") return [node.name];
  if (node.kind !== "Property" || node.access !== "plain" || node.isAttribute) return undefined;
  if (node.name.kind !== "StringLiteral") return undefined;
  const before = pathOf(node.object);
  before?.push(node.name.value);
  return before;
}

/** The name of a property or method: mostly a plain word. */
export function propertyName(compiler: Compiler, node: ast.Expression, scope: BlockScope): Eval {
  if (node.kind !== "StringLiteral") return compiler.expression(node, scope);
  const name = node.value;
  return () => name;
}
