import type { Expression, MethodCall } from "../syntax/ast.ts";
import type { Input, Setting } from "./pipeline.ts";
import {
  argumentCount,
  blockOf,
  callOf,
  checkValue,
  nameOf,
  refuse,
  refuseRepeats,
  sourceOf,
} from "./reading.ts";
import type { Reading } from "./reading.ts";
import { readParameters } from "./settings.ts";

const FIELDS = ["message", "id", "ok", "submitter", "submitterParameter"] as const;
type FieldName = (typeof FIELDS)[number];

// Input = "input" "{" { FieldName Value | Parameters } "}"
/** Reads `input` of a stage. */
export function readInput(r: Reading, section: MethodCall): Input | undefined {
  const { span } = section.method;
  const block = blockOf(section);
  if (block === undefined) {
    refuse(r, "block-expected", "Expected a block for input", span, "write input { message 'Go on?' }");
    return undefined;
  }
  const values: Partial<Record<FieldName, Expression>> = {};
  const parameters: Setting[] = [];
  const seen: { readonly name: string; readonly span: Expression["span"] }[] = [];
  for (const statement of block.body.statements) {
    const call = callOf(statement);
    if (call === undefined) {
      refuse(
        r,
        "section-expected",
        `Not a valid section definition: "${sourceOf(r, statement)}". Some extra configuration is required.`,
        statement.span,
      );
      continue;
    }
    const name = nameOf(r, call);
    seen.push({ name, span: call.method.span });
    const value = soleArgument(r, call, name);
    const field = FIELDS.find((candidate) => candidate === name);
    if (name === "parameters") parameters.push(...readParameters(r, call));
    else if (field === undefined) refuseField(r, call, name);
    else if (value !== undefined) {
      checkValue(r, value);
      values[field] = value;
    }
  }
  refuseRepeats(
    r,
    seen,
    (field) => field.name,
    (name) => ({ code: "section-twice", message: `Multiple occurrences of the ${name} section` }),
  );
  const { message, ...rest } = values;
  if (message === undefined) {
    refuse(r, "input-message", "No message specified for input", span, "add message 'Go on?'");
    return undefined;
  }
  return { message, ...rest, parameters, span };
}

function soleArgument(r: Reading, call: MethodCall, name: string): Expression | undefined {
  const count = argumentCount(call);
  if (count === 0) refuse(r, "field-empty", `No argument for field "${name}"`, call.method.span);
  if (count > 1) refuse(r, "field-count", `Too many arguments for field "${name}"`, call.method.span);
  return count === 1 ? call.arguments.positional[0] : undefined;
}

function refuseField(r: Reading, call: MethodCall, name: string): void {
  refuse(
    r,
    "input-field",
    `Not a valid field for input: "${name}"`,
    call.method.span,
    `the fields are ${FIELDS.join(", ")} and parameters`,
  );
}
