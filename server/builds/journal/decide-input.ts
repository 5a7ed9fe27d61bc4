import { procedure, type Steps, type Transaction } from "../../store/procedure.ts";
import { announce } from "./announce.ts";
import { endEffect } from "./end-effect.ts";

/** Who decides an `input`, and what the script gets of it. */
export interface InputDecision {
  readonly gateId: number;
  readonly userId: number;
  readonly by: string;
  readonly decision: "approve" | "reject";
  readonly reason: string | null;
  /** Sealed under the build's key, as the effect's end and as what the form was answered with. */
  readonly outcome: Uint8Array;
  readonly value: Uint8Array;
}

export type InputDecided =
  | { readonly kind: "decided"; readonly buildId: number }
  /** The same person said the same before: nothing new. */
  | { readonly kind: "repeated" }
  | { readonly kind: "over"; readonly state: string; readonly by: string | null };

/** Decides an `input` once: of two who click at the same instant one update finds it open and in time. */
export const decideInput = procedure(
  "builds.decideInput",
  { durability: "full" },
  function* (tx: Transaction, input: InputDecision): Steps<InputDecided> {
    const state = input.decision === "approve" ? ("approved" as const) : ("rejected" as const);
    const gate = yield* tx.first(
      tx.db
        .updateTable("gates")
        .set({ state, decidedBy: input.by, decidedAtMs: tx.nowMs, reason: input.reason, value: input.value })
        .where("id", "=", input.gateId)
        .where("kind", "=", "input")
        .where("state", "=", "open")
        .where("dueAtMs", ">", tx.nowMs)
        .returning(["buildId", "effectId", "projectId"]),
    );
    if (gate === undefined) {
      const row = yield* tx.one(
        tx.db.selectFrom("gates").select(["state", "decidedBy"]).where("id", "=", input.gateId),
      );
      if (row.state === state && row.decidedBy === input.by) return { kind: "repeated" };
      return { kind: "over", state: row.state, by: row.decidedBy };
    }
    yield* tx.run(
      tx.db.insertInto("gateVotes").values({
        gateId: input.gateId,
        userId: input.userId,
        userName: input.by,
        verdict: input.decision,
        planHash: null,
        reason: input.reason,
        atMs: tx.nowMs,
      }),
    );
    yield* announce(tx, {
      kind: "gate.changed",
      projectId: gate.projectId,
      buildId: gate.buildId,
      id: input.gateId,
    });
    if (gate.buildId === null || gate.effectId === null)
      return { kind: "over", state: "withdrawn", by: null };
    yield* endEffect(tx, {
      buildId: gate.buildId,
      effectId: gate.effectId,
      outcome: input.outcome,
      exitCode: null,
    });
    return { kind: "decided", buildId: gate.buildId };
  },
);

/** Ends gates of `input` whose time is over; their builds hear of it. */
export const expireInput = procedure(
  "builds.expireInput",
  { durability: "full" },
  function* (tx: Transaction, input: { gateId: number; outcome: Uint8Array }): Steps<number | null> {
    const gate = yield* tx.first(
      tx.db
        .updateTable("gates")
        .set({ state: "expired", decidedAtMs: tx.nowMs })
        .where("id", "=", input.gateId)
        .where("state", "=", "open")
        .where("dueAtMs", "<=", tx.nowMs)
        .returning(["buildId", "effectId", "projectId"]),
    );
    if (gate === undefined || gate.buildId === null || gate.effectId === null) return null;
    yield* announce(tx, {
      kind: "gate.changed",
      projectId: gate.projectId,
      buildId: gate.buildId,
      id: input.gateId,
    });
    yield* endEffect(tx, {
      buildId: gate.buildId,
      effectId: gate.effectId,
      outcome: input.outcome,
      exitCode: null,
    });
    return gate.buildId;
  },
);
