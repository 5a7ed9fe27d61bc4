import type { Steps, Transaction } from "../../store/procedure.ts";
import { announce } from "./announce.ts";
import { endEffect } from "./end-effect.ts";
import type { TurnInput } from "./turn-input.ts";
import { writeCommands } from "./write-commands.ts";
import type { Written } from "./written.ts";

/** Kinds whose process only the runner can stop; it answers with the command's own end. */
const AT_THE_RUNNER = new Set(["exec", "checkout", "image", "blob", "file"]);

/**
 * Asks the owner of an effect to end it. Where the owner is the database the effect ends here; a runner is told by a
 * command; a deployment that was sent goes on without the build, and the build no longer waits for it.
 */
export function* cancelEffect(
  tx: Transaction,
  turn: TurnInput,
  cancel: TurnInput["cancels"][number],
  written: Written,
): Steps<void> {
  const effect = yield* tx.first(
    tx.db
      .selectFrom("effects")
      .select(["kind", "handle", "state"])
      .where("buildId", "=", turn.buildId)
      .where("id", "=", cancel.id),
  );
  if (effect === undefined || effect.state !== "begun") return;
  if (AT_THE_RUNNER.has(effect.kind)) {
    const told = yield* tellRunner(tx, turn.buildId, effect.handle, cancel.command, written);
    if (told) return;
  }
  if (effect.kind === "session" || effect.kind === "container") {
    const stopped = yield* stopSession(tx, effect.handle, written);
    if (!stopped && effect.kind === "session") {
      // Being opened: the runner's answer no longer matters, and the leave that follows closes it.
      written.placesChanged = true;
    }
  }
  if (effect.kind === "gate") yield* withdrawGate(tx, turn, cancel.id);
  if (effect.kind === "deployment") yield* withdrawDeployments(tx, turn, cancel.id);
  yield* endEffect(tx, {
    buildId: turn.buildId,
    effectId: cancel.id,
    outcome: cancel.interruption,
    exitCode: null,
  });
  written.ended = true;
}

function* tellRunner(
  tx: Transaction,
  buildId: number,
  handle: string,
  body: Uint8Array,
  written: Written,
): Steps<boolean> {
  const command = yield* tx.first(
    tx.db
      .selectFrom("commands")
      .innerJoin("sessions", "sessions.id", "commands.sessionId")
      .select(["commands.sessionId as session", "sessions.state as state", "sessions.runnerId as runnerId"])
      .where("commands.id", "=", handle)
      .where("sessions.buildId", "=", buildId),
  );
  if (command === undefined || command.runnerId === null) return false;
  if (command.state === "lost" || command.state === "closed") return false;
  yield* writeCommands(
    tx,
    command.session,
    null,
    [{ id: `${handle}.x`, type: "cancel", body, stepNo: null, note: null }],
    written,
  );
  return true;
}

function* stopSession(tx: Transaction, handle: string, written: Written): Steps<boolean> {
  const stopped = yield* tx.run(
    tx.db
      .updateTable("sessions")
      .set({ state: "closed", closedAtMs: tx.nowMs })
      .where("id", "=", handle)
      .where("state", "=", "queued"),
  );
  if (stopped === 0) return false;
  yield* tx.run(
    tx.db
      .updateTable("commands")
      .set({ ackedAtMs: tx.nowMs, endedAtMs: tx.nowMs })
      .where("sessionId", "=", handle)
      .where("ackedAtMs", "is", null),
  );
  written.placesChanged = true;
  return true;
}

function* withdrawGate(tx: Transaction, turn: TurnInput, effectId: string): Steps<void> {
  const gate = yield* tx.first(
    tx.db
      .updateTable("gates")
      .set({ state: "withdrawn", decidedAtMs: tx.nowMs })
      .where("buildId", "=", turn.buildId)
      .where("effectId", "=", effectId)
      .where("state", "=", "open")
      .returning("id"),
  );
  if (gate !== undefined)
    yield* announce(tx, {
      kind: "gate.changed",
      projectId: turn.projectId,
      buildId: turn.buildId,
      id: gate.id,
    });
}

function* withdrawDeployments(tx: Transaction, turn: TurnInput, effectId: string): Steps<void> {
  const withdrawn = yield* tx.all(
    tx.db
      .updateTable("deployments")
      .set({
        state: "withdrawn",
        endedAtMs: tx.nowMs,
        reasonCode: "aborted",
        reasonText: "the build was stopped",
      })
      .where("buildId", "=", turn.buildId)
      .where("effectId", "=", effectId)
      .where("state", "=", "pending")
      .returning(["id", "gateId"]),
  );
  for (const { id, gateId } of withdrawn) {
    if (gateId !== null)
      yield* tx.run(
        tx.db
          .updateTable("gates")
          .set({ state: "withdrawn", decidedAtMs: tx.nowMs })
          .where("id", "=", gateId)
          .where("state", "=", "open"),
      );
    yield* announce(tx, { kind: "deployment.changed", projectId: turn.projectId, buildId: turn.buildId, id });
  }
}
