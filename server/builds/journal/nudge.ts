import type { Steps, Transaction } from "../../store/procedure.ts";

/**
 * Asks the queue to look at a build: a new epoch and an outbox row, in the transaction that gave the build something to
 * do. Nothing is written while somebody holds the build, because the holder looks by itself.
 */
export function* nudgeBuild(tx: Transaction, buildId: number): Steps<boolean> {
  const lease = yield* tx.first(
    tx.db
      .selectFrom("leases")
      .select("holder")
      .where("name", "=", `build:${buildId}`)
      .where("holder", "is not", null)
      .where("expiresAtMs", ">", tx.nowMs),
  );
  if (lease !== undefined) return false;
  const row = yield* tx.first(
    tx.db
      .updateTable("builds")
      .set((eb) => ({ epoch: eb("epoch", "+", 1) }))
      .where("id", "=", buildId)
      .where("state", "in", ["queued", "running", "waiting"])
      .returning("epoch"),
  );
  if (row === undefined) return false;
  yield* tx.run(
    tx.db.insertInto("outbox").values({
      queue: "builds",
      jobId: `b-${buildId}-e${row.epoch}`,
      body: JSON.stringify({ id: buildId, epoch: row.epoch }),
      createdAtMs: tx.nowMs,
    }),
  );
  return true;
}
