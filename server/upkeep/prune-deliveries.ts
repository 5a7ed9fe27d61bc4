import { procedure } from "../store/procedure.ts";
import type { Steps, Transaction } from "../store/procedure.ts";

/**
 * Forgets a batch of old deliveries: first the bodies, which can then not be replayed any more, and with the builds'
 * own age the rows and the moves of refs; how much.
 */
export const pruneDeliveries = procedure(
  "upkeep.pruneDeliveries",
  { durability: "normal" },
  function* (tx: Transaction, input: { bodyAgeMs: number; rowAgeMs: number; limit: number }): Steps<number> {
    const bodies = yield* tx.run(
      tx.db
        .updateTable("deliveries")
        .set({ body: null })
        .where("id", "in", (from) =>
          from
            .selectFrom("deliveries")
            .select("id")
            .where("body", "is not", null)
            .where("receivedAtMs", "<", tx.nowMs - input.bodyAgeMs)
            .orderBy("id")
            .limit(input.limit),
        ),
    );
    const rows = yield* tx.run(
      tx.db.deleteFrom("deliveries").where("id", "in", (from) =>
        from
          .selectFrom("deliveries")
          .select("id")
          .where("receivedAtMs", "<", tx.nowMs - Math.max(input.rowAgeMs, input.bodyAgeMs))
          .orderBy("id")
          .limit(input.limit),
      ),
    );
    const moves = yield* tx.run(
      tx.db.deleteFrom("refMoves").where("id", "in", (from) =>
        from
          .selectFrom("refMoves")
          .select("id")
          .where("seenAtMs", "<", tx.nowMs - input.rowAgeMs)
          .orderBy("id")
          .limit(input.limit),
      ),
    );
    return bodies + rows + moves;
  },
);
