import type { Program } from "../syntax/ast.ts";
import { walk } from "../syntax/children.ts";

/** Every name a file declares or assigns: a call of such a name may be no step. */
export function namesDeclared(program: Program): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { name, alias } of program.imports) names.add(alias ?? name.split(".").at(-1) ?? name);
  walk(program, (node) => {
    if (node.kind === "Declarator" || node.kind === "Parameter" || node.kind === "MethodDeclaration")
      names.add(node.name);
    if (node.kind === "MultipleDeclaration") for (const variable of node.variables) names.add(variable.name);
    if (node.kind === "Assignment" && node.target.kind === "Variable") names.add(node.target.name);
    return true;
  });
  return names;
}

/** True where a shared library may bring steps of its own. */
export function usesLibraries(program: Program): boolean {
  let found = program.annotations.some((annotation) => annotation.name === "Library");
  walk(program, (node) => {
    if (node.kind === "Declaration" && node.annotations.some((annotation) => annotation.name === "Library"))
      found = true;
    if (node.kind === "MethodCall" && node.method.kind === "StringLiteral")
      found ||= LOADERS.has(node.method.value);
    return !found;
  });
  return found;
}

const LOADERS: ReadonlySet<string> = new Set(["library", "libraries", "load"]);
