import { procedure } from "../store/procedure.ts";
import type { Steps, Transaction } from "../store/procedure.ts";
import { REMOVAL } from "./condemn-builds.ts";

/**
 * Removes the rows of a build whose files are gone: first what speaks of it, at last its own row, and with that its
 * data key. False when it is not marked for it. The audit and its deployments stay.
 */
export const removeBuild = procedure(
  "upkeep.removeBuild",
  { durability: "normal" },
  function* (tx: Transaction, input: { buildId: number }): Steps<boolean> {
    const { buildId } = input;
    const row = yield* tx.first(
      tx.db
        .selectFrom("builds")
        .select("id")
        .where("id", "=", buildId)
        .where("waitCode", "=", REMOVAL)
        .forUpdate(),
    );
    if (row === undefined) return false;
    for (const table of ["events", "notifications"] as const)
      yield* tx.run(tx.db.deleteFrom(table).where("buildId", "=", buildId));
    yield* tx.run(tx.db.deleteFrom("gates").where("buildId", "=", buildId).where("kind", "=", "input"));
    yield* tx.run(tx.db.deleteFrom("leases").where("name", "=", `build:${buildId}`));
    // The journal, stages, steps, sessions, artifacts, tests and bindings go with the row.
    yield* tx.run(tx.db.deleteFrom("builds").where("id", "=", buildId));
    return true;
  },
);
