import { procedure } from "../store/procedure.ts";
import type { Steps, Transaction } from "../store/procedure.ts";

/** Forgets a batch of old events, nudges that were sent, messages and commit statuses that are settled; how much. */
export const pruneMessages = procedure(
  "upkeep.pruneMessages",
  { durability: "normal" },
  function* (
    tx: Transaction,
    input: { eventAgeMs: number; messageAgeMs: number; nudgeAgeMs: number; limit: number },
  ): Steps<number> {
    const { limit } = input;
    const events = yield* tx.run(
      tx.db.deleteFrom("events").where("id", "in", (from) =>
        from
          .selectFrom("events")
          .select("id")
          .where("atMs", "<", tx.nowMs - input.eventAgeMs)
          .orderBy("id")
          .limit(limit),
      ),
    );
    const nudges = yield* tx.run(
      tx.db.deleteFrom("outbox").where("id", "in", (from) =>
        from
          .selectFrom("outbox")
          .select("id")
          .where("dispatchedAtMs", "<", tx.nowMs - input.nudgeAgeMs)
          .orderBy("id")
          .limit(limit),
      ),
    );
    let settled = 0;
    for (const table of ["notifications", "forgeStatuses"] as const)
      settled += yield* tx.run(
        tx.db.deleteFrom(table).where("id", "in", (from) =>
          from
            .selectFrom(table)
            .select("id")
            .where("state", "in", ["sent", "dead"])
            .where("createdAtMs", "<", tx.nowMs - input.messageAgeMs)
            .orderBy("id")
            .limit(limit),
        ),
      );
    return events + nudges + settled;
  },
);
