import { announce } from "../../builds/journal/announce.ts";
import { nudgeDeployment } from "../../store/outbox.ts";
import { procedure, type Steps, type Transaction } from "../../store/procedure.ts";

/** A deployment of an older release, before its plan is written. */
export const insertRollBack = procedure(
  "deployments.insertRollBack",
  { durability: "full" },
  function* (
    tx: Transaction,
    input: { of: number; by: string; message: string | null; limitMs: number },
  ): Steps<{ id: number }> {
    const old = yield* tx.one(
      tx.db
        .selectFrom("deployments")
        .select(["projectId", "environment", "ref", "sha", "images"])
        .where("id", "=", input.of),
    );
    const row = yield* tx.one(
      tx.db
        .insertInto("deployments")
        .values({
          ...old,
          kind: "rollback",
          rollbackOf: input.of,
          buildId: null,
          effectId: null,
          message: input.message,
          wanted: null,
          plan: new Uint8Array(),
          planHash: "",
          createdBy: input.by,
          state: "pending",
          waitCode: "target",
          waitSinceMs: tx.nowMs,
          limitMs: input.limitMs,
          createdAtMs: tx.nowMs,
        })
        .returning("id"),
    );
    yield* announce(tx, { kind: "deployment.changed", projectId: old.projectId, buildId: null, id: row.id });
    return row;
  },
);

/** Withdraws a roll-back whose plan could not be written. */
export const forgetRollBack = procedure(
  "deployments.forgetRollBack",
  { durability: "full" },
  function* (tx: Transaction, input: { id: number; text: string }): Steps<void> {
    yield* tx.run(
      tx.db
        .updateTable("deployments")
        .set({
          state: "withdrawn",
          endedAtMs: tx.nowMs,
          reasonCode: "target_unreachable",
          reasonFault: "sluice",
          reasonText: input.text,
        })
        .where("id", "=", input.id)
        .where("state", "=", "pending"),
    );
    yield* nudgeDeployment(tx, input.id);
  },
);
