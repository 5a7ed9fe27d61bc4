import { announce } from "../../builds/journal/announce.ts";
import { nudgeDeployment } from "../../store/outbox.ts";
import { NO_WAIT } from "../../waits/cause.ts";
import { procedure, type Steps, type Transaction } from "../../store/procedure.ts";

/** A target row to be: everything but its id is known. */
export interface TargetRow {
  readonly target: string;
  readonly wave: number;
  readonly plan: Uint8Array;
  readonly before: Uint8Array;
}

/** A plan on its way into the rows. */
export interface PlanRows {
  readonly deploymentId: number;
  readonly plan: Uint8Array;
  readonly planHash: string;
  readonly images: string;
  readonly targets: readonly TargetRow[];
  /** Null: no gate, the deployment goes on by itself. */
  readonly gate: {
    readonly message: string;
    readonly needed: number;
    readonly expiresMs: number;
    readonly approvers: string;
  } | null;
}

/**
 * Writes the first plan of a deployment with what hangs on it: its target rows and its gate, or the word that it may go
 * on. Nothing is written when the deployment was withdrawn meanwhile or has a plan.
 */
export const savePlan = procedure(
  "deployments.savePlan",
  { durability: "full" },
  function* (tx: Transaction, input: PlanRows): Steps<boolean> {
    const row = yield* tx.first(
      tx.db
        .selectFrom("deployments")
        .select(["id", "projectId", "buildId", "environment", "planHash"])
        .where("id", "=", input.deploymentId)
        .where("state", "=", "pending")
        .forUpdate(),
    );
    if (row === undefined || row.planHash !== "") return false;
    yield* writeTargets(tx, input);
    let gateId: number | null = null;
    if (input.gate !== null) {
      const gate = yield* tx.one(
        tx.db
          .insertInto("gates")
          .values({
            kind: "deploy",
            projectId: row.projectId,
            buildId: row.buildId,
            effectId: null,
            deploymentId: row.id,
            environment: row.environment,
            state: "open",
            message: input.gate.message,
            okLabel: "Deploy",
            form: null,
            submitters: input.gate.approvers,
            needed: input.gate.needed,
            planHash: input.planHash,
            dueAtMs: tx.nowMs + input.gate.expiresMs,
            openedAtMs: tx.nowMs,
          })
          .returning("id"),
      );
      gateId = gate.id;
      yield* announce(tx, {
        kind: "gate.changed",
        projectId: row.projectId,
        buildId: row.buildId,
        id: gate.id,
      });
    }
    yield* tx.run(
      tx.db
        .updateTable("deployments")
        .set({
          plan: input.plan,
          planHash: input.planHash,
          images: input.images,
          gateId,
          ...(gateId === null
            ? { approvedBy: "policy", approvedAtMs: tx.nowMs, ...NO_WAIT }
            : { waitCode: "gate", waitSinceMs: tx.nowMs }),
        })
        .where("id", "=", row.id),
    );
    // Whoever takes the nudge rolls out, or tells the people of the gate.
    yield* nudgeDeployment(tx, row.id);
    yield* announce(tx, {
      kind: "deployment.changed",
      projectId: row.projectId,
      buildId: row.buildId,
      id: row.id,
    });
    return true;
  },
);

/** Writes the target rows of a plan, or the new plan into those that are there. */
export function* writeTargets(
  tx: Transaction,
  input: Pick<PlanRows, "deploymentId" | "targets">,
): Steps<void> {
  for (const target of input.targets)
    yield* tx.run(
      tx.db
        .insertInto("deploymentTargets")
        .values({
          deploymentId: input.deploymentId,
          try: 1,
          state: "pending",
          ...target,
          updatedAtMs: tx.nowMs,
        })
        .onConflict((conflict) =>
          conflict
            .columns(["deploymentId", "target", "try"])
            .doUpdateSet({ plan: target.plan, before: target.before, updatedAtMs: tx.nowMs }),
        ),
    );
}

/** Puts a newer plan in the place of one that nobody has approved; a gate shows the new hash from then on. */
export const renewPlan = procedure(
  "deployments.renewPlan",
  { durability: "full" },
  function* (tx: Transaction, input: Omit<PlanRows, "gate">): Steps<boolean> {
    const row = yield* tx.first(
      tx.db
        .updateTable("deployments")
        .set({ plan: input.plan, planHash: input.planHash, images: input.images })
        .where("id", "=", input.deploymentId)
        .where("state", "=", "pending")
        .where("approvedBy", "is", null)
        .returning(["id", "projectId", "buildId", "gateId"]),
    );
    if (row === undefined) return false;
    yield* writeTargets(tx, input);
    if (row.gateId !== null) {
      yield* tx.run(
        tx.db.updateTable("gates").set({ planHash: input.planHash }).where("id", "=", row.gateId),
      );
      yield* tx.run(tx.db.deleteFrom("gateVotes").where("gateId", "=", row.gateId));
      yield* announce(tx, {
        kind: "gate.changed",
        projectId: row.projectId,
        buildId: row.buildId,
        id: row.gateId,
      });
    }
    return true;
  },
);
