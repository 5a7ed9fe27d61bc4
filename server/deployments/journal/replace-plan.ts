import { announce } from "../../builds/journal/announce.ts";
import { holds, release } from "../../store/leases.ts";
import { procedure, type Steps, type Transaction } from "../../store/procedure.ts";
import { NO_WAIT } from "../../waits/cause.ts";
import { type PlanRows, writeTargets } from "./plan-rows.ts";
import { writeLine } from "./target-steps.ts";
import { nudgeNext } from "./take-turn.ts";
import { nudgeDeployment } from "../../store/outbox.ts";

/** A plan in the place of one that had its turn and proved to be out of date. */
export interface ReplacePlan extends Omit<PlanRows, "gate"> {
  readonly environment: string;
  readonly fence: number;
  /** How long the gate stays open, if there is one. */
  readonly expiresMs: number;
  /** Whether what is older than the live deployment is withdrawn. */
  readonly supersede: boolean;
  /** Names of what has changed at the targets. */
  readonly changed: string;
}

/** `replaced`: policy alone had approved it, and it goes on with the new plan. */
export interface Replaced {
  readonly kind: "replaced" | "asked" | "over";
}

/** In front of an approval that no longer counts, in the words that a gate shows. */
const ONCE_APPROVED = "approved by";

/**
 * Puts a new plan in the place of the approved one, before anything was sent. What people approved they are asked anew:
 * gate open, votes gone, environment given back, the next in line nudged, all at once. What a newer deployment of the
 * same project has overtaken is withdrawn where the environment says so.
 */
export const replacePlan = procedure(
  "deployments.replacePlan",
  { durability: "full" },
  function* (tx: Transaction, input: ReplacePlan): Steps<Replaced> {
    const lease = { name: `env:${input.environment}`, fence: input.fence };
    if (!(yield* holds(tx, lease))) return { kind: "over" };
    const row = yield* tx.first(
      tx.db
        .selectFrom("deployments")
        .selectAll()
        .where("id", "=", input.deploymentId)
        .where("state", "=", "applying")
        .forUpdate(),
    );
    if (row === undefined) return { kind: "over" };
    const touched = yield* tx.first(
      tx.db
        .selectFrom("deploymentTargets")
        .select("id")
        .where("deploymentId", "=", row.id)
        .where("state", "!=", "pending"),
    );
    if (touched !== undefined) return { kind: "over" };
    const changed = { projectId: row.projectId, buildId: row.buildId };
    const overtaker = input.supersede && row.kind === "deploy" ? yield* newerLive(tx, row) : undefined;
    if (overtaker !== undefined) {
      const text = `deployment ${overtaker} is newer and went live`;
      yield* tx.run(
        tx.db
          .updateTable("deployments")
          .set({
            state: "withdrawn",
            approvedBy: null,
            approvedAtMs: null,
            reasonCode: "superseded",
            reasonFault: "person",
            reasonText: text,
            endedAtMs: tx.nowMs,
            ...NO_WAIT,
          })
          .where("id", "=", row.id),
      );
      if (row.gateId !== null)
        yield* tx.run(
          tx.db
            .updateTable("gates")
            .set({ state: "withdrawn", decidedAtMs: tx.nowMs })
            .where("id", "=", row.gateId),
        );
      yield* writeLine(tx, row.id, null, "withdrawn", text);
      yield* nudgeDeployment(tx, row.id);
      yield* release(tx, lease);
      yield* nudgeNext(tx, row.environment);
      if (row.gateId !== null) yield* announce(tx, { ...changed, kind: "gate.changed", id: row.gateId });
      return { kind: "over" };
    }
    yield* writeTargets(tx, input);
    const { plan, planHash, images } = input;
    if (row.gateId === null) {
      yield* tx.run(
        tx.db.updateTable("deployments").set({ plan, planHash, images }).where("id", "=", row.id),
      );
      yield* writeLine(
        tx,
        row.id,
        null,
        "planned",
        `${input.changed} has changed since the plan: planned again`,
      );
      return { kind: "replaced" };
    }
    yield* tx.run(
      tx.db
        .updateTable("deployments")
        .set({
          plan,
          planHash,
          images,
          state: "pending",
          approvedBy: null,
          approvedAtMs: null,
          release: null,
          fence: null,
          startedAtMs: null,
          dueAtMs: null,
          ...NO_WAIT,
          waitCode: "gate",
          waitSinceMs: tx.nowMs,
        })
        .where("id", "=", row.id),
    );
    const gate = yield* tx.one(
      tx.db.selectFrom("gates").select("message").where("id", "=", row.gateId).forUpdate(),
    );
    const before = gate.message.split(` (${ONCE_APPROVED} `)[0] ?? gate.message;
    yield* tx.run(
      tx.db
        .updateTable("gates")
        .set({
          state: "open",
          message: `${before} (${ONCE_APPROVED} ${row.approvedBy ?? ""} before ${input.changed} changed: look at the new plan)`,
          planHash,
          decidedBy: null,
          decidedAtMs: null,
          reason: null,
          openedAtMs: tx.nowMs,
          dueAtMs: tx.nowMs + input.expiresMs,
        })
        .where("id", "=", row.gateId),
    );
    yield* tx.run(tx.db.deleteFrom("gateVotes").where("gateId", "=", row.gateId));
    yield* writeLine(
      tx,
      row.id,
      null,
      "asked-again",
      `${input.changed} has changed since ${row.approvedBy ?? "somebody"} approved: nothing was sent, and people are asked again`,
    );
    yield* announce(tx, { ...changed, kind: "gate.changed", id: row.gateId });
    // Whoever takes the nudge tells the people.
    yield* nudgeDeployment(tx, row.id);
    yield* release(tx, lease);
    yield* nudgeNext(tx, row.environment);
    return { kind: "asked" };
  },
);

/** The live deployment of the environment, where it is a newer one of the same project. */
function* newerLive(
  tx: Transaction,
  row: { readonly id: number; readonly projectId: number; readonly environment: string },
): Steps<number | undefined> {
  const live = yield* tx.first(
    tx.db
      .selectFrom("environments")
      .innerJoin("deployments", "deployments.id", "environments.liveDeploymentId")
      .select("deployments.id")
      .where("environments.name", "=", row.environment)
      .where("deployments.projectId", "=", row.projectId)
      .where("deployments.id", ">", row.id),
  );
  return live?.id;
}
