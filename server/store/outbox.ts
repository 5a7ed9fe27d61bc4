import { procedure } from "./procedure.ts";
import type { Steps, Transaction } from "./procedure.ts";
import type { QueueName } from "./states.ts";

/** A nudge: "look at row `id`, epoch `epoch`". It never says more, and it may be lost or come twice. */
export interface Nudge {
  id: number;
  epoch: number;
}

const PREFIX = { builds: "b", deployments: "d", notifications: "n", upkeep: "u" } as const;

/** Puts a nudge beside the change that it speaks of. The same id and epoch twice is one nudge. */
export function* nudge(tx: Transaction, queue: QueueName, about: Nudge): Steps<void> {
  yield* tx.run(
    tx.db
      .insertInto("outbox")
      .values({
        queue,
        jobId: `${PREFIX[queue]}-${about.id}-e${about.epoch}`,
        body: JSON.stringify({ id: about.id, epoch: about.epoch }),
        createdAtMs: tx.nowMs,
      })
      .onConflict((on) => on.columns(["queue", "jobId"]).doNothing()),
  );
}

/** Raises a build's epoch and nudges whoever may load it; the build's new epoch. */
export function* nudgeBuild(tx: Transaction, buildId: number): Steps<number> {
  const { epoch } = yield* tx.one(
    tx.db
      .updateTable("builds")
      .set((eb) => ({ epoch: eb("epoch", "+", 1) }))
      .where("id", "=", buildId)
      .returning("epoch"),
  );
  yield* nudge(tx, "builds", { id: buildId, epoch });
  return epoch;
}

/** Raises a deployment's epoch and nudges the deployer; the deployment's new epoch. */
export function* nudgeDeployment(tx: Transaction, deploymentId: number): Steps<number> {
  const { epoch } = yield* tx.one(
    tx.db
      .updateTable("deployments")
      .set((eb) => ({ epoch: eb("epoch", "+", 1) }))
      .where("id", "=", deploymentId)
      .returning("epoch"),
  );
  yield* nudge(tx, "deployments", { id: deploymentId, epoch });
  return epoch;
}

/** Notes what changed for live pages and the history; with the change, in its transaction. */
export function* record(
  tx: Transaction,
  event: {
    kind: string;
    projectId?: number | null;
    buildId?: number | null;
    actor?: string | null;
    body: unknown;
  },
): Steps<number> {
  const { id } = yield* tx.one(
    tx.db
      .insertInto("events")
      .values({
        kind: event.kind,
        projectId: event.projectId ?? null,
        buildId: event.buildId ?? null,
        actor: event.actor ?? null,
        body: JSON.stringify(event.body),
        atMs: tx.nowMs,
      })
      .returning("id"),
  );
  return id;
}

/** Notes that a queue has got these rows, and forgets those it got long ago. */
export const nudgesSent = procedure(
  "nudgesSent",
  { durability: "normal" },
  function* (tx, input: { ids: readonly number[]; keepMs: number }) {
    if (input.ids.length > 0) {
      yield* tx.run(
        tx.db.updateTable("outbox").set({ dispatchedAtMs: tx.nowMs }).where("id", "in", input.ids),
      );
    }
    return yield* tx.run(
      tx.db
        .deleteFrom("outbox")
        .where("dispatchedAtMs", "is not", null)
        .where("dispatchedAtMs", "<", tx.nowMs - input.keepMs),
    );
  },
);
