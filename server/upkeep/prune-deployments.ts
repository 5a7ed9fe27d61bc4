import { procedure } from "../store/procedure.ts";
import type { Steps, Transaction } from "../store/procedure.ts";
import { keptDeployments } from "./kept-deployments.ts";

/** Removes a batch of deployments that ended long ago, with their gates and lines; how many. */
export const pruneDeployments = procedure(
  "upkeep.pruneDeployments",
  { durability: "normal" },
  function* (tx: Transaction, input: { maxAgeMs: number; limit: number }): Steps<number> {
    const kept = yield* keptDeployments(tx);
    const rows = yield* tx.all(
      tx.db
        .selectFrom("deployments")
        .select("id")
        .where("state", "in", ["succeeded", "failed", "withdrawn", "rolled_back", "rollback_failed"])
        .where("endedAtMs", "<", tx.nowMs - input.maxAgeMs)
        .where("id", "not in", [0, ...kept])
        // The build that asked for it has not heard of its end.
        .where((on) =>
          on.not(
            on.exists(
              on
                .selectFrom("effects")
                .select("effects.id")
                .whereRef("effects.buildId", "=", "deployments.buildId")
                .whereRef("effects.id", "=", "deployments.effectId")
                .where("effects.state", "=", "begun"),
            ),
          ),
        )
        .orderBy("id")
        .limit(input.limit),
    );
    const ids = rows.map(({ id }) => id);
    if (ids.length === 0) return 0;
    for (const table of ["deploymentLines", "deploymentTargets", "gates"] as const)
      yield* tx.run(tx.db.deleteFrom(table).where("deploymentId", "in", ids));
    return yield* tx.run(tx.db.deleteFrom("deployments").where("id", "in", ids));
  },
);
