import { indexed } from "../store/conditions.ts";
import { announce } from "../builds/journal/announce.ts";
import { endEffect } from "../builds/journal/end-effect.ts";
import { nudge } from "../store/outbox.ts";
import { procedure, type Steps, type Transaction } from "../store/procedure.ts";

/** A message on its way into the rows. Subject, event, channel and recipient together are sent once. */
export interface NewNotification {
  readonly subject: string;
  readonly event: string;
  readonly channel: string;
  readonly recipient: string;
  readonly projectId: number | null;
  readonly buildId: number | null;
  readonly body: string;
  readonly threadKey: string | null;
}

/** Whose end people are told of by messages, or need not be told of. */
export interface Ended {
  readonly table: "builds" | "deployments";
  readonly id: number;
}

/**
 * Writes messages and their nudges; what was written before is left as it is. The end that they tell of counts as told
 * with them, since its nudge may be lost with Redis.
 */
export const queueNotifications = procedure(
  "notifications.queue",
  { durability: "full" },
  function* (
    tx: Transaction,
    input: { items: readonly NewNotification[]; told: Ended | null },
  ): Steps<number> {
    let written = 0;
    for (const item of input.items) {
      const row = yield* tx.first(
        tx.db
          .insertInto("notifications")
          .values({ ...item, effectId: null, state: "pending", nextAtMs: tx.nowMs, createdAtMs: tx.nowMs })
          .onConflict((conflict) => conflict.doNothing())
          .returning("id"),
      );
      if (row === undefined) continue;
      written += 1;
      yield* nudge(tx, "notifications", { id: row.id, epoch: 0 });
    }
    if (input.told !== null)
      yield* tx.run(
        tx.db.updateTable(input.told.table).set({ peopleTold: 1 }).where("id", "=", input.told.id),
      );
    return written;
  },
);

/** A message that is to be sent now. */
export interface DueNotification {
  readonly id: number;
  readonly channel: string;
  readonly recipient: string;
  readonly body: string;
  readonly attempts: number;
  readonly subject: string;
  readonly event: string;
  readonly threadKey: string | null;
  readonly buildId: number | null;
  readonly effectId: string | null;
}

/** How long whoever took a message has to send it before it is due again. */
const TAKEN_MS = 90_000;

/** Takes a due message, so that two who look at once do not send it twice. */
export const takeNotification = procedure(
  "notifications.take",
  { durability: "normal" },
  function* (tx: Transaction, input: { id: number }): Steps<DueNotification | null> {
    const row = yield* tx.first(
      tx.db
        .updateTable("notifications")
        .set((eb) => ({ nextAtMs: tx.nowMs + TAKEN_MS, attempts: eb("attempts", "+", 1) }))
        .where("id", "=", input.id)
        .where("state", "in", ["pending", "retrying"])
        .where("nextAtMs", "<=", tx.nowMs)
        .returning([
          "id",
          "channel",
          "recipient",
          "body",
          "attempts",
          "subject",
          "event",
          "threadKey",
          "buildId",
          "effectId",
        ]),
    );
    return row ?? null;
  },
);

/**
 * For a start: makes due at once what an earlier life had taken for its first attempt and did not come to settle. Were
 * somebody sending it just now, it would arrive twice under one id, as after any crash. A retry that is waited for keeps
 * its time.
 */
export const releaseTaken = procedure(
  "notifications.releaseTaken",
  { durability: "normal" },
  function* (tx: Transaction, _input: Record<string, never>): Steps<number> {
    const rows = yield* tx.all(
      tx.db
        .updateTable("notifications")
        .set({ nextAtMs: tx.nowMs })
        .where(indexed("messageDue"))
        .where("state", "=", "pending")
        .where("attempts", ">", 0)
        .where("nextAtMs", ">", tx.nowMs)
        .returning("id"),
    );
    return rows.length;
  },
);

/** Notes what came of an attempt; a message step's effect ends with the last word on its messages. */
export const settleNotification = procedure(
  "notifications.settle",
  { durability: "full" },
  function* (
    tx: Transaction,
    input: {
      id: number;
      state: "sent" | "retrying" | "dead";
      answer: string;
      messageId: string;
      afterMs: number;
      /** Sealed end of the message step, where this was one. */
      outcome: Uint8Array | null;
    },
  ): Steps<number | null> {
    const row = yield* tx.first(
      tx.db
        .updateTable("notifications")
        .set({
          state: input.state,
          answer: input.answer.slice(0, 1000),
          messageId: input.messageId,
          nextAtMs: input.state === "retrying" ? tx.nowMs + input.afterMs : null,
          ...(input.state === "sent" ? { sentAtMs: tx.nowMs } : {}),
        })
        .where("id", "=", input.id)
        .where("state", "in", ["pending", "retrying"])
        .returning(["projectId", "buildId", "effectId"]),
    );
    if (row === undefined) return null;
    yield* announce(tx, {
      kind: "notification.changed",
      projectId: row.projectId,
      buildId: row.buildId,
      id: input.id,
    });
    if (row.effectId === null || row.buildId === null || input.outcome === null || input.state === "retrying")
      return null;
    const open = yield* tx.first(
      tx.db
        .selectFrom("notifications")
        .select("id")
        .where("buildId", "=", row.buildId)
        .where("effectId", "=", row.effectId)
        .where("state", "in", ["pending", "retrying"]),
    );
    if (open !== undefined) return null;
    yield* endEffect(tx, {
      buildId: row.buildId,
      effectId: row.effectId,
      outcome: input.outcome,
      exitCode: null,
    });
    return row.buildId;
  },
);

/** Messages whose time has come. */
export const dueNotifications = procedure(
  "notifications.due",
  { durability: "normal" },
  function* (tx: Transaction, input: { limit: number }): Steps<number[]> {
    const rows = yield* tx.all(
      tx.db
        .selectFrom("notifications")
        .select("id")
        .where(indexed("messageDue"))
        .where("nextAtMs", "<=", tx.nowMs)
        .orderBy("nextAtMs")
        .limit(input.limit),
    );
    return rows.map((row) => row.id);
  },
);

/** Message steps that have waited a minute for their message: the build does not wait longer. */
export const overdueMessageSteps = procedure(
  "notifications.overdueSteps",
  { durability: "normal" },
  function* (tx: Transaction, input: { afterMs: number }): Steps<{ buildId: number; effectId: string }[]> {
    const rows = yield* tx.all(
      tx.db
        .selectFrom("effects")
        .select(["buildId", "id"])
        .where(indexed("messageStep"))
        .where("begunAtMs", "<=", tx.nowMs - input.afterMs),
    );
    return rows.map((row) => ({ buildId: row.buildId, effectId: row.id }));
  },
);

/** Sends a dead or waiting message again at once. */
export const resendNotification = procedure(
  "notifications.resend",
  { durability: "full" },
  function* (tx: Transaction, input: { id: number }): Steps<boolean> {
    const row = yield* tx.first(
      tx.db
        .updateTable("notifications")
        .set((eb) => ({
          state: "pending" as const,
          attempts: 0,
          nextAtMs: tx.nowMs,
          epoch: eb("epoch", "+", 1),
        }))
        .where("id", "=", input.id)
        .where("state", "in", ["dead", "retrying"])
        .returning(["id", "epoch", "projectId", "buildId"]),
    );
    if (row === undefined) return false;
    yield* nudge(tx, "notifications", { id: row.id, epoch: row.epoch });
    yield* announce(tx, {
      kind: "notification.changed",
      projectId: row.projectId,
      buildId: row.buildId,
      id: row.id,
    });
    return true;
  },
);
