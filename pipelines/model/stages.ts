import type { Closure, Expression, MethodCall, Statement } from "../syntax/ast.ts";
import { readMatrix } from "./matrix.ts";
import { nearest } from "./nearest.ts";
import type { Stage, Work } from "./pipeline.ts";
import { blockOf, callOf, expectLiteral, plainName, readFlag, refuse, refuseRepeats } from "./reading.ts";
import type { Reading } from "./reading.ts";
import { readStageParts, STAGE_PARTS } from "./stage-parts.ts";
import { readSections } from "./sections.ts";
import type { Sections } from "./sections.ts";
import { checkSteps, oldParallel } from "./steps.ts";

const WORK = ["matrix", "parallel", "stages", "steps"] as const;

// Stages = ( "stages" | "parallel" ) "{" { Stage } "}"
/** Reads the stages of a block; `inBranch` is true below a parallel or matrix, where neither may stand again. */
export function readStages(r: Reading, section: MethodCall, inBranch: boolean): Stage[] {
  const { span } = section.method;
  const name = plainName(section) ?? "stages";
  const block = blockOf(section);
  if (block === undefined) {
    refuse(r, "block-expected", `Expected a block for ${name}`, span, `write ${name} { stage('…') { … } }`);
    return [];
  }
  const stages = block.body.statements.flatMap((statement) => readStage(r, statement, inBranch));
  if (block.body.statements.length === 0)
    refuse(r, "stages-empty", "No stages specified", span, "add stage('…') { … }");
  refuseRepeats(
    r,
    stages.map((stage) => ({ name: stage.name, span: stage.nameSpan })),
    (stage) => stage.name,
    (stage) => ({
      code: "duplicate-stage",
      message: `Duplicate stage name: "${stage}"`,
      hint: "give one of the two another name",
    }),
  );
  return stages;
}

// Stage = "stage" "(" String ")" "{" { StagePart | Work | "failFast" Boolean } "}"
function readStage(r: Reading, statement: Statement, inBranch: boolean): Stage[] {
  const call = callOf(statement);
  if (call === undefined || plainName(call) !== "stage" || blockOf(call) === undefined) {
    refuseNonStage(r, statement, call);
    return [];
  }
  const [nameArgument, body] = call.arguments.positional;
  if (nameArgument === undefined || nameArgument.kind === "Closure") {
    refuse(
      r,
      "stage-name",
      nameArgument === undefined ? "Expected a stage name but did not find any" : "Expected string literal",
      call.method.span,
      "write stage('name') { … }",
    );
    return [];
  }
  const name = expectLiteral(r, nameArgument) || "error";
  if (body?.kind !== "Closure") {
    refuse(
      r,
      "stage-block",
      "Stage does not have a block",
      call.method.span,
      "write stage('name') { steps { … } }",
    );
    return [];
  }
  return [readStageBody(r, call, { name, nameSpan: nameArgument.span }, body, inBranch)];
}

function refuseNonStage(r: Reading, statement: Statement, call: MethodCall | undefined): void {
  const at = call?.method.span ?? statement.span;
  refuse(r, "stage-expected", "Expected a stage", at, "write stage('name') { … }");
}

type StageName = { readonly name: string; readonly nameSpan: Expression["span"] };

function readStageBody(
  r: Reading,
  call: MethodCall,
  name: StageName,
  body: Closure,
  inBranch: boolean,
): Stage {
  const sections = readSections(r, body, "stage section");
  for (const { name: section, call: own } of sections.all) checkSectionName(r, section, own);
  const failFast = sections.byName.get("failFast");
  const parts = readStageParts(r, sections);
  const work = readWork(r, sections, inBranch);
  checkWork(r, call, name.name, sections, inBranch);
  return {
    ...parts,
    ...name,
    failFast: failFast === undefined ? false : readFlag(r, failFast, "failFast"),
    work: work ?? { kind: "stages", stages: [] },
    span: call.method.span,
  };
}

/** The sections of a stage. */
export const STAGE_SECTIONS: ReadonlySet<string> = new Set([...STAGE_PARTS, ...WORK, "failFast"]);

function checkSectionName(r: Reading, name: string, call: MethodCall): void {
  if (STAGE_SECTIONS.has(name) || name === "error") return;
  refuse(
    r,
    "section-unknown",
    `Unknown stage section "${name}". Starting with version 0.5, steps in a stage must be in a ‘steps’ block.`,
    call.method.span,
    r.stepNamed(name) === undefined
      ? `did you mean ${nearest(name, [...STAGE_SECTIONS])}?`
      : `write steps { ${name} … }`,
  );
}

function readWork(r: Reading, { all }: Sections, inBranch: boolean): Work | undefined {
  let work: Work | undefined;
  for (const { name, call } of all) work = readOneWork(r, name, call, inBranch) ?? work;
  return work;
}

function readOneWork(r: Reading, name: string, call: MethodCall, inBranch: boolean): Work | undefined {
  if (name === "stages") return { kind: "stages", stages: readStages(r, call, inBranch) };
  if (name === "parallel") return { kind: "parallel", stages: readStages(r, call, true) };
  if (name === "steps") return readSteps(r, call);
  if (name !== "matrix") return undefined;
  const matrix = readMatrix(r, call, (section) => readStages(r, section, true));
  return matrix === undefined ? undefined : { kind: "matrix", matrix };
}

// Steps = "steps" "{" { Step } "}"
function readSteps(r: Reading, call: MethodCall): Work | undefined {
  const body = blockOf(call);
  if (body === undefined) {
    refuse(r, "block-expected", "Expected a block for steps", call.method.span, "write steps { … }");
    return undefined;
  }
  checkSteps(r, body, call);
  return { kind: "steps", body };
}

/** A stage does exactly one thing, and a branch of a parallel or matrix has none of them inside. */
function checkWork(
  r: Reading,
  call: MethodCall,
  name: string,
  { byName }: Sections,
  inBranch: boolean,
): void {
  const written = WORK.filter((word) => byName.has(word));
  const forked = byName.get("matrix") ?? byName.get("parallel") ?? oldParallelIn(byName.get("steps"));
  if (inBranch && forked !== undefined) {
    const message = '"matrix" or "parallel" cannot be nested inside another "matrix" or "parallel".';
    refuse(r, "parallel-nested", message, forked.method.span, "sequential stages { … } may stand here");
  } else if (written.length > 1) {
    const message = `Only one of "matrix", "parallel", "stages", or "steps" allowed for stage "${name}"`;
    const second = byName.get(written[1] ?? "");
    refuse(
      r,
      "work-twice",
      message,
      call.method.span,
      "move one of them into a stage of its own",
      second === undefined ? [] : [{ message: "one too many", span: second.method.span }],
    );
  } else if (written.length === 0 || isEmptyParallel(byName.get("steps"))) {
    const message = `Expected one of "steps", "stages", or "parallel" for stage "${name}"`;
    refuse(r, "work-missing", message, call.method.span, "add steps { … }");
  } else if (byName.has("matrix") || byName.has("parallel")) {
    for (const word of ["agent", "tools"]) refuseBesideBranches(r, name, word, byName.get(word));
  }
}

function oldParallelIn(steps: MethodCall | undefined): MethodCall | undefined {
  const body = blockOf(steps);
  const parallel = body === undefined ? undefined : oldParallel(body);
  return parallel !== undefined && parallel.arguments.named.length > 1 ? parallel : undefined;
}

function isEmptyParallel(steps: MethodCall | undefined): boolean {
  const body = blockOf(steps);
  const parallel = body === undefined ? undefined : oldParallel(body);
  return (
    parallel !== undefined &&
    parallel.arguments.named.length === 0 &&
    parallel.arguments.positional.length === 0
  );
}

function refuseBesideBranches(r: Reading, stage: string, word: string, call: MethodCall | undefined): void {
  if (call === undefined) return;
  const message = `"${word}" is not allowed in stage "${stage}" as it contains parallel or matrix stages`;
  refuse(r, "branches-beside", message, call.method.span, `put ${word} into the stages inside`);
}
