import type { Expression, Node } from "./syntax/ast.ts";
import { walk } from "./syntax/children.ts";
import { parse } from "./syntax/parser.ts";

/** A shared library that a file asks for: `name` or `name@version`. */
export interface WantedLibrary {
  readonly name: string;
  readonly version: string | null;
}

/**
 * The libraries that a file names literally: `@Library('x@v') _`, `libraries { lib('x@v') }` and `library 'x@v'`. A name
 * that is only known while the file runs is not among them, because everything a build depends on is read beforehand.
 */
export function wantedLibraries(text: string): WantedLibrary[] {
  const found = new Map<string, WantedLibrary>();
  walk(parse(text).program, (node) => {
    for (const written of namesIn(node)) {
      const at = written.indexOf("@");
      const name = at === -1 ? written : written.slice(0, at);
      if (name !== "" && !found.has(name))
        found.set(name, { name, version: at === -1 ? null : written.slice(at + 1) });
    }
    return true;
  });
  return [...found.values()];
}

function namesIn(node: Node): string[] {
  if (node.kind === "Annotation" && node.name === "Library")
    return node.members
      .filter((member) => member.name === "value")
      .flatMap((member) => textsOf(member.value));
  if (node.kind !== "MethodCall" || node.receiver !== undefined || node.method.kind !== "StringLiteral")
    return [];
  const { value: method } = node.method;
  if (method !== "library" && method !== "lib") return [];
  const named = node.arguments.named.flatMap((entry) =>
    entry.kind === "MapEntry" && entry.key.kind === "StringLiteral" && entry.key.value === "identifier"
      ? textsOf(entry.value)
      : [],
  );
  const [first] = node.arguments.positional;
  return first === undefined ? named : [...named, ...textsOf(first)];
}

function textsOf(value: Expression | Node): string[] {
  if (value.kind === "StringLiteral") return [value.value];
  if (value.kind === "ListExpression") return value.elements.flatMap((element) => textsOf(element));
  return [];
}
