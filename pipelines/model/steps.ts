import type { Closure, MethodCall, Statement } from "../syntax/ast.ts";
import { checkArguments } from "./call-arguments.ts";
import { blockOf, callOf, nameOf, plainName, refuse, warn } from "./reading.ts";
import type { Reading } from "./reading.ts";
import { shapeOfStep } from "./signatures.ts";

const BLOCKED: ReadonlyMap<string, string> = new Map([
  ["stage", "The stage step cannot be used in Declarative Pipelines"],
  ["properties", "The properties step cannot be used in Declarative Pipelines"],
  ["parallel", "The parallel step can only be used as the only top-level step in a stage's step block"],
]);

// Steps = { Step }; Step = Name Arguments [ "{" Steps "}" ] | "script" Closure
/** Checks the steps of a stage, of a post condition or of a branch. */
export function checkSteps(r: Reading, body: Closure, owner: MethodCall): void {
  const { statements } = body.body;
  if (statements.length === 0) {
    refuse(
      r,
      "steps-empty",
      "No steps specified for branch",
      owner.method.span,
      "add a step, or leave the block out",
    );
  }
  const parallel = plainName(owner) === "steps" ? oldParallel(body) : undefined;
  if (parallel !== undefined) checkBranches(r, parallel);
  else for (const statement of statements) checkStep(r, statement);
}

/** The one `parallel` that is all the steps of a stage: the old way to write parallel stages. */
export function oldParallel(body: Closure): MethodCall | undefined {
  const [only, second] = body.body.statements;
  const call = only === undefined || second !== undefined ? undefined : callOf(only);
  return call !== undefined && plainName(call) === "parallel" ? call : undefined;
}

// Branches = "parallel" { Name ":" Closure | "failFast" ":" Boolean }
function checkBranches(r: Reading, call: MethodCall): void {
  for (const entry of call.arguments.named) {
    if (entry.kind !== "MapEntry") continue;
    const name = entry.key.kind === "StringLiteral" ? entry.key.value : undefined;
    if (name === "failFast") {
      if (entry.value.kind !== "BooleanLiteral")
        refuse(
          r,
          "boolean-expected",
          "Expected a boolean with failFast",
          entry.key.span,
          "write failFast: true",
        );
    } else if (entry.value.kind !== "Closure") {
      refuse(
        r,
        "branch-expected",
        "Expected closure or failFast",
        entry.key.span,
        "a branch is a name and a block: unit: { … }",
      );
    } else checkSteps(r, entry.value, call);
  }
}

function checkStep(r: Reading, statement: Statement): void {
  const call = callOf(statement);
  if (call === undefined) {
    refuse(r, "step-expected", "Expected a step", statement.span, "put Groovy code into script { … }");
    return;
  }
  const name = nameOf(r, call);
  if (name === "error" && plainName(call) === undefined) return;
  const block = blockOf(call);
  if (name === "script") {
    if (block === undefined)
      refuse(r, "block-missing", "Script step without a block", call.method.span, "write script { … }");
    return;
  }
  const blocked = BLOCKED.get(name);
  if (blocked !== undefined) {
    refuse(
      r,
      "step-blocked",
      `Invalid step "${name}" used - not allowed in this context - ${blocked}`,
      call.method.span,
      "put it into script { … }, or use a stage of its own",
    );
  }
  checkStepArguments(r, name, call, block);
  if (block !== undefined) for (const inner of block.body.statements) checkStep(r, inner);
}

function checkStepArguments(r: Reading, name: string, call: MethodCall, block: Closure | undefined): void {
  if (name === "parallel") return;
  const signature = r.stepNamed(name);
  if (signature === undefined) warnUnknown(r, name, call);
  const positional = block === undefined ? call.arguments.positional : call.arguments.positional.slice(0, -1);
  const shape =
    signature === undefined
      ? { fields: [], sole: undefined, takesBlock: true, isOpen: true }
      : shapeOfStep(signature);
  checkArguments(r, name, call.arguments, positional, shape, call.method.span);
}

/** Jenkins finds out at run time only; the file may be for a step that is added later. */
function warnUnknown(r: Reading, name: string, call: MethodCall): void {
  if (r.stepNames.length === 0 || r.declared.has(name) || r.stepNames.includes(name) || BLOCKED.has(name))
    return;
  const message = `No such DSL method '${name}' found among steps`;
  warn(r, "step-unknown", message, call.method.span, r.adviceOn(name));
}
