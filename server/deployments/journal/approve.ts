import { announce } from "../../builds/journal/announce.ts";
import { nudgeDeployment } from "../../store/outbox.ts";
import { waitColumns } from "../../waits/cause.ts";
import { procedure, type Steps, type Transaction } from "../../store/procedure.ts";

/** A person's word on a deployment's gate. */
export interface DeploymentDecision {
  readonly gateId: number;
  readonly userId: number;
  readonly by: string;
  readonly decision: "approve" | "reject";
  readonly planHash: string | null;
  readonly reason: string | null;
}

export type DeploymentDecided =
  | { readonly kind: "approved"; readonly deploymentId: number }
  | { readonly kind: "rejected"; readonly deploymentId: number }
  /** Taken; more people must say so. */
  | { readonly kind: "counted"; readonly have: number; readonly needed: number }
  | { readonly kind: "repeated" }
  | { readonly kind: "stale"; readonly planHash: string | null }
  | { readonly kind: "over"; readonly state: string; readonly by: string | null };

/**
 * Takes one vote: vote, gate, approval of the deployment and the nudge to the deployer in one transaction. Of two people
 * at the same instant one wins; the same person repeating the same choice changes nothing.
 */
export const decideDeployment = procedure(
  "deployments.decide",
  { durability: "full" },
  function* (tx: Transaction, input: DeploymentDecision): Steps<DeploymentDecided> {
    const gate = yield* tx.one(
      tx.db.selectFrom("gates").selectAll().where("id", "=", input.gateId).forUpdate(),
    );
    const state = input.decision === "approve" ? ("approved" as const) : ("rejected" as const);
    if (gate.state !== "open" || gate.dueAtMs <= tx.nowMs || gate.deploymentId === null) {
      if (gate.state === state && gate.decidedBy === input.by) return { kind: "repeated" };
      return { kind: "over", state: gate.state === "open" ? "expired" : gate.state, by: gate.decidedBy };
    }
    if (input.decision === "approve" && gate.planHash !== input.planHash)
      return { kind: "stale", planHash: gate.planHash };
    const votes = yield* tx.all(
      tx.db.selectFrom("gateVotes").select(["userId", "verdict"]).where("gateId", "=", gate.id),
    );
    const mine = votes.find((vote) => vote.userId === input.userId);
    if (mine?.verdict === input.decision) return { kind: "repeated" };
    yield* tx.run(
      tx.db
        .insertInto("gateVotes")
        .values({
          gateId: gate.id,
          userId: input.userId,
          userName: input.by,
          verdict: input.decision,
          planHash: input.planHash,
          reason: input.reason,
          atMs: tx.nowMs,
        })
        .onConflict((conflict) =>
          conflict.columns(["gateId", "userId"]).doUpdateSet({ verdict: input.decision, atMs: tx.nowMs }),
        ),
    );
    const have =
      votes.filter((vote) => vote.verdict === "approve" && vote.userId !== input.userId).length + 1;
    const changed = {
      kind: "gate.changed" as const,
      projectId: gate.projectId,
      buildId: gate.buildId,
      id: gate.id,
    };
    if (input.decision === "approve" && have < gate.needed) {
      yield* announce(tx, changed);
      return { kind: "counted", have, needed: gate.needed };
    }
    yield* tx.run(
      tx.db
        .updateTable("gates")
        .set({ state, decidedBy: input.by, decidedAtMs: tx.nowMs, reason: input.reason })
        .where("id", "=", gate.id)
        .where("state", "=", "open"),
    );
    yield* announce(tx, changed);
    const deployment = yield* tx.first(
      tx.db
        .updateTable("deployments")
        .set(
          input.decision === "approve"
            ? {
                approvedBy: input.by,
                approvedAtMs: tx.nowMs,
                ...waitColumns({
                  cause: "environment_turn",
                  environment: gate.environment ?? "",
                  deployment: null,
                }),
                waitSinceMs: tx.nowMs,
              }
            : {
                state: "withdrawn" as const,
                endedAtMs: tx.nowMs,
                reasonCode: "rejected",
                reasonFault: "person" as const,
                reasonText:
                  input.reason === null
                    ? `rejected by ${input.by}`
                    : `rejected by ${input.by}: ${input.reason}`,
              },
        )
        .where("id", "=", gate.deploymentId)
        .where("state", "=", "pending")
        .where("approvedBy", "is", null)
        .returning("id"),
    );
    if (deployment === undefined) return { kind: "over", state: "withdrawn", by: null };
    yield* nudgeDeployment(tx, deployment.id);
    yield* announce(tx, { ...changed, kind: "deployment.changed", id: deployment.id });
    return input.decision === "approve"
      ? { kind: "approved", deploymentId: deployment.id }
      : { kind: "rejected", deploymentId: deployment.id };
  },
);

/** Ends deployment gates whose time is over; the deployments are withdrawn with them. */
export const expireDeploymentGates = procedure(
  "deployments.expireGates",
  { durability: "full" },
  function* (tx: Transaction, _input: Record<string, never>): Steps<number[]> {
    const gates = yield* tx.all(
      tx.db
        .updateTable("gates")
        .set({ state: "expired", decidedAtMs: tx.nowMs })
        .where("kind", "=", "deploy")
        .where("state", "=", "open")
        .where("dueAtMs", "<=", tx.nowMs)
        .returning(["id", "deploymentId", "projectId", "buildId"]),
    );
    const ended: number[] = [];
    for (const gate of gates) {
      yield* announce(tx, {
        kind: "gate.changed",
        projectId: gate.projectId,
        buildId: gate.buildId,
        id: gate.id,
      });
      if (gate.deploymentId === null) continue;
      const row = yield* tx.first(
        tx.db
          .updateTable("deployments")
          .set({
            state: "withdrawn",
            endedAtMs: tx.nowMs,
            reasonCode: "expired",
            reasonFault: "person",
            reasonText: "nobody decided in time",
          })
          .where("id", "=", gate.deploymentId)
          .where("state", "=", "pending")
          .returning("id"),
      );
      if (row === undefined) continue;
      yield* nudgeDeployment(tx, row.id);
      ended.push(row.id);
    }
    return ended;
  },
);
