import type { MethodCall } from "../syntax/ast.ts";
import { nearest } from "./nearest.ts";
import type { Tool } from "./pipeline.ts";
import { argumentCount, blockOf, callOf, checkValue, expectLiteral, plainName, refuse } from "./reading.ts";
import type { Reading } from "./reading.ts";
import { TOOLS } from "./signatures.ts";

// Tools = "tools" "{" { Name String } "}"
/** Reads `tools`. */
export function readTools(r: Reading, section: MethodCall): Tool[] {
  const { span } = section.method;
  const block = blockOf(section);
  if (block === undefined) {
    refuse(r, "block-expected", "Expected a block for tools", span, "write tools { jdk '21' }");
    return [];
  }
  const tools: Tool[] = [];
  for (const statement of block.body.statements) {
    const call = callOf(statement);
    if (call === undefined)
      refuse(
        r,
        "tool-expected",
        'Expected to find ‘someTool "someVersion"’',
        statement.span,
        "write the type and the name: jdk '21'",
      );
    else tools.push(...readTool(r, call));
  }
  if (block.body.statements.length === 0)
    refuse(r, "tools-empty", "No tools specified", span, "leave the section out or fill it");
  return tools;
}

function readTool(r: Reading, call: MethodCall): Tool[] {
  const type = plainName(call) ?? expectLiteral(r, call.method);
  const { span } = call.method;
  const [name] = call.arguments.positional;
  if (!TOOLS.has(type)) {
    const names = [...TOOLS];
    refuse(
      r,
      "tool-unknown",
      `Invalid tool type "${type}". Valid tool types: [${names.join(", ")}]`,
      span,
      `did you mean ${nearest(type, names)}?`,
    );
  }
  if (argumentCount(call) === 0) refuse(r, "tool-name", `No argument for tool "${type}"`, span);
  if (argumentCount(call) > 1) refuse(r, "tool-name", `Too many arguments for tool "${type}"`, span);
  if (name === undefined) return [];
  checkValue(r, name);
  return [{ type, name, span }];
}
