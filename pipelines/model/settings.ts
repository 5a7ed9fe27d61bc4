import type { Expression, MethodCall, Statement } from "../syntax/ast.ts";
import { checkCall, namedValues } from "./call-arguments.ts";
import { nearest } from "./nearest.ts";
import type { Setting } from "./pipeline.ts";
import { blockOf, callOf, checkValue, nameOf, plainName, refuse, refuseRepeats } from "./reading.ts";
import type { Reading } from "./reading.ts";
import {
  ARGUMENT_CALLS,
  OPTIONS,
  PARAMETERS,
  shapeOfStep,
  STAGE_OPTIONS,
  TRIGGERS,
  WRAPPERS,
} from "./signatures.ts";
import type { Shape } from "./signatures.ts";
import { readCron } from "../triggers/cron.ts";
import { cronArgument } from "../triggers/specs.ts";

/** What the sections `options`, `parameters` and `triggers` differ in. */
type SettingKind = {
  readonly section: string;
  readonly noun: string;
  readonly plural: string;
  readonly expected: string;
  readonly shapeOf: (r: Reading, name: string) => Shape | undefined;
  readonly names: (r: Reading) => readonly string[];
};

const PARAMETER: SettingKind = {
  section: "parameters",
  noun: "parameter",
  plural: "Build parameters",
  expected: "Expected a build parameter definition",
  shapeOf: (_r, name) => PARAMETERS.get(name),
  names: () => [...PARAMETERS.keys()],
};

const TRIGGER: SettingKind = {
  section: "triggers",
  noun: "trigger",
  plural: "Triggers",
  expected: "Expected a trigger",
  shapeOf: (_r, name) => TRIGGERS.get(name),
  names: () => [...TRIGGERS.keys()],
};

const OPTION: SettingKind = {
  section: "options",
  noun: "option",
  plural: "Options",
  expected: "Expected an option",
  shapeOf: (r, name) => OPTIONS.get(name) ?? shapeOfWrapper(r, name),
  names: () => [...OPTIONS.keys(), ...WRAPPERS],
};

const STAGE_OPTION: SettingKind = {
  ...OPTION,
  shapeOf: (r, name) => (STAGE_OPTIONS.has(name) ? OPTIONS.get(name) : shapeOfWrapper(r, name)),
  names: () => [...STAGE_OPTIONS, ...WRAPPERS],
};

/** A step with a block, its block being the pipeline or stage. */
function shapeOfWrapper(r: Reading, name: string): Shape | undefined {
  const signature = r.stepNamed(name);
  if (signature === undefined)
    return WRAPPERS.has(name) ? { fields: [], sole: undefined, takesBlock: true, isOpen: true } : undefined;
  const wraps = signature.isOption === true || WRAPPERS.has(name);
  return wraps ? shapeOfStep(signature) : undefined;
}

// Options = "options" "{" { Call } "}"
/** Reads `options` of a pipeline or, with fewer of them allowed, of a stage. */
export function readOptions(r: Reading, section: MethodCall, inStage: boolean): Setting[] {
  const options = readSettings(r, section, inStage ? STAGE_OPTION : OPTION);
  refuseRepeats(
    r,
    options,
    (option) => option.name,
    (name) => ({ code: "duplicate-option", message: `Duplicate option name: "${name}"` }),
  );
  for (const option of options) checkOption(r, option);
  return options;
}

// Triggers = "triggers" "{" { Call } "}"
/** Reads `triggers`. */
export function readTriggers(r: Reading, section: MethodCall): Setting[] {
  const triggers = readSettings(r, section, TRIGGER);
  refuseRepeats(
    r,
    triggers,
    (trigger) => trigger.name,
    (name) => ({ code: "duplicate-trigger", message: `Duplicate trigger name: "${name}"` }),
  );
  for (const trigger of triggers) checkCron(r, trigger);
  return triggers;
}

/** A cron text that stands there as written is read now; others when the file runs. */
function checkCron(r: Reading, trigger: Setting): void {
  const name = cronArgument(trigger.name);
  if (name === undefined) return;
  const value = trigger.named.find((given) => given.name === name)?.value ?? trigger.positional[0];
  if (value?.kind !== "StringLiteral") return;
  const reading = readCron(value.value, () => 0);
  if (!reading.ok)
    refuse(
      r,
      "cron-invalid",
      reading.message,
      value.span,
      "minute, hour, day of month, month, day of week: 'H 4 * * 1-5'",
    );
}

// Parameters = "parameters" "{" { Call } "}"
/** Reads `parameters` of a pipeline or of an input. */
export function readParameters(r: Reading, section: MethodCall): Setting[] {
  return readSettings(r, section, PARAMETER);
}

function readSettings(r: Reading, section: MethodCall, kind: SettingKind): Setting[] {
  const block = blockOf(section);
  if (block === undefined) {
    refuse(
      r,
      "block-expected",
      `Expected a block for ${kind.section}`,
      section.method.span,
      `write ${kind.section} { … }`,
    );
    return [];
  }
  const statements = block.body.statements;
  if (statements.length === 0) {
    refuse(
      r,
      "section-empty",
      `${kind.section} can not be empty`,
      section.method.span,
      "leave the section out or fill it",
    );
  }
  return statements.flatMap((statement) => readSetting(r, statement, kind) ?? []);
}

function readSetting(r: Reading, statement: Statement, kind: SettingKind): Setting | undefined {
  const call = callOf(statement);
  if (call === undefined) {
    const isMap = statement.kind === "ExpressionStatement" && statement.expression.kind === "MapExpression";
    const message = isMap ? `${kind.plural} cannot be defined as maps` : kind.expected;
    refuse(
      r,
      `${kind.noun}-expected`,
      message,
      statement.span,
      `write a call, such as ${EXAMPLES[kind.section] ?? ""}`,
    );
    return undefined;
  }
  if (blockOf(call) !== undefined) {
    refuse(r, "block-not-allowed", `${kind.plural} definitions cannot have blocks`, call.method.span);
    return undefined;
  }
  const name = nameOf(r, call);
  checkCallTree(r, call);
  if (plainName(call) !== undefined) checkKind(r, name, call, kind);
  return {
    name,
    named: namedValues(r, call.arguments.named),
    positional: call.arguments.positional,
    call,
    span: call.method.span,
  };
}

const EXAMPLES: Readonly<Record<string, string>> = {
  options: "timeout(time: 1, unit: 'HOURS')",
  parameters: "string(name: 'REF', defaultValue: 'main')",
  triggers: "cron('H 4 * * *')",
};

function checkKind(r: Reading, name: string, call: MethodCall, kind: SettingKind): void {
  const shape = kind.shapeOf(r, name);
  if (shape !== undefined) return checkCall(r, name, call, shape);
  const names = kind.names(r);
  const message = `Invalid ${kind.noun} type "${name}". Valid ${kind.noun} types: [${names.join(", ")}]`;
  refuse(r, `${kind.noun}-unknown`, message, call.method.span, `did you mean ${nearest(name, names)}?`);
}

/** Looks through the calls that stand as arguments: each must be a plain one, none may take a block. */
function checkCallTree(r: Reading, call: MethodCall): void {
  for (const entry of call.arguments.named) checkArgument(r, entry.value, call);
  for (const value of call.arguments.positional) checkArgument(r, value, call);
}

function checkArgument(r: Reading, value: Expression, outer: MethodCall): void {
  if (value.kind === "Closure")
    refuse(
      r,
      "closure-argument",
      "Method call arguments",
      value.span,
      `${plainName(outer) ?? "it"} takes values, no blocks`,
    );
  checkValue(r, value);
  if (value.kind !== "MethodCall" || plainName(value) === "$") return;
  const name = nameOf(r, value);
  const blocked = BLOCKED_CALLS.get(name);
  if (blocked !== undefined) {
    refuse(
      r,
      "step-blocked",
      `Invalid step "${name}" used - not allowed in this context - ${blocked}`,
      value.method.span,
    );
  }
  checkCallTree(r, value);
  checkCall(r, name, value, ARGUMENT_CALLS.get(name));
}

const BLOCKED_CALLS: ReadonlyMap<string, string> = new Map([
  ["stage", "The stage step cannot be used in Declarative Pipelines"],
  ["properties", "The properties step cannot be used in Declarative Pipelines"],
  ["parallel", "The parallel step can only be used as the only top-level step in a stage's step block"],
  ["node", "The node step cannot be called as an argument to a method in Declarative Pipelines"],
]);

const MOST_STASHES = 50n;

function checkOption(r: Reading, option: Setting): void {
  if (option.name === "parameters" || option.name === "triggers" || option.name === "pipelineTriggers") {
    const word = option.name === "parameters" ? "parameters" : "triggers";
    refuse(
      r,
      "job-property-in-options",
      `The "${word}" job property can't be used in the "options" directive. Use the "${word} {...}" directive instead.`,
      option.span,
    );
  }
  if (option.name !== "preserveStashes") return;
  const count = option.named.find((value) => value.name === "buildCount")?.value;
  if (count?.kind === "IntegerLiteral" && (count.value < 1n || count.value > MOST_STASHES)) {
    refuse(
      r,
      "stash-count",
      `The number of builds to preserve must be between 1 and ${MOST_STASHES}.`,
      count.span,
    );
  }
}
