import type { MethodCall, Node, Program, Statement } from "../syntax/ast.ts";
import { walk } from "../syntax/children.ts";
import { blockOf, callOf, plainName, refuse } from "./reading.ts";
import type { Reading } from "./reading.ts";

/** The `pipeline` calls of a file: the one among its statements, or those inside a method `call` of a library file. */
export function findPipelines(program: Program): MethodCall[] {
  const own = program.statements.map(pipelineOf).find((call) => call !== undefined);
  if (own !== undefined) return [own];
  const method = program.statements.find(
    (statement) => statement.kind === "MethodDeclaration" && statement.name === "call",
  );
  return method === undefined ? [] : pipelinesIn(method);
}

function pipelineOf(statement: Statement): MethodCall | undefined {
  const call = callOf(statement);
  return call !== undefined && isPipeline(call) ? call : undefined;
}

function isPipeline(call: MethodCall): boolean {
  if (plainName(call) !== "pipeline") return false;
  const nothing = call.arguments.positional.length + call.arguments.named.length === 0;
  return nothing || blockOf(call) !== undefined;
}

function pipelinesIn(node: Node): MethodCall[] {
  const found: MethodCall[] = [];
  walk(node, (inner) => {
    if (inner.kind !== "MethodCall" || !isPipeline(inner)) return true;
    found.push(inner);
    return false;
  });
  return found;
}

/** Refuses a `pipeline` block inside another block of a script that has none at its top. */
export function refuseNested(r: Reading, statements: readonly Statement[]): void {
  for (const statement of statements) {
    const call = callOf(statement);
    const block = blockOf(call);
    if (call === undefined || block === undefined) continue;
    if (plainName(call) === "pipeline") {
      const message = "pipeline block must be at the top-level, not within another block.";
      refuse(
        r,
        "pipeline-nested",
        message,
        call.method.span,
        "take it out; agents are chosen with agent { … }",
      );
    }
    refuseNested(r, block.body.statements);
  }
}
