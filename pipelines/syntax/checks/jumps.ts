import type { Diagnostic } from "../../diagnostic.ts";
import type { Break, Continue, Node, Program } from "../ast.ts";
import { childrenOf } from "../children.ts";

/** What `break` and `continue` can leave at a place. */
type Around = { readonly loop: boolean; readonly switch: boolean; readonly labels: readonly string[] };

const NOTHING: Around = { loop: false, switch: false, labels: [] };

/** `break` stands in a loop or switch, `continue` in a loop, a label names one around; closures and methods begin anew. */
export function checkJumps(program: Program): Diagnostic[] {
  const found: Diagnostic[] = [];
  visit(program, NOTHING, found);
  return found;
}

function visit(node: Node, around: Around, found: Diagnostic[]): void {
  if (node.kind === "Break" || node.kind === "Continue") return checkJump(node, around, found);
  const inside = aroundIn(node, around);
  for (const child of childrenOf(node)) visit(child, inside, found);
}

function aroundIn(node: Node, around: Around): Around {
  if (node.kind === "For" || node.kind === "ForIn" || node.kind === "While") return { ...around, loop: true };
  if (node.kind === "Switch") return { ...around, switch: true };
  if (node.kind === "Labeled") return { ...around, labels: [...around.labels, node.label] };
  const begins =
    node.kind === "Closure" || node.kind === "MethodDeclaration" || node.kind === "ClassDeclaration";
  return begins ? NOTHING : around;
}

function checkJump(jump: Break | Continue, around: Around, found: Diagnostic[]): void {
  const word = jump.kind === "Break" ? "break" : "continue";
  const allowed = around.loop || (word === "break" && around.switch);
  if (!allowed) {
    const where = word === "break" ? "loops or switches" : "loops";
    found.push({
      code: "jump-outside",
      message: `the ${word} statement is only allowed inside ${where}`,
      hint: "return leaves a closure",
      span: jump.span,
    });
  } else if (jump.label !== undefined && !around.labels.includes(jump.label)) {
    found.push({ code: "label-missing", message: `${word} to missing label`, span: jump.span });
  }
}
