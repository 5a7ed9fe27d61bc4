import type { StageMark, StepMark, Turn } from "../../pipelines/ports.ts";
import type { PartState } from "../store/states.ts";
import type { StageInput, StepInput, TurnInput } from "./journal/turn-input.ts";
import {
  type BeginPorts,
  type BeginScope,
  endInput,
  handleOf,
  prepareBegin,
  sealOutcome,
} from "./prepare-begin.ts";
import { pipelineSettingsName } from "./journal/pipeline-settings.ts";
import { cronText, upstreamOf } from "../../pipelines/triggers/specs.ts";
import type { TriggerRows } from "../schedules/rows.ts";
import type { CommandBody } from "./translate/commands.ts";
import { interruption } from "./translate/failure.ts";

const CANCEL_GRACE_MS = 5_000;

interface Options {
  readonly scope: BeginScope;
  readonly fence: number;
  readonly turn: Turn;
  readonly delivered: number;
  readonly marksDone: number;
  readonly consoleLength: number;
  readonly stageNumbers: ReadonlyMap<string, number>;
  readonly containers: ReadonlyMap<string, string>;
  readonly ports: BeginPorts;
  /** Which line of a failed step's log says why. */
  readonly failingLine: (stepNo: number) => Promise<number | null>;
}

/** Everything a turn writes, looked up and sealed, so that its transaction waits for nobody. */
export async function turnInput(options: Options): Promise<TurnInput> {
  const { scope, turn } = options;
  const begins = [];
  for (const begin of turn.begins) begins.push(await prepareBegin(scope, begin, options.ports));
  const built = turn.marks.filter((mark) => mark.kind === "build");
  return {
    buildId: scope.buildId,
    projectId: scope.projectId,
    fence: options.fence,
    delivered: options.delivered,
    begins,
    closes: turn.closes,
    cancels: turn.cancels.map(({ id, level, reason }) => ({
      id,
      level,
      interruption: sealOutcome(scope.seal, id, { error: interruption("ABORTED", reason) }),
      command: sealBody(scope, {
        type: "cancel",
        id: `${handleOf(scope.buildId, id)}.x`,
        command: handleOf(scope.buildId, id),
        graceMs: CANCEL_GRACE_MS,
      }),
    })),
    leaves: turn.leaves.map((leave) => {
      const handle = handleOf(scope.buildId, leave.id);
      if (leave.kind === "session")
        return { ...leave, command: sealBody(scope, { type: "close", id: `${handle}.c` }) };
      const container = leave.kind === "container" ? options.containers.get(leave.id) : undefined;
      if (container !== undefined)
        return { ...leave, command: sealBody(scope, { type: "drop", id: `${handle}.d`, container }) };
      return { ...leave, command: null };
    }),
    stages: stageRows(turn, options.stageNumbers),
    steps: await stepRows(turn, options.failingLine),
    marksDone: options.marksDone,
    consoleLength: options.consoleLength,
    displayName: built.findLast((mark) => mark.displayName !== undefined)?.displayName ?? null,
    description: built.findLast((mark) => mark.description !== undefined)?.description ?? null,
    keep: built.some((mark) => mark.keepLog === true),
    pipelineSettings: settingsOf(scope, turn),
    triggers: triggersOf(scope, turn),
    end: turn.end === undefined ? null : endInput(turn.end),
  };
}

function sealBody(scope: BeginScope, body: CommandBody): Uint8Array {
  return scope.seal.seal(`command ${body.id}`, JSON.stringify(body));
}

/** The latest word on each stage; earlier ones of the same turn never show. */
function stageRows(turn: Turn, numbers: ReadonlyMap<string, number>): StageInput[] {
  const latest = new Map<string, StageMark>();
  for (const mark of turn.marks) if (mark.kind === "stage") latest.set(mark.path, mark);
  return [...latest.values()].map((mark) => ({
    path: mark.path,
    no: numbers.get(mark.path) ?? 0,
    name: mark.name,
    parent: mark.parent,
    kind: mark.shape === "group" ? "stage" : mark.shape,
    state: mark.state,
    reasonText: mark.note,
  }));
}

async function stepRows(turn: Turn, failingLine: Options["failingLine"]): Promise<StepInput[]> {
  const lines = new Map(turn.begins.map((begin) => [begin.id, begin.span.line]));
  const latest = new Map<number, StepMark>();
  for (const mark of turn.marks) if (mark.kind === "step") latest.set(mark.stepNo, mark);
  const rows: StepInput[] = [];
  for (const mark of latest.values())
    rows.push({
      stepNo: mark.stepNo,
      stagePath: mark.stage,
      effectId: mark.effect,
      name: mark.name,
      label: mark.label,
      state: mark.state satisfies PartState,
      line: mark.effect === null ? null : (lines.get(mark.effect) ?? null),
      failingLine: mark.state === "failed" ? await failingLine(mark.stepNo) : null,
    });
  return rows;
}

/** Options, triggers and parameters that a file gives its project: they hold for the next builds of the ref. */
function settingsOf(scope: BeginScope, turn: Turn): TurnInput["pipelineSettings"] {
  const mark = turn.marks.findLast((one) => one.kind === "settings");
  if (mark === undefined) return null;
  const { parameters, properties, triggers } = mark;
  return {
    name: pipelineSettingsName(scope.projectId, scope.head.ref),
    body: JSON.stringify({ parameters, properties, triggers }),
  };
}

/** Triggers hold for the project, so only the file of its default branch sets them. `pollSCM` is what the sweep does anyway. */
function triggersOf(scope: BeginScope, turn: Turn): TriggerRows | null {
  const mark = turn.marks.findLast((one) => one.kind === "settings");
  const { event, project, ref, settings } = scope.head;
  if (mark === undefined || !scope.trusted || event.kind !== "branch" || !event.primary) return null;
  return {
    ref,
    jobName: project.jobName,
    timeZone: settings.timeZone,
    crons: mark.triggers.flatMap((trigger) => {
      const text = trigger.name === "pollSCM" ? null : cronText(trigger);
      return text === null ? [] : [text];
    }),
    upstreams: mark.triggers.flatMap((trigger) => {
      const upstream = upstreamOf(trigger);
      return upstream === null
        ? []
        : upstream.projects.map((named) => ({ project: named, threshold: upstream.threshold }));
    }),
  };
}
