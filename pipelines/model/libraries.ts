import type { Expression, MethodCall } from "../syntax/ast.ts";
import { argumentCount, blockOf, callOf, plainName, refuse, sourceOf } from "./reading.ts";
import type { Reading } from "./reading.ts";

// Libraries = "libraries" "{" { "lib" "(" Value ")" } "}"
/** Reads `libraries`. */
export function readLibraries(r: Reading, section: MethodCall): Expression[] {
  const { span } = section.method;
  const block = blockOf(section);
  if (block === undefined) {
    refuse(
      r,
      "block-expected",
      "Expected a block for libraries",
      span,
      "write libraries { lib('name@version') }",
    );
    return [];
  }
  const libraries: Expression[] = [];
  for (const statement of block.body.statements) {
    const call = callOf(statement);
    const [library] = call?.arguments.positional ?? [];
    if (call !== undefined && blockOf(call) !== undefined && plainName(call) === "lib") {
      refuse(r, "block-not-allowed", "Libraries definitions cannot have blocks", call.method.span);
    } else if (
      call === undefined ||
      library === undefined ||
      plainName(call) !== "lib" ||
      argumentCount(call) > 1
    ) {
      refuse(
        r,
        "library-expected",
        `Expected a "lib(...)" but got ${sourceOf(r, statement)}`,
        statement.span,
        "write lib('name@version')",
      );
    } else libraries.push(library);
  }
  if (libraries.length === 0)
    refuse(r, "section-empty", "libraries can not be empty", span, "leave the section out or fill it");
  return libraries;
}
