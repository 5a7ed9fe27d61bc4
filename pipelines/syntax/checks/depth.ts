import type { Diagnostic } from "../../diagnostic.ts";
import type { Node, Program } from "../ast.ts";
import { childrenOf } from "../children.ts";

/**
 * How deep a tree may be. Nesting and chains are limited on their own, but chains inside chains multiply; whoever walks
 * a tree by recursion relies on this one figure.
 */
export const MAX_TREE_DEPTH = 2000;

/** Refuses a tree that is too deep to be walked; itself it walks without recursion. */
export function checkDepth(program: Program): Diagnostic[] {
  const open: { readonly node: Node; readonly depth: number }[] = [{ node: program, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, depth } = next;
    if (depth > MAX_TREE_DEPTH) return [tooDeep(node)];
    for (const child of childrenOf(node)) open.push({ node: child, depth: depth + 1 });
  }
  return [];
}

function tooDeep(node: Node): Diagnostic {
  return {
    code: "tree-too-deep",
    message: `an expression of more than ${MAX_TREE_DEPTH} levels`,
    hint: "take parts of it out into variables",
    span: node.span,
  };
}
