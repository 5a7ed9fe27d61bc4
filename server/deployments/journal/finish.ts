import { announce } from "../../builds/journal/announce.ts";
import { endTime } from "../../store/end-time.ts";
import { holds, release } from "../../store/leases.ts";
import { nudgeDeployment } from "../../store/outbox.ts";
import { nudgeNext } from "./take-turn.ts";
import { NO_WAIT } from "../../waits/cause.ts";
import { procedure, type Steps, type Transaction } from "../../store/procedure.ts";
import type { DeploymentState, Fault } from "../../store/states.ts";

/** How a deployment ended, or that nobody knows. */
export interface FinishInput {
  readonly deploymentId: number;
  readonly environment: string;
  readonly fence: number;
  readonly state: Extract<
    DeploymentState,
    "succeeded" | "failed" | "unknown" | "rolled_back" | "rollback_failed"
  >;
  readonly code: string | null;
  readonly fault: Fault | null;
  readonly text: string | null;
  /** What runs now, where it is known. */
  readonly live: readonly { readonly target: string; readonly service: string; readonly image: string }[];
  readonly supersede: boolean;
}

/**
 * Ends a deployment: its state, what is live, older gates of the environment that are withdrawn by it, the lease given
 * back and the next in line nudged, all at once.
 */
export const finishDeployment = procedure(
  "deployments.finish",
  { durability: "full" },
  function* (tx: Transaction, input: FinishInput): Steps<{ done: boolean; withdrawn: number[] }> {
    const lease = { name: `env:${input.environment}`, fence: input.fence };
    if (!(yield* holds(tx, lease))) return { done: false, withdrawn: [] };
    const row = yield* tx.first(
      tx.db
        .updateTable("deployments")
        .set({
          state: input.state,
          reasonCode: input.code,
          reasonFault: input.fault,
          reasonText: input.text,
          ...NO_WAIT,
          ...(input.state === "unknown" ? {} : { endedAtMs: endTime(tx, "startedAtMs") }),
        })
        .where("id", "=", input.deploymentId)
        .where("state", "in", ["applying", "verifying", "rolling_back", "unknown"])
        .returning(["id", "projectId", "buildId", "release", "sha"]),
    );
    if (row === undefined) return { done: false, withdrawn: [] };
    for (const live of input.live) {
      const values = {
        projectId: row.projectId,
        image: live.image,
        digest: live.image.split("@")[1] ?? null,
        sha: row.sha,
        release: row.release ?? 0,
        deploymentId: row.id,
        sinceMs: tx.nowMs,
        observedAtMs: tx.nowMs,
        drift: null,
      };
      yield* tx.run(
        tx.db
          .insertInto("live")
          .values({ environment: input.environment, target: live.target, service: live.service, ...values })
          .onConflict((conflict) =>
            conflict.columns(["environment", "target", "service"]).doUpdateSet(values),
          ),
      );
    }
    if (input.state === "succeeded")
      yield* tx.run(
        tx.db
          .updateTable("environments")
          .set({ liveDeploymentId: row.id })
          .where("name", "=", input.environment),
      );
    const withdrawn =
      input.state === "succeeded" && input.supersede ? yield* withdrawOlder(tx, input.environment, row) : [];
    // Whoever takes the nudge tells the build and the people.
    yield* nudgeDeployment(tx, row.id);
    yield* release(tx, lease);
    yield* nudgeNext(tx, input.environment);
    yield* announce(tx, {
      kind: "deployment.changed",
      projectId: row.projectId,
      buildId: row.buildId,
      id: row.id,
    });
    return { done: true, withdrawn };
  },
);

/**
 * Older deployments of the project that no person has approved make no sense behind a newer one; none that was sent is
 * touched.
 */
function* withdrawOlder(
  tx: Transaction,
  environment: string,
  { id, projectId }: { readonly id: number; readonly projectId: number },
): Steps<number[]> {
  const rows = yield* tx.all(
    tx.db
      .updateTable("deployments")
      .set({
        state: "withdrawn",
        endedAtMs: tx.nowMs,
        reasonCode: "superseded",
        reasonFault: "person",
        reasonText: `deployment ${id} is newer and went live`,
      })
      .where("environment", "=", environment)
      .where("projectId", "=", projectId)
      .where("id", "<", id)
      .where("state", "=", "pending")
      .where((eb) =>
        eb.or([eb("approvedBy", "is", null), eb.and([eb("gateId", "is", null), eb("kind", "=", "deploy")])]),
      )
      .returning(["id", "gateId", "projectId", "buildId"]),
  );
  for (const row of rows) {
    yield* nudgeDeployment(tx, row.id);
    if (row.gateId !== null)
      yield* tx.run(
        tx.db
          .updateTable("gates")
          .set({ state: "withdrawn", decidedAtMs: tx.nowMs })
          .where("id", "=", row.gateId)
          .where("state", "=", "open"),
      );
    yield* announce(tx, {
      kind: "deployment.changed",
      projectId: row.projectId,
      buildId: row.buildId,
      id: row.id,
    });
  }
  return rows.map((row) => row.id);
}

/** Ends a deployment that never came so far as to have an environment: its plan could not be made. */
export const refuseDeployment = procedure(
  "deployments.refuse",
  { durability: "full" },
  function* (
    tx: Transaction,
    input: { deploymentId: number; code: string; fault: Fault; text: string },
  ): Steps<boolean> {
    const row = yield* tx.first(
      tx.db
        .updateTable("deployments")
        .set({
          state: "failed",
          reasonCode: input.code,
          reasonFault: input.fault,
          reasonText: input.text,
          ...NO_WAIT,
          endedAtMs: tx.nowMs,
        })
        .where("id", "=", input.deploymentId)
        .where("state", "=", "pending")
        .returning(["projectId", "buildId"]),
    );
    if (row === undefined) return false;
    yield* nudgeDeployment(tx, input.deploymentId);
    yield* announce(tx, {
      kind: "deployment.changed",
      projectId: row.projectId,
      buildId: row.buildId,
      id: input.deploymentId,
    });
    return true;
  },
);
