import type { Diagnostic, Span } from "../../diagnostic.ts";
import type { Declaration, MultipleDeclaration, Node, Parameter, Program } from "../ast.ts";
import { childrenOf } from "../children.ts";

/** The variables that a place sees, by name with where they were declared; a method or class begins a new one. */
type Scope = { readonly names: Map<string, Span>; readonly outer?: Scope };

/**
 * A local variable may not be declared again where it is visible, also not in a closure or loop inside. Methods and
 * classes see no variables of the script, and a `@Field` is none.
 */
export function checkScopes(program: Program): Diagnostic[] {
  const found: Diagnostic[] = [];
  const scope: Scope = { names: new Map() };
  for (const statement of program.statements) visit(statement, scope, found);
  return found;
}

const FRESH: ReadonlySet<Node["kind"]> = new Set([
  "ClassDeclaration",
  "MethodDeclaration",
  "ConstructorDeclaration",
  "Initializer",
]);
const NESTED: ReadonlySet<Node["kind"]> = new Set(["Block", "Closure", "For", "ForIn", "Switch"]);

function visit(node: Node, scope: Scope, found: Diagnostic[]): void {
  if (node.kind === "Parameter") return visitParameter(node, scope, found);
  if (node.kind === "Declaration" || node.kind === "MultipleDeclaration")
    return visitDeclaration(node, scope, found);
  if (node.kind === "FieldDeclaration") {
    for (const variable of node.variables)
      if (variable.initial !== undefined) visit(variable.initial, scope, found);
    return;
  }
  if (node.kind === "Catch") {
    const own = inside(scope);
    declare(node.name, node.nameSpan, own, found);
    return visitAll([node.body], own, found);
  }
  if (FRESH.has(node.kind)) return visitAll(childrenOf(node), { names: new Map() }, found);
  visitAll(childrenOf(node), NESTED.has(node.kind) ? inside(scope) : scope, found);
}

function visitAll(nodes: readonly Node[], scope: Scope, found: Diagnostic[]): void {
  for (const node of nodes) visit(node, scope, found);
}

function visitParameter(parameter: Parameter, scope: Scope, found: Diagnostic[]): void {
  visitAll(childrenOf(parameter), scope, found);
  declare(parameter.name, parameter.nameSpan, scope, found);
}

function visitDeclaration(node: Declaration | MultipleDeclaration, scope: Scope, found: Diagnostic[]): void {
  if (node.kind === "MultipleDeclaration") {
    visit(node.value, scope, found);
    for (const variable of node.variables) declare(variable.name, variable.nameSpan, scope, found);
    return;
  }
  const isField = node.annotations.some((annotation) => /(^|\.)Field$/.test(annotation.name));
  for (const variable of node.variables) {
    if (variable.initial !== undefined) visit(variable.initial, scope, found);
    if (!isField) declare(variable.name, variable.nameSpan, scope, found);
  }
}

function inside(scope: Scope): Scope {
  return { names: new Map(), outer: scope };
}

function declare(name: string, span: Span, scope: Scope, found: Diagnostic[]): void {
  const before = lookUp(name, scope);
  scope.names.set(name, span);
  if (before === undefined) return;
  found.push({
    code: "variable-declared-twice",
    message: `The current scope already contains a variable of the name ${name}`,
    hint: "take another name, or assign without declaring",
    span,
    related: [{ message: "declared here", span: before }],
  });
}

function lookUp(name: string, scope: Scope): Span | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    const span = at.names.get(name);
    if (span !== undefined) return span;
  }
  return undefined;
}
