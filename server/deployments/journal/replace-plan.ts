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

/**
 * `replaced`: policy alone had approved it, and it goes on with the new plan. `given-back`: it was withdrawn, or people
 * are asked anew. `over`: it was no longer to be decided here.
 */
export interface Replaced {
  readonly kind: "replaced" | "given-back" | "over";
}

/** What was said the last time that people were asked anew, at the end of a gate's text. */
const LAST_ASKED = / \(approved by \S+ before [^()]+ changed: look at the new plan\)$/u;

/** What `replacePlan` reads of the deployment. */
interface Row {
  readonly id: number;
  readonly projectId: number;
  readonly buildId: number | null;
  readonly environment: string;
  readonly kind: string;
  readonly gateId: number | null;
  readonly approvedBy: string | null;
}

/**
 * Puts a new plan in the place of the approved one, before anything was sent. What people approved they are asked anew:
 * gate open, votes gone, environment given back, the next in line nudged, all at once. Nobody is asked about what a newer
 * deployment of the same project has overtaken, where the environment says so, nor about what a build that was stopped
 * had wanted: these are withdrawn.
 */
export const replacePlan = procedure(
  "deployments.replacePlan",
  { durability: "full" },
  function* (tx: Transaction, input: ReplacePlan): Steps<Replaced> {
    const lease = { name: `env:${input.environment}`, fence: input.fence };
    if (!(yield* holds(tx, lease))) return { kind: "over" };
    const row = yield* unsent(tx, input.deploymentId);
    if (row === undefined) return { kind: "over" };
    const overtaker = input.supersede && row.kind === "deploy" ? yield* newerLive(tx, row) : undefined;
    if (overtaker !== undefined)
      yield* withdraw(tx, row, {
        code: "superseded",
        fault: "person",
        text: `deployment ${overtaker} is newer and went live`,
      });
    else if (row.buildId !== null && (yield* isStopped(tx, row.buildId)))
      yield* withdraw(tx, row, { code: "aborted", fault: "person", text: "the build was stopped" });
    else if (row.gateId === null) {
      yield* goOn(tx, row, input);
      return { kind: "replaced" };
    } else yield* askAgain(tx, row, row.gateId, input);
    // Whoever takes the nudge tells the people, or the build.
    yield* nudgeDeployment(tx, row.id);
    yield* release(tx, lease);
    yield* nudgeNext(tx, row.environment);
    if (row.gateId !== null)
      yield* announce(tx, {
        kind: "gate.changed",
        projectId: row.projectId,
        buildId: row.buildId,
        id: row.gateId,
      });
    return { kind: "given-back" };
  },
);

/** The deployment, if its turn has come and nothing of it was sent. */
function* unsent(tx: Transaction, deploymentId: number): Steps<Row | undefined> {
  const row = yield* tx.first(
    tx.db
      .selectFrom("deployments")
      .select(["id", "projectId", "buildId", "environment", "kind", "gateId", "approvedBy"])
      .where("id", "=", deploymentId)
      .where("state", "=", "applying")
      .forUpdate(),
  );
  if (row === undefined) return undefined;
  const touched = yield* tx.first(
    tx.db
      .selectFrom("deploymentTargets")
      .select("id")
      .where("deploymentId", "=", row.id)
      .where("state", "!=", "pending"),
  );
  return touched === undefined ? row : undefined;
}

/** The live deployment of the environment, where it is a newer one of the same project. */
function* newerLive(tx: Transaction, row: Row): Steps<number | undefined> {
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

/** Whether somebody has stopped the build, or it is over: nobody waits for what it asked for. */
function* isStopped(tx: Transaction, buildId: number): Steps<boolean> {
  const build = yield* tx.first(
    tx.db.selectFrom("builds").select(["cancelLevel", "endedAtMs"]).where("id", "=", buildId),
  );
  return build === undefined || build.cancelLevel > 0 || build.endedAtMs !== null;
}

function* withdraw(
  tx: Transaction,
  row: Row,
  reason: { readonly code: "superseded" | "aborted"; readonly fault: "person"; readonly text: string },
): Steps<void> {
  yield* tx.run(
    tx.db
      .updateTable("deployments")
      .set({
        state: "withdrawn",
        approvedBy: null,
        approvedAtMs: null,
        reasonCode: reason.code,
        reasonFault: reason.fault,
        reasonText: reason.text,
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
  yield* writeLine(tx, row.id, null, "withdrawn", reason.text);
}

function* goOn(tx: Transaction, row: Row, { plan, planHash, images, ...input }: ReplacePlan): Steps<void> {
  yield* writeTargets(tx, input);
  yield* tx.run(tx.db.updateTable("deployments").set({ plan, planHash, images }).where("id", "=", row.id));
  const text = `${input.changed} has changed since the plan: planned again`;
  yield* writeLine(tx, row.id, null, "planned", text);
}

function* askAgain(
  tx: Transaction,
  row: Row,
  gateId: number,
  { plan, planHash, images, ...input }: ReplacePlan,
): Steps<void> {
  const approver = row.approvedBy ?? "somebody";
  yield* writeTargets(tx, input);
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
    tx.db.selectFrom("gates").select("message").where("id", "=", gateId).forUpdate(),
  );
  yield* tx.run(
    tx.db
      .updateTable("gates")
      .set({
        state: "open",
        message: `${gate.message.replace(LAST_ASKED, "")} (approved by ${approver} before ${input.changed} changed: look at the new plan)`,
        planHash,
        decidedBy: null,
        decidedAtMs: null,
        reason: null,
        openedAtMs: tx.nowMs,
        dueAtMs: tx.nowMs + input.expiresMs,
      })
      .where("id", "=", gateId),
  );
  yield* tx.run(tx.db.deleteFrom("gateVotes").where("gateId", "=", gateId));
  const text = `${input.changed} has changed since ${approver} approved: nothing was sent, and people are asked again`;
  yield* writeLine(tx, row.id, null, "asked-again", text);
}
