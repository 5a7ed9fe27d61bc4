import type { Arguments, Closure, Expression, MethodCall, Statement } from "../syntax/ast.ts";
import { checkArguments, namedValues } from "./call-arguments.ts";
import { nearest } from "./nearest.ts";
import type { Condition, When } from "./pipeline.ts";
import { blockOf, callOf, nameOf, readFlag, refuse } from "./reading.ts";
import type { Reading } from "./reading.ts";
import { problemOfPattern } from "./pattern.ts";
import { CONDITIONS } from "./signatures.ts";
import type { Field } from "./signatures.ts";

const NESTED = ["allOf", "anyOf", "not"] as const;
const NAMES: readonly string[] = [...NESTED, ...CONDITIONS.keys(), "expression"].toSorted();

// When = "when" "{" { Condition | ( "beforeAgent" | "beforeInput" | "beforeOptions" ) Boolean } "}"
/** Reads `when`. */
export function readWhen(r: Reading, section: MethodCall): When | undefined {
  const { span } = section.method;
  const block = blockOf(section);
  if (block === undefined) {
    refuse(r, "block-expected", "Expected a block for when", span, "write when { branch 'main' }");
    return undefined;
  }
  const flags = { beforeAgent: false, beforeInput: false, beforeOptions: false };
  const conditions: Condition[] = [];
  let written = 0;
  for (const statement of block.body.statements) {
    const flag = flagOf(statement);
    if (flag !== undefined) flags[flag.name] = readFlag(r, flag.call, flag.name);
    else {
      written += 1;
      conditions.push(...readCondition(r, statement));
    }
  }
  if (written === 0)
    refuse(r, "when-empty", "Empty when closure, remove the property or add some content.", span);
  return { ...flags, conditions, span };
}

type Flag = { readonly name: "beforeAgent" | "beforeInput" | "beforeOptions"; readonly call: MethodCall };

function flagOf(statement: Statement): Flag | undefined {
  const call = callOf(statement);
  const name = call?.method.kind === "StringLiteral" ? call.method.value : "";
  if (call === undefined) return undefined;
  return name === "beforeAgent" || name === "beforeInput" || name === "beforeOptions"
    ? { name, call }
    : undefined;
}

// Condition = Name Arguments | ( "allOf" | "anyOf" | "not" ) "{" { Condition } "}" | "expression" Closure
function readCondition(r: Reading, statement: Statement): Condition[] {
  const call = callOf(statement);
  if (call === undefined) {
    refuse(
      r,
      "condition-expected",
      "Expected a when condition",
      statement.span,
      "Groovy code goes into expression { … }",
    );
    return [];
  }
  const name = nameOf(r, call);
  if (name === "error") return [];
  const block = blockOf(call);
  if (name === "expression") return readExpression(r, call, block);
  const nested = NESTED.find((candidate) => candidate === name);
  if (nested !== undefined) return readNested(r, call, nested, block);
  const shape = CONDITIONS.get(name);
  if (shape === undefined) {
    const message = `Unknown conditional ${name}. Valid conditionals are: ${NAMES.join(", ")}`;
    refuse(r, "condition-unknown", message, call.method.span, `did you mean ${nearest(name, NAMES)}?`);
    return [];
  }
  if (block !== undefined && block.body.statements.length > 0) {
    refuse(
      r,
      "condition-children",
      `No children when conditions are allowed for when condition "${name}".`,
      call.method.span,
      "only allOf, anyOf and not take conditions",
    );
    return [];
  }
  return readTest(r, call, name);
}

function readExpression(r: Reading, call: MethodCall, body: Closure | undefined): Condition[] {
  if (body === undefined) {
    refuse(r, "block-missing", "When step without a block", call.method.span, "write expression { … }");
    return [];
  }
  return [{ kind: "expression", body, span: call.method.span }];
}

function readNested(
  r: Reading,
  call: MethodCall,
  name: "allOf" | "anyOf" | "not",
  block: Closure | undefined,
): Condition[] {
  const { span } = call.method;
  const extra =
    call.arguments.positional.length - (block === undefined ? 0 : 1) + call.arguments.named.length;
  const statements = block?.body.statements ?? [];
  if (extra > 0 || block === undefined) {
    refuse(
      r,
      "condition-arguments",
      `No additional arguments are allowed for children when condition "${name}".`,
      span,
      `write ${name} { … }`,
    );
  } else if (name !== "not" && statements.length === 0) {
    refuse(
      r,
      "condition-childless",
      `Nested when condition "${name}" requires at least one child condition.`,
      span,
    );
  } else if (name === "not" && statements.length !== 1) {
    refuse(
      r,
      "condition-childless",
      `Nested when condition "not" requires exactly 1 child condition(s).`,
      span,
      "not { anyOf { … } } negates several",
    );
  }
  const children = statements.flatMap((statement) => readCondition(r, statement));
  return [{ kind: "nested", name, children, span }];
}

function readTest(r: Reading, call: MethodCall, name: string): Condition[] {
  const positional = call.arguments.positional.filter((value) => value.kind !== "Closure");
  const shape = CONDITIONS.get(name);
  if (name === "changelog") checkChangelog(r, call);
  else if (shape !== undefined && !mayLackArguments(name, call.arguments, positional)) {
    checkArguments(
      r,
      name,
      call.arguments,
      positional,
      { ...shape, sole: shape.sole ?? soleOf(name) },
      call.method.span,
    );
  }
  return [
    { kind: "test", name, named: namedValues(r, call.arguments.named), positional, span: call.method.span },
  ];
}

/** `tag 'v*'` fills the pattern although `tag()` alone is a condition too. */
function soleOf(name: string): Field | undefined {
  return name === "tag" ? CONDITIONS.get("tag")?.fields[0] : undefined;
}

function mayLackArguments(name: string, args: Arguments, positional: readonly Expression[]): boolean {
  return positional.length === 0 && args.named.length === 0 && (name === "tag" || name === "changeRequest");
}

function checkChangelog(r: Reading, call: MethodCall): void {
  const named = call.arguments.named.find(
    (entry) =>
      entry.kind === "MapEntry" && entry.key.kind === "StringLiteral" && entry.key.value === "pattern",
  );
  const pattern = call.arguments.positional[0] ?? named?.value;
  if (pattern === undefined) {
    refuse(
      r,
      "parameter-missing",
      'Changelog is missing required parameter "pattern".',
      call.method.span,
      "write changelog '.*fix.*'",
    );
    return;
  }
  const problem = pattern.kind === "StringLiteral" ? problemOfPattern(pattern.value) : undefined;
  if (problem === undefined || pattern.kind !== "StringLiteral") return;
  refuse(
    r,
    "pattern-invalid",
    `"${pattern.value}" is not a valid regular expression. ${problem}`,
    pattern.span,
  );
}
