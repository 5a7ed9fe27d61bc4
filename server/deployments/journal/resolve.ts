import { announce } from "../../builds/journal/announce.ts";
import { endTime } from "../../store/end-time.ts";
import { nudgeDeployment } from "../../store/outbox.ts";
import { procedure, type Steps, type Transaction } from "../../store/procedure.ts";

/** Ends or goes on with a deployment whose outcome nobody knows, by a person's word. Nothing is sent by it. */
export const resolveDeployment = procedure(
  "deployments.resolve",
  { durability: "full" },
  function* (
    tx: Transaction,
    input: {
      deploymentId: number;
      as: "look" | "succeeded" | "failed" | "roll_back";
      by: string;
      reason: string | null;
    },
  ): Steps<boolean> {
    const said = input.reason === null ? `by ${input.by}` : `by ${input.by}: ${input.reason}`;
    const change =
      input.as === "look"
        ? { state: "verifying" as const }
        : input.as === "roll_back"
          ? { state: "rolling_back" as const, reasonText: `rolled back ${said}` }
          : {
              state: input.as,
              endedAtMs: endTime(tx, "startedAtMs"),
              reasonCode: "resolved",
              reasonFault: "person" as const,
              reasonText: `stated ${said}`,
            };
    const row = yield* tx.first(
      tx.db
        .updateTable("deployments")
        .set(change)
        .where("id", "=", input.deploymentId)
        .where("state", "=", "unknown")
        .returning(["projectId", "buildId"]),
    );
    if (row === undefined) return false;
    yield* tx.run(
      tx.db.insertInto("deploymentLines").values({
        deploymentId: input.deploymentId,
        targetId: null,
        kind: "resolved",
        text: `${input.as} ${said}`,
        body: null,
        atMs: tx.nowMs,
      }),
    );
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
