import { sql } from "kysely";
import { nudgeBuild } from "../store/outbox.ts";
import { procedure } from "../store/procedure.ts";
import type { Steps, Transaction } from "../store/procedure.ts";

/** A nudge younger than this may still be on its way. */
const NUDGE_PATIENCE_MS = 10_000;

/**
 * Nudges begun builds that have work and no holder: with undelivered outcomes, or whose lease expired instead of being
 * given back. Says how many. Both are found by their index: thousands that wait at gates cost nothing.
 */
export const nudgeAbandonedBuilds = procedure(
  "nudgeAbandonedBuilds",
  { durability: "normal" },
  function* (tx, input: { limit: number }) {
    const ids = new Set([...(yield* undelivered(tx, input.limit)), ...(yield* orphaned(tx, input.limit))]);
    for (const id of [...ids].toSorted((a, b) => a - b)) yield* nudgeBuild(tx, id);
    return ids.size;
  },
);

/** Builds to which something happened while nobody held them. */
function* undelivered(tx: Transaction, limit: number): Steps<number[]> {
  const rows = yield* tx.all(
    tx.db
      .selectFrom("builds")
      .leftJoin("leases", (join) => join.on("leases.name", "=", sql<string>`'build:' || builds.id`))
      .select("builds.id")
      .where(sql<boolean>`builds.state in ('running', 'waiting') and builds.next_ord > builds.delivered + 1`)
      .where((eb) => eb.or([eb("leases.holder", "is", null), eb("leases.expiresAtMs", "<=", tx.nowMs)]))
      .where((eb) => eb.not(eb.exists(nudgeOnItsWay(tx))))
      .orderBy("builds.id")
      .limit(limit),
  );
  return rows.map(({ id }) => id);
}

/** Builds whose holder has died: its lease was never given back. A queued one among them was about to begin. */
function* orphaned(tx: Transaction, limit: number): Steps<number[]> {
  const rows = yield* tx.all(
    tx.db
      .selectFrom("leases")
      .innerJoin("builds", (join) =>
        join.on(
          "builds.id",
          "=",
          sql<number>`case when leases.name like 'build:%' then cast(substr(leases.name, 7) as bigint) end`,
        ),
      )
      .select("builds.id")
      .where("leases.holder", "is not", null)
      .where("leases.expiresAtMs", "<=", tx.nowMs)
      .where("builds.state", "in", ["queued", "running", "waiting"])
      .where((eb) => eb.not(eb.exists(nudgeOnItsWay(tx))))
      .orderBy("builds.id")
      .limit(limit),
  );
  return rows.map(({ id }) => id);
}

function nudgeOnItsWay(tx: Transaction) {
  return tx.db
    .selectFrom("outbox")
    .select("outbox.id")
    .where("outbox.queue", "=", "builds")
    .where("outbox.jobId", "=", sql<string>`'b-' || builds.id || '-e' || builds.epoch`)
    .where((on) =>
      on.or([
        on("outbox.dispatchedAtMs", "is", null),
        on.and([
          on("outbox.dispatchedAtMs", ">", tx.nowMs - NUDGE_PATIENCE_MS),
          on("outbox.dispatchedAtMs", "<=", tx.nowMs), // else the clock has stepped back since
          // One sent before a lease ended brought that lease about: nobody will come for it again.
          sql<boolean>`(leases.holder is null or outbox.dispatched_at_ms > leases.expires_at_ms)`,
        ]),
      ]),
    );
}
