import { announce } from "../../builds/journal/announce.ts";
import { nudgeDeployment } from "../../store/outbox.ts";
import { claim } from "../../store/leases.ts";
import { type CauseOf, NO_WAIT, waitColumns } from "../../waits/cause.ts";
import { procedure, type Steps, type Transaction } from "../../store/procedure.ts";

/** How long a deployer may be silent before another goes on with its roll-out. */
export const ENVIRONMENT_LEASE_MS = 15_000;

export type Turn =
  | { readonly kind: "yours"; readonly fence: number; readonly release: number; readonly dueAtMs: number }
  | { readonly kind: "waits" }
  | { readonly kind: "over" };

/**
 * Takes an environment for one deployment. The release number is taken here, so it rises by construction; who comes back
 * to a deployment that had begun keeps its number and its limit.
 */
export const takeTurn = procedure(
  "deployments.takeTurn",
  { durability: "full" },
  function* (tx: Transaction, input: { deploymentId: number; holder: string }): Steps<Turn> {
    const row = yield* tx.first(
      tx.db.selectFrom("deployments").selectAll().where("id", "=", input.deploymentId).forUpdate(),
    );
    if (row === undefined) return { kind: "over" };
    // Of a deployment from a backup, or whose row could not be read, nothing is known: only a person's word moves it.
    if (row.state === "unknown" && (row.reasonCode === "restored" || row.reasonCode === "internal_error"))
      return { kind: "over" };
    const going =
      row.state === "applying" ||
      row.state === "verifying" ||
      row.state === "rolling_back" ||
      row.state === "unknown";
    if (!going && (row.state !== "pending" || row.approvedBy === null)) return { kind: "over" };
    if (!going) {
      const hold = yield* holdOf(tx, row.environment, row.id);
      if (hold !== null) {
        yield* tx.run(
          tx.db
            .updateTable("deployments")
            .set({
              ...waitColumns(hold),
              ...(row.waitCode === hold.cause ? {} : { waitSinceMs: tx.nowMs }),
            })
            .where("id", "=", row.id),
        );
        return { kind: "waits" };
      }
    }
    const lease = yield* claim(tx, {
      name: `env:${row.environment}`,
      holder: input.holder,
      ttlMs: ENVIRONMENT_LEASE_MS,
    });
    if (lease === null) return { kind: "waits" };
    if (going && row.release !== null && row.dueAtMs !== null) {
      yield* tx.run(tx.db.updateTable("deployments").set({ fence: lease.fence }).where("id", "=", row.id));
      return { kind: "yours", fence: lease.fence, release: row.release, dueAtMs: row.dueAtMs };
    }
    const { releaseCounter } = yield* tx.one(
      tx.db
        .updateTable("environments")
        .set((eb) => ({ releaseCounter: eb("releaseCounter", "+", 1) }))
        .where("name", "=", row.environment)
        .returning("releaseCounter"),
    );
    const dueAtMs = tx.nowMs + row.limitMs;
    yield* tx.run(
      tx.db
        .updateTable("deployments")
        .set({
          state: "applying",
          release: releaseCounter,
          fence: lease.fence,
          startedAtMs: tx.nowMs,
          dueAtMs,
          ...NO_WAIT,
        })
        .where("id", "=", row.id)
        .where("state", "=", "pending"),
    );
    yield* announce(tx, {
      kind: "deployment.changed",
      projectId: row.projectId,
      buildId: row.buildId,
      id: row.id,
    });
    return { kind: "yours", fence: lease.fence, release: releaseCounter, dueAtMs };
  },
);

function* holdOf(
  tx: Transaction,
  environment: string,
  deploymentId: number,
): Steps<CauseOf<"freeze" | "environment_turn"> | null> {
  const env = yield* tx.one(
    tx.db
      .selectFrom("environments")
      .select(["frozenUntilMs", "frozenReason"])
      .where("name", "=", environment)
      .forUpdate(),
  );
  if (env.frozenUntilMs !== null && env.frozenUntilMs > tx.nowMs)
    return {
      cause: "freeze",
      what: "environment",
      name: environment,
      reason: env.frozenReason,
      untilAtMs: env.frozenUntilMs,
    };
  const other = yield* tx.first(
    tx.db
      .selectFrom("deployments")
      .select("id")
      .where("environment", "=", environment)
      .where("id", "!=", deploymentId)
      .where("state", "in", ["applying", "verifying", "rolling_back"]),
  );
  return other === undefined ? null : { cause: "environment_turn", environment, deployment: other.id };
}

/** Nudges those whose turn in an environment it may be now, in the order of their approvals. */
export function* nudgeNext(tx: Transaction, environment: string): Steps<void> {
  const next = yield* tx.all(
    tx.db
      .selectFrom("deployments")
      .select("id")
      .where("environment", "=", environment)
      .where("state", "=", "pending")
      .where("approvedBy", "is not", null)
      .orderBy("approvedAtMs"),
  );
  for (const { id } of next) yield* nudgeDeployment(tx, id);
}
