import type { Closure, Expression, MethodCall } from "../syntax/ast.ts";
import { namedValues } from "./call-arguments.ts";
import { nearest } from "./nearest.ts";
import type { Agent, AgentField, AgentType } from "./pipeline.ts";
import {
  argumentCount,
  blockOf,
  callOf,
  checkValue,
  expectLiteral,
  literalText,
  plainName,
  refuse,
  warn,
} from "./reading.ts";
import type { Reading } from "./reading.ts";
import { AGENTS } from "./signatures.ts";

const TYPES: readonly AgentType[] = ["any", "none", "label", "node", "docker", "dockerfile"];

/** Why a kubernetes agent is not started, and what to write instead. */
export const NO_KUBERNETES = "Sluice starts its agents with Docker and has no kubernetes agent";
export const INSTEAD_OF_KUBERNETES =
  "name the image of the container the steps run in: agent { docker 'maven:3-eclipse-temurin-21' }";

const LISTED = "[label, node, any, none, docker, dockerfile]";

// Agent = "agent" ( "any" | "none" | "{" AgentType "}" )
/** Reads `agent`; undefined when it says none that exists. */
export function readAgent(r: Reading, section: MethodCall): Agent | undefined {
  const block = blockOf(section);
  return block === undefined ? readBareAgent(r, section) : readAgentBlock(r, section, block);
}

function readBareAgent(r: Reading, section: MethodCall): Agent | undefined {
  const { span } = section.method;
  const [value] = section.arguments.positional;
  if (argumentCount(section) === 0) {
    refuse(r, "agent-empty", "No argument for agent", span, "write agent any");
    return undefined;
  }
  const name = value === undefined || argumentCount(section) > 1 ? undefined : expectLiteral(r, value);
  if (name === "any" || name === "none") return { type: name, fields: [], span };
  refuse(
    r,
    "agent-bare",
    'Only "agent none", "agent any" or "agent {...}" are allowed.',
    value?.span ?? span,
    "a type of agent stands in a block: agent { label 'linux' }",
  );
  return undefined;
}

// AgentType = Name [ Value | "{" { Field } "}" ]
function readAgentBlock(r: Reading, section: MethodCall, block: Closure): Agent | undefined {
  const [only, second] = block.body.statements;
  const { span } = section.method;
  if (only === undefined) {
    refuse(
      r,
      "agent-empty",
      `No agent type specified. Must be one of ${LISTED}`,
      span,
      "write agent { label 'linux' } or agent any",
    );
    return undefined;
  }
  if (second !== undefined) {
    refuse(
      r,
      "agent-twice",
      "Only one agent type is allowed per agent section",
      second.span,
      "put the fields into the block of the type: docker { image 'x'; args 'y' }",
    );
    return undefined;
  }
  const call = callOf(only);
  if (call === undefined) {
    // A lone `any` or `none` between braces is a name, not a call.
    const name = only.kind === "ExpressionStatement" ? literalText(only.expression) : undefined;
    refuse(
      r,
      "agent-expected",
      "Expected an agent",
      only.span,
      name === "any" || name === "none" ? `write agent ${name}` : "write agent { label 'linux' }",
    );
    return undefined;
  }
  return readAgentType(r, call);
}

function readAgentType(r: Reading, call: MethodCall): Agent | undefined {
  const { span } = call.method;
  const written = plainName(call) ?? expectLiteral(r, call.method);
  if (written === "kubernetes") return kubernetesAgent(r, call);
  const type = TYPES.find((candidate) => candidate === written);
  if (type === undefined) {
    const message = `Invalid agent type "${written}" specified. Must be one of ${LISTED}`;
    refuse(r, "agent-unknown", message, span, `did you mean ${nearest(written, TYPES)}?`);
    return undefined;
  }
  const block = blockOf(call);
  const fields = block === undefined ? readAgentValue(r, call, type) : readAgentFields(r, block);
  if (block !== undefined) checkFields(r, call, type, fields);
  return { type: type === "label" && block !== undefined ? "node" : type, fields, span };
}

/** A valid file that cannot run here: its pod is not read, and the build ends where it would be started. */
function kubernetesAgent(r: Reading, call: MethodCall): Agent {
  warn(r, "agent-kubernetes", NO_KUBERNETES, call.method.span, INSTEAD_OF_KUBERNETES);
  return { type: "kubernetes", fields: [], span: call.method.span };
}

const SOLE_FIELD: Partial<Record<AgentType, string>> = { label: "label", node: "label", docker: "image" };

/** A value alone fills the field that names the agent; `dockerfile true` has nothing to fill. */
function readAgentValue(r: Reading, call: MethodCall, type: AgentType): AgentField[] {
  const { span } = call.method;
  const count = argumentCount(call);
  if (count === 0)
    refuse(
      r,
      "agent-field-empty",
      `No argument for map key "${type}"`,
      span,
      `write ${type} 'value' or ${type} { … }`,
    );
  if (count > 1)
    refuse(r, "agent-field-count", `Too many arguments for map key "${type}"`, span, `write ${type} { … }`);
  if (call.arguments.named.length > 0) return namedValues(r, call.arguments.named);
  const [value] = call.arguments.positional;
  if (value !== undefined) checkValue(r, value);
  const field = SOLE_FIELD[type];
  return value === undefined || field === undefined ? [] : [{ name: field, value, span: value.span }];
}

// Field = Name Value
function readAgentFields(r: Reading, block: Closure): AgentField[] {
  const fields: AgentField[] = [];
  for (const statement of block.body.statements) {
    const call = callOf(statement);
    if (call === undefined) {
      refuse(
        r,
        "agent-field-expected",
        'Expected to find ‘someKey "someValue"’',
        statement.span,
        "a field of an agent is its name and its value: image 'node:24'",
      );
      continue;
    }
    const name = plainName(call) ?? expectLiteral(r, call.method);
    const value = fieldValue(r, call, name);
    if (value !== undefined) fields.push({ name, value, span: call.method.span });
  }
  return fields;
}

function fieldValue(r: Reading, call: MethodCall, name: string): Expression | undefined {
  const count = argumentCount(call);
  const [value] = call.arguments.positional;
  if (count === 0) refuse(r, "agent-field-empty", `No argument for map key "${name}"`, call.method.span);
  if (count > 1) refuse(r, "agent-field-count", `Too many arguments for map key "${name}"`, call.method.span);
  if (value !== undefined && value.kind !== "Closure") checkValue(r, value);
  return count === 1 ? value : undefined;
}

function checkFields(r: Reading, call: MethodCall, type: AgentType, fields: readonly AgentField[]): void {
  const shape = AGENTS.get(type);
  if (shape === undefined) return;
  const names = shape.fields.map((field) => field.name);
  for (const field of shape.fields) {
    if (!field.isRequired || fields.some((given) => given.name === field.name)) continue;
    const message = `Missing required parameter for agent type "${type}": ${field.name}`;
    refuse(r, "agent-field-missing", message, call.method.span, `add ${field.name} '…'`);
  }
  for (const { name, span } of fields) {
    if (names.includes(name)) continue;
    const message = `Invalid config option "${name}" for agent type "${type}". Valid config options are [${names.join(", ")}]`;
    refuse(r, "agent-field-unknown", message, span, `did you mean ${nearest(name, names)}?`);
  }
}
