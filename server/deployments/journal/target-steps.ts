import { announce } from "../../builds/journal/announce.ts";
import { endTime } from "../../store/end-time.ts";
import { holds } from "../../store/leases.ts";
import { procedure, type Steps, type Transaction } from "../../store/procedure.ts";
import type { DeploymentState } from "../../store/states.ts";

/** A change of one target row, allowed only to the holder of its environment. */
export interface TargetStep {
  readonly deploymentId: number;
  readonly environment: string;
  readonly fence: number;
  readonly targetId: number;
  readonly from: readonly DeploymentState[];
  readonly to: DeploymentState;
  readonly marker?: string;
  readonly receipt?: Uint8Array;
  readonly rollbackReceipt?: Uint8Array;
  readonly progress?: string;
  readonly reasonCode?: string | null;
  readonly reasonText?: string | null;
  readonly line: string;
}

const OVER: readonly DeploymentState[] = [
  "succeeded",
  "failed",
  "rolled_back",
  "rollback_failed",
  "withdrawn",
];

/** Writes ahead: the row says what is about to be sent before it is sent. False: somebody else has the environment. */
export const stepTarget = procedure(
  "deployments.stepTarget",
  { durability: "full" },
  function* (tx: Transaction, input: TargetStep): Steps<boolean> {
    if (!(yield* holds(tx, { name: `env:${input.environment}`, fence: input.fence }))) return false;
    const changed = yield* tx.run(
      tx.db
        .updateTable("deploymentTargets")
        .set({
          state: input.to,
          fence: input.fence,
          updatedAtMs: tx.nowMs,
          ...(input.to === "applying" ? { startedAtMs: tx.nowMs } : {}),
          ...(OVER.includes(input.to) ? { endedAtMs: endTime(tx, "startedAtMs") } : {}),
          ...(input.marker === undefined ? {} : { marker: input.marker }),
          ...(input.receipt === undefined ? {} : { receipt: input.receipt }),
          ...(input.rollbackReceipt === undefined ? {} : { rollbackReceipt: input.rollbackReceipt }),
          ...(input.progress === undefined ? {} : { progress: input.progress }),
          ...(input.reasonCode === undefined ? {} : { reasonCode: input.reasonCode }),
          ...(input.reasonText === undefined ? {} : { reasonText: input.reasonText }),
        })
        .where("id", "=", input.targetId)
        .where("state", "in", [...input.from]),
    );
    if (changed === 0) return false;
    yield* writeLine(tx, input.deploymentId, input.targetId, input.to, input.line);
    return true;
  },
);

/** What was seen while a roll-out went on; changes no state. */
export const noteProgress = procedure(
  "deployments.noteProgress",
  { durability: "normal" },
  function* (
    tx: Transaction,
    input: { deploymentId: number; targetId: number; progress: string; line: string },
  ): Steps<void> {
    yield* tx.run(
      tx.db
        .updateTable("deploymentTargets")
        .set({ progress: input.progress, updatedAtMs: tx.nowMs })
        .where("id", "=", input.targetId),
    );
    yield* writeLine(tx, input.deploymentId, input.targetId, "progress", input.line);
  },
);

/** One line of what happened with a deployment, for its page, and word that it has changed. */
export function* writeLine(
  tx: Transaction,
  deploymentId: number,
  targetId: number | null,
  kind: string,
  text: string,
): Steps<void> {
  yield* tx.run(
    tx.db
      .insertInto("deploymentLines")
      .values({ deploymentId, targetId, kind, text: text.slice(0, 2000), body: null, atMs: tx.nowMs }),
  );
  const row = yield* tx.one(
    tx.db.selectFrom("deployments").select(["projectId", "buildId"]).where("id", "=", deploymentId),
  );
  yield* announce(tx, {
    kind: "deployment.changed",
    projectId: row.projectId,
    buildId: row.buildId,
    id: deploymentId,
  });
}

/** Moves the deployment as a whole, by the holder of its environment. */
export const stepDeployment = procedure(
  "deployments.step",
  { durability: "full" },
  function* (
    tx: Transaction,
    input: {
      deploymentId: number;
      environment: string;
      fence: number;
      from: readonly DeploymentState[];
      to: DeploymentState;
      line: string;
    },
  ): Steps<boolean> {
    if (!(yield* holds(tx, { name: `env:${input.environment}`, fence: input.fence }))) return false;
    const changed = yield* tx.run(
      tx.db
        .updateTable("deployments")
        .set({ state: input.to })
        .where("id", "=", input.deploymentId)
        .where("state", "in", [...input.from]),
    );
    if (changed > 0) yield* writeLine(tx, input.deploymentId, null, input.to, input.line);
    return changed > 0;
  },
);
