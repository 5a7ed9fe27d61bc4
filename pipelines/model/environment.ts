import type { Expression, MethodCall, Statement } from "../syntax/ast.ts";
import type { EnvironmentEntry } from "./pipeline.ts";
import { blockOf, checkValue, expectLiteral, plainName, refuse, refuseRepeats, sourceOf } from "./reading.ts";
import type { Reading } from "./reading.ts";

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Refuses a name that no environment variable can have. */
export function checkIdentifier(r: Reading, name: string, span: Expression["span"]): void {
  if (IDENTIFIER.test(name)) return;
  refuse(
    r,
    "invalid-identifier",
    `"${name}" is not a valid identifier and cannot be used for an environment variable. Identifiers must start with a letter or underscore and can contain only letters, numbers or underscores.`,
    span,
  );
}

// Environment = "environment" "{" { Name "=" Value } "}"
/** Reads `environment`. */
export function readEnvironment(r: Reading, section: MethodCall): EnvironmentEntry[] {
  const { span } = section.method;
  const block = blockOf(section);
  if (block === undefined) {
    refuse(
      r,
      "block-expected",
      "Expected a block for environment",
      span,
      "write environment { NAME = 'value' }",
    );
    return [];
  }
  const entries = block.body.statements.flatMap((statement) => readEntry(r, statement) ?? []);
  if (entries.length < block.body.statements.length) {
    refuse(
      r,
      "pairs-expected",
      "Expected name=value pairs",
      span,
      "each line of environment is NAME = 'value'",
    );
  }
  if (block.body.statements.length === 0) {
    refuse(
      r,
      "environment-empty",
      "No variables specified for environment",
      span,
      "leave the section out or fill it",
    );
  }
  refuseRepeats(
    r,
    entries.map((entry) => ({ name: entry.name, span: entry.nameSpan })),
    (entry) => entry.name,
    (name) => ({ code: "duplicate-variable", message: `Duplicate environment variable name: "${name}"` }),
  );
  return entries;
}

function readEntry(r: Reading, statement: Statement): EnvironmentEntry | undefined {
  if (statement.kind === "Declaration") {
    const [variable] = statement.variables;
    if (variable?.initial === undefined) return undefined;
    return entryOf(r, variable.name, variable.nameSpan, variable.initial, statement.span);
  }
  if (statement.kind !== "ExpressionStatement") return undefined;
  const { expression, span } = statement;
  if (expression.kind === "Assignment" && expression.operator === "=") {
    return entryOf(r, expectLiteral(r, expression.target), expression.target.span, expression.value, span);
  }
  refuseStatement(r, expression);
  return undefined;
}

function refuseStatement(r: Reading, expression: Expression): void {
  const source = sourceOf(r, expression);
  if (source.includes("=")) return checkIdentifier(r, (source.split("=")[0] ?? "").trim(), expression.span);
  refuse(
    r,
    "environment-expression",
    `"${source}" is not a valid environment expression. Use "key = value" pairs with valid Java/shell keys.`,
    expression.span,
  );
}

function entryOf(
  r: Reading,
  name: string,
  nameSpan: Expression["span"],
  value: Expression,
  span: Expression["span"],
): EnvironmentEntry {
  checkIdentifier(r, name, nameSpan);
  checkEnvironmentValue(r, value);
  const credentialsId =
    value.kind === "MethodCall" && plainName(value) === "credentials" ? readCredentials(r, value) : undefined;
  return { name, nameSpan, value, ...(credentialsId === undefined ? {} : { credentialsId }), span };
}

function checkEnvironmentValue(r: Reading, value: Expression): void {
  checkValue(r, value);
  if (isConstant(value) || value.kind === "GString" || value.kind === "MethodCall") return;
  if (value.kind === "Binary") return checkSum(r, value);
  if (value.kind === "Elvis" && value.value.kind === "Binary") checkSum(r, value.value);
  refuse(
    r,
    "environment-value",
    "Environment variable values must either be single quoted, double quoted, or function calls.",
    value.span,
    'put the value into double quotes: "${…}"',
  );
}

/** Strings may be joined with `+`, and with nothing else. */
function checkSum(r: Reading, sum: Extract<Expression, { kind: "Binary" }>): void {
  if (sum.operator !== "+") {
    refuse(
      r,
      "environment-operator",
      "Environment variable values can only be joined together with ‘+’s.",
      sum.operatorSpan,
      'compute the value inside a string: "${…}"',
    );
    return;
  }
  if (sum.left.kind === "Binary") checkSum(r, sum.left);
  else checkOperand(r, sum.left);
  checkOperand(r, sum.right);
}

function checkOperand(r: Reading, operand: Expression): void {
  if (isConstant(operand) || operand.kind === "GString") return checkValue(r, operand);
  refuse(
    r,
    "environment-operand",
    "Environment variable values to be concatenated together must be single or double quoted.",
    operand.span,
    'put it into double quotes: "${…}"',
  );
}

function isConstant(value: Expression): boolean {
  return ["StringLiteral", "IntegerLiteral", "DecimalLiteral", "BooleanLiteral", "NullLiteral"].includes(
    value.kind,
  );
}

// Credentials = "credentials" "(" String ")"
function readCredentials(r: Reading, call: MethodCall): Expression | undefined {
  for (const value of [...call.arguments.positional, ...call.arguments.named.map((entry) => entry.value)]) {
    if (isConstant(value) || value.kind === "GString") continue;
    refuse(
      r,
      "credentials-argument",
      "Internal function call parameters must be strings.",
      value.span,
      "write the id of the credentials in quotes",
    );
  }
  return call.arguments.positional[0];
}
