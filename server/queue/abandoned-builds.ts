import { sql } from "kysely";
import { nudgeBuild } from "../store/outbox.ts";
import { procedure } from "../store/procedure.ts";
import { UNFINISHED_BUILD_STATES } from "../store/states.ts";

/** A nudge younger than this may still be on its way. */
const NUDGE_PATIENCE_MS = 10_000;

/**
 * Nudges builds that have work and no holder: queued, with undelivered outcomes, or whose lease expired instead of
 * being given back. Says how many.
 */
export const nudgeAbandonedBuilds = procedure(
  "nudgeAbandonedBuilds",
  { durability: "normal" },
  function* (tx, input: { limit: number }) {
    const rows = yield* tx.all(
      tx.db
        .selectFrom("builds")
        .leftJoin("leases", (join) => join.on("leases.name", "=", sql<string>`'build:' || builds.id`))
        .select("builds.id")
        .where("builds.state", "in", UNFINISHED_BUILD_STATES)
        .where((eb) => eb.or([eb("leases.holder", "is", null), eb("leases.expiresAtMs", "<=", tx.nowMs)]))
        .where((eb) =>
          eb.or([
            eb("builds.state", "=", "queued"),
            eb("builds.nextOrd", ">", eb("builds.delivered", "+", 1)),
            eb("leases.holder", "is not", null),
          ]),
        )
        .where((eb) =>
          eb.not(
            eb.exists(
              eb
                .selectFrom("outbox")
                .select("outbox.id")
                .where("outbox.queue", "=", "builds")
                .whereRef("outbox.jobId", "=", sql<string>`'b-' || builds.id || '-e' || builds.epoch`)
                .where((on) =>
                  on.or([
                    on("outbox.dispatchedAtMs", "is", null),
                    on.and([
                      on("outbox.dispatchedAtMs", ">", tx.nowMs - NUDGE_PATIENCE_MS),
                      // One sent before a lease ended brought that lease about: nobody will come for it again.
                      on.or([
                        on("leases.holder", "is", null),
                        on("outbox.dispatchedAtMs", ">", on.ref("leases.expiresAtMs")),
                      ]),
                    ]),
                  ]),
                ),
            ),
          ),
        )
        .orderBy("builds.id")
        .limit(input.limit),
    );
    for (const { id } of rows) yield* nudgeBuild(tx, id);
    return rows.length;
  },
);
