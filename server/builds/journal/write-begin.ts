import { nudge } from "../../store/outbox.ts";
import type { Steps, Transaction } from "../../store/procedure.ts";
import { takeLock } from "../../locks/rows.ts";
import { makeBuild } from "../../webhooks/new-build.ts";
import { announce } from "./announce.ts";
import { endEffect } from "./end-effect.ts";
import { passMilestone } from "./milestones.ts";
import type { BeginInput, CommandInput, PortInput, TurnInput } from "./turn-input.ts";
import { writeCommands } from "./write-commands.ts";
import type { Written } from "./written.ts";

/** One begin: the journal's row and the row that its port waits for. */
export function* writeBegin(
  tx: Transaction,
  turn: TurnInput,
  begin: BeginInput,
  written: Written,
): Steps<void> {
  const dueAtMs = yield* dueOf(tx, turn.buildId, begin);
  yield* tx.run(
    tx.db.insertInto("effects").values({
      buildId: turn.buildId,
      id: begin.id,
      n: begin.n,
      stepNo: begin.stepNo,
      kind: begin.kind,
      name: begin.name,
      argsHash: begin.argsHash,
      args: begin.args,
      handle: begin.handle,
      stage: begin.stage,
      state: "begun",
      begunAtMs: tx.nowMs,
      dueAtMs,
      idleMs: begin.port.kind === "timer" && begin.port.activity ? begin.port.afterMs : null,
      line: begin.line,
      column: begin.column,
    }),
  );
  for (const binding of begin.bindings)
    yield* tx.run(
      tx.db
        .insertInto("secretBindings")
        .values({ buildId: turn.buildId, ...binding, boundAtMs: tx.nowMs })
        .onConflict((conflict) => conflict.doNothing()),
    );
  let late: Uint8Array | null = null;
  if (begin.port.kind === "milestone") {
    const stopped = yield* passMilestone(tx, turn.buildId, begin.port.ordinal);
    if (stopped === null) late = begin.port.late;
    else written.others.push(...stopped);
  }
  yield* writePort(tx, turn, begin, dueAtMs, written);
  if (dueAtMs !== null && (written.earliestDueAtMs === null || dueAtMs < written.earliestDueAtMs))
    written.earliestDueAtMs = dueAtMs;
  if (begin.outcome !== null) {
    yield* endEffect(tx, {
      buildId: turn.buildId,
      effectId: begin.id,
      outcome: late ?? begin.outcome,
      exitCode: null,
    });
    written.ended = true;
  }
}

/** A gate's limit is the earliest of its own and of every timer around it, so that nobody passes it too late. */
function* dueOf(tx: Transaction, buildId: number, begin: BeginInput): Steps<number | null> {
  if (begin.port.kind === "timer") return tx.nowMs + begin.port.afterMs;
  if (begin.port.kind === "lock")
    return begin.port.timeoutMs === null ? null : tx.nowMs + begin.port.timeoutMs;
  if (begin.port.kind !== "gate") return null;
  const own = tx.nowMs + begin.port.limitMs;
  if (begin.timers.length === 0) return own;
  const around = yield* tx.all(
    tx.db
      .selectFrom("effects")
      .select("dueAtMs")
      .where("buildId", "=", buildId)
      .where("id", "in", [...begin.timers]),
  );
  return around.reduce((least, { dueAtMs }) => (dueAtMs === null ? least : Math.min(least, dueAtMs)), own);
}

function* writePort(
  tx: Transaction,
  turn: TurnInput,
  begin: BeginInput,
  dueAtMs: number | null,
  written: Written,
): Steps<void> {
  const port = begin.port;
  switch (port.kind) {
    case "session":
      yield* writeSession(tx, turn, begin, port, written);
      return;
    case "commands":
      yield* wakeSession(tx, port.session, port.unpark, written);
      yield* writeCommands(tx, port.session, begin.id, port.commands, written);
      return;
    case "gate": {
      const row = yield* tx.one(
        tx.db
          .insertInto("gates")
          .values({
            kind: "input",
            projectId: turn.projectId,
            buildId: turn.buildId,
            effectId: begin.id,
            deploymentId: null,
            environment: null,
            state: "open",
            message: port.message,
            okLabel: port.ok,
            form: port.form,
            submitters: port.submitters,
            needed: 1,
            planHash: null,
            dueAtMs: dueAtMs ?? tx.nowMs + port.limitMs,
            openedAtMs: tx.nowMs,
          })
          .returning("id"),
      );
      written.gates.push(row.id);
      yield* announce(tx, {
        kind: "gate.changed",
        projectId: turn.projectId,
        buildId: turn.buildId,
        id: row.id,
      });
      return;
    }
    case "deployments":
      yield* writeDeployments(tx, turn, begin, port, written);
      return;
    case "message":
      for (const recipient of port.recipients)
        yield* tx.run(
          tx.db
            .insertInto("notifications")
            .values({
              subject: `b${turn.buildId}.${begin.id}`,
              event: port.event,
              channel: port.channel,
              recipient,
              projectId: turn.projectId,
              buildId: turn.buildId,
              effectId: begin.id,
              body: port.body,
              state: "pending",
              nextAtMs: tx.nowMs,
              createdAtMs: tx.nowMs,
            })
            .onConflict((conflict) => conflict.doNothing()),
        );
      written.messages = true;
      return;
    case "lock": {
      const ended = yield* takeLock(tx, turn.buildId, begin.id, port);
      if (ended.includes(turn.buildId)) written.ended = true;
      written.others.push(...ended);
      return;
    }
    case "build": {
      const made = yield* makeBuild(tx, port.build);
      if (port.until !== null)
        yield* waitFor(tx, turn.buildId, begin.id, port.until === "end" ? "build" : "build_start", made.id);
      return;
    }
    case "await":
      yield* waitFor(tx, turn.buildId, begin.id, port.stops ? "build" : "build_end", port.buildId);
      return;
    case "milestone":
    case "timer":
    case "none":
      return;
  }
}

/** A step goes on when that build has come so far; with `build` it is stopped where the step is. */
function* waitFor(
  tx: Transaction,
  buildId: number,
  effectId: string,
  kind: "build" | "build_start" | "build_end",
  other: number,
): Steps<void> {
  yield* tx.run(
    tx.db
      .insertInto("signals")
      .values({ buildId, effectId, kind, key: String(other), sinceMs: tx.nowMs, doneAtMs: null }),
  );
}

function* writeSession(
  tx: Transaction,
  turn: TurnInput,
  begin: BeginInput,
  port: Extract<PortInput, { kind: "session" }>,
  written: Written,
): Steps<void> {
  yield* tx.run(
    tx.db.insertInto("sessions").values({
      id: begin.handle,
      buildId: turn.buildId,
      effectId: begin.id,
      outerId: port.outer,
      runnerId: null,
      state: "queued",
      label: port.label,
      trust: port.trust,
      profile: port.profile,
      request: port.request,
      queuedAtMs: tx.nowMs,
    }),
  );
  if (port.outer !== null)
    yield* tx.run(tx.db.updateTable("sessions").set({ placeLent: 1 }).where("id", "=", port.outer));
  yield* writeCommands(tx, begin.handle, begin.id, port.commands, written);
  written.placesChanged = true;
}

/**
 * Takes a parked session up again before it is given work. It counts as taking its place at once, without waiting for a
 * free one: for a moment a runner may have one more at work than it has places.
 */
function* wakeSession(
  tx: Transaction,
  session: string,
  unpark: CommandInput,
  written: Pick<Written, "commands">,
): Steps<void> {
  const woken = yield* tx.run(
    tx.db
      .updateTable("sessions")
      .set({ state: "ready", parkedAtMs: null })
      .where("id", "=", session)
      .where("state", "=", "parked"),
  );
  if (woken > 0) yield* writeCommands(tx, session, null, [unpark], written);
}

function* writeDeployments(
  tx: Transaction,
  turn: TurnInput,
  begin: BeginInput,
  port: Extract<PortInput, { kind: "deployments" }>,
  written: Written,
): Steps<void> {
  const build = yield* tx.one(
    tx.db.selectFrom("builds").select(["ref", "sha", "actor"]).where("id", "=", turn.buildId),
  );
  for (const wanted of port.deployments) {
    const row = yield* tx.one(
      tx.db
        .insertInto("deployments")
        .values({
          projectId: turn.projectId,
          environment: wanted.environment,
          kind: "deploy",
          buildId: turn.buildId,
          effectId: begin.id,
          ref: build.ref,
          sha: build.sha,
          message: wanted.message,
          images: "{}",
          wanted: wanted.wanted,
          plan: new Uint8Array(),
          planHash: "",
          createdBy: build.actor,
          state: "pending",
          waitCode: "target",
          waitSinceMs: tx.nowMs,
          limitMs: wanted.limitMs,
          createdAtMs: tx.nowMs,
        })
        .returning(["id", "epoch"]),
    );
    yield* nudge(tx, "deployments", { id: row.id, epoch: row.epoch });
    written.deployments.push(row.id);
    yield* announce(tx, {
      kind: "deployment.changed",
      projectId: turn.projectId,
      buildId: turn.buildId,
      id: row.id,
    });
  }
}
