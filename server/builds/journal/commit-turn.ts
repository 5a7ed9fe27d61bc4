import { endTime } from "../../store/end-time.ts";
import { holds } from "../../store/leases.ts";
import { NO_WAIT } from "../../waits/cause.ts";
import { procedure, type Steps, type Transaction } from "../../store/procedure.ts";
import { announce } from "./announce.ts";
import { finishBuild } from "./finish-build.ts";
import { writeBegin } from "./write-begin.ts";
import { createWritten, type Written } from "./written.ts";
import { writeTriggers } from "../../schedules/rows.ts";
import { writePipelineSettings } from "./pipeline-settings.ts";
import type { TurnInput, TurnResult } from "./turn-input.ts";
import { cancelEffect } from "./cancel-effect.ts";
import { nudgeNext } from "./next-starts.ts";
import { leaveLocks } from "../../locks/rows.ts";
import { leaveContainer, leaveSession } from "./leave.ts";

/**
 * Writes one turn: new rows of the journal with what their ports need, closes, cancels, what the page reads, and how far
 * the build has come. Nothing of it is seen before all of it is.
 */
export const commitTurn = procedure(
  "builds.commitTurn",
  { durability: "normal" },
  function* (tx: Transaction, input: TurnInput): Steps<TurnResult> {
    if (!(yield* holds(tx, { name: `build:${input.buildId}`, fence: input.fence }))) return { kind: "lost" };
    const written = createWritten();
    for (const begin of input.begins) yield* writeBegin(tx, input, begin, written);
    if (input.closes.length > 0)
      yield* tx.run(
        tx.db
          .updateTable("effects")
          .set({ state: "closed", endedAtMs: tx.nowMs })
          .where("buildId", "=", input.buildId)
          .where("id", "in", [...input.closes])
          .where("state", "=", "begun"),
      );
    for (const cancel of input.cancels) yield* cancelEffect(tx, input, cancel, written);
    for (const leave of input.leaves) {
      if (leave.kind === "session") yield* leaveSession(tx, input.buildId, leave.id, leave.command, written);
      else if (leave.kind === "container")
        yield* leaveContainer(tx, input.buildId, leave.id, leave.command, written);
      else written.others.push(...(yield* leaveLocks(tx, input.buildId, leave.id)));
    }
    if (input.pipelineSettings !== null) yield* writePipelineSettings(tx, input.pipelineSettings);
    if (input.triggers !== null) yield* writeTriggers(tx, input.projectId, input.triggers);
    yield* writePage(tx, input);
    yield* writeProgress(tx, input, written);
    return {
      kind: "done",
      commands: written.commands,
      placesChanged: written.placesChanged,
      earliestDueAtMs: written.earliestDueAtMs,
      deployments: written.deployments,
      gates: written.gates,
      messages: written.messages,
      deliverMore: written.ended,
      others: written.others.filter((id) => id !== input.buildId),
    };
  },
);

function* writePage(tx: Transaction, input: TurnInput): Steps<void> {
  for (const stage of input.stages) {
    const over = stage.state !== "running" && stage.state !== "waiting" && stage.state !== "queued";
    const row = { state: stage.state, reasonText: stage.reasonText };
    yield* tx.run(
      tx.db
        .insertInto("stages")
        .values({
          buildId: input.buildId,
          path: stage.path,
          no: stage.no,
          name: stage.name,
          parent: stage.parent,
          kind: stage.kind,
          startedAtMs: stage.state === "skipped" || stage.state === "not_built" ? null : tx.nowMs,
          endedAtMs: over ? tx.nowMs : null,
          ...row,
        })
        .onConflict((conflict) =>
          conflict
            .columns(["buildId", "path"])
            .doUpdateSet({ ...row, endedAtMs: over ? endTime(tx, "stages.startedAtMs") : null }),
        ),
    );
  }
  for (const step of input.steps) {
    const over = step.state !== "running";
    yield* tx.run(
      tx.db
        .insertInto("steps")
        .values({
          buildId: input.buildId,
          stepNo: step.stepNo,
          stagePath: step.stagePath,
          effectId: step.effectId,
          name: step.name,
          label: step.label,
          line: step.line,
          startedAtMs: tx.nowMs,
          state: step.state,
          failingLine: step.failingLine,
          endedAtMs: over ? tx.nowMs : null,
        })
        .onConflict((conflict) =>
          conflict.columns(["buildId", "stepNo"]).doUpdateSet({
            state: step.state,
            failingLine: step.failingLine,
            endedAtMs: over ? endTime(tx, "steps.startedAtMs") : null,
          }),
        ),
    );
  }
}

function* writeProgress(tx: Transaction, input: TurnInput, written: Written): Steps<void> {
  const state = input.end === null ? yield* openState(tx, input.buildId) : null;
  const before = yield* tx.first(
    tx.db.selectFrom("builds").select(["state", "startedAtMs"]).where("id", "=", input.buildId),
  );
  yield* tx.run(
    tx.db
      .updateTable("builds")
      .set((eb) => ({
        delivered: input.delivered,
        marksDone: input.marksDone,
        consoleLength: input.consoleLength,
        version: eb("version", "+", 1),
        // A step forward: what went wrong under it before was not its doing.
        infraAttempts: 0,
        ...(before?.startedAtMs === null ? { startedAtMs: tx.nowMs } : {}),
        ...(input.displayName === null ? {} : { displayName: input.displayName }),
        ...(input.description === null ? {} : { description: input.description }),
        ...(input.keep ? { keep: 1 as const } : {}),
        ...(state === null ? {} : { state, ...NO_WAIT }),
      }))
      .where("id", "=", input.buildId),
  );
  if (input.end !== null) yield* finishBuild(tx, input.buildId, input.end, written);
  // What waits for people leaves its turn to the next of the project.
  else if (state === "waiting" && before?.state === "running") yield* nudgeNext(tx, input.projectId);
  const visible =
    input.stages.length > 0 || input.end !== null || (state !== null && state !== before?.state);
  if (visible)
    yield* announce(tx, {
      kind: "build.changed",
      projectId: input.projectId,
      buildId: input.buildId,
      id: input.buildId,
    });
  else if (input.steps.length > 0)
    yield* announce(tx, {
      kind: "step.changed",
      projectId: input.projectId,
      buildId: input.buildId,
      id: null,
    });
}

/** `waiting` when all that is open, timers apart, waits for a person. */
export function* openState(tx: Transaction, buildId: number): Steps<"running" | "waiting"> {
  const open = yield* tx.all(
    tx.db
      .selectFrom("effects")
      .select(["kind", "id"])
      .where("buildId", "=", buildId)
      .where("state", "=", "begun")
      .where("kind", "!=", "timer"),
  );
  if (open.length === 0) return "running";
  if (open.some(({ kind }) => kind !== "gate" && kind !== "deployment")) return "running";
  if (open.every(({ kind }) => kind === "gate")) return "waiting";
  const going = yield* tx.first(
    tx.db
      .selectFrom("deployments")
      .select("id")
      .where("buildId", "=", buildId)
      .where("state", "in", ["applying", "verifying", "rolling_back"]),
  );
  return going === undefined ? "waiting" : "running";
}
