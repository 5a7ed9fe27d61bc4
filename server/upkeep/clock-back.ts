import { sql } from "kysely";
import { nextOf } from "../schedules/rows.ts";
import { procedure, type Steps, type Transaction } from "../store/procedure.ts";
import type { Store } from "../store/store.ts";

/** After such a step a retry comes at most this much later: longer than one that is under way takes. */
const LATEST_MS = 120_000;
/** A trigger that fired at a time that comes again does not fire twice, unless that lasts longer than a few hours. */
const LONGEST_REPEAT_MS = 3 * 3_600_000;
/** How long builds and environments are leased; other things for no longer than the second. */
const LEASE_MS = 15_000;
const LONGEST_LEASE_MS = 300_000;

/**
 * Puts right what was noted at a time that is the future now, because the clock has stepped back: waits that begin in the
 * future began now, and keep their length; where the step is known, retries come soon, and cron triggers that would rest for
 * hours do not. Says how many rows there were.
 */
export const takeBackFuture = procedure(
  "takeBackFuture",
  { durability: "normal" },
  function* (tx: Transaction, input: { isKnown: boolean }): Steps<number> {
    const { nowMs } = tx;
    const effects = yield* tx.run(
      tx.db
        .updateTable("effects")
        .set({ dueAtMs: sql<number>`due_at_ms - begun_at_ms + ${nowMs}`, begunAtMs: nowMs })
        .where("state", "=", "begun")
        .where("begunAtMs", ">", nowMs),
    );
    const gates = yield* tx.run(
      tx.db
        .updateTable("gates")
        .set({ dueAtMs: sql<number>`due_at_ms - opened_at_ms + ${nowMs}`, openedAtMs: nowMs })
        .where("state", "=", "open")
        .where("openedAtMs", ">", nowMs),
    );
    const deployments = yield* tx.run(
      tx.db
        .updateTable("deployments")
        .set({ dueAtMs: sql<number>`due_at_ms - started_at_ms + ${nowMs}`, startedAtMs: nowMs })
        .where("endedAtMs", "is", null)
        .where("startedAtMs", ">", nowMs),
    );
    // What begins in the future shows a step that nobody saw: this process may be the next after it.
    const isKnown = input.isKnown || effects + gates + deployments > 0;
    const changed = effects + gates + deployments + (yield* endLeasesSoon(tx));
    return isKnown ? changed + (yield* retrySoon(tx)) + (yield* fireAgain(tx)) : changed;
  },
);

/** Whoever holds one renews it; what nobody renews would be held until the time that was meant before the step. */
function* endLeasesSoon(tx: Transaction): Steps<number> {
  const soonMs = tx.nowMs + LEASE_MS;
  return yield* tx.run(
    tx.db
      .updateTable("leases")
      .set({ expiresAtMs: soonMs })
      .where("holder", "is not", null)
      .where("expiresAtMs", ">", soonMs)
      .where((eb) =>
        eb.or([
          eb("name", "like", "build:%"),
          eb("name", "like", "env:%"),
          eb("expiresAtMs", ">", tx.nowMs + LONGEST_LEASE_MS),
        ]),
      ),
  );
}

/** Which of them wait for a time that was meant before the step cannot be told, so none waits longer than this. */
function* retrySoon(tx: Transaction): Steps<number> {
  const latestMs = tx.nowMs + LATEST_MS;
  let changed = 0;
  for (const table of ["notifications", "forgeStatuses"] as const)
    changed += yield* tx.run(
      tx.db
        .updateTable(table)
        .set({
          // One that nobody has tried yet waits for nothing.
          nextAtMs: sql<number>`case when attempts = 0 then cast(${tx.nowMs} as bigint) else cast(${latestMs} as bigint) end`,
        })
        .where("state", "in", ["pending", "retrying"])
        .where("nextAtMs", ">", tx.nowMs)
        .where((eb) => eb.or([eb("attempts", "=", 0), eb("nextAtMs", ">", latestMs)])),
    );
  changed += yield* tx.run(
    tx.db.updateTable("channelStates").set({ nextAtMs: latestMs }).where("nextAtMs", ">", latestMs),
  );
  return changed;
}

/** Their next time was reckoned from one that was hours or days ahead. */
function* fireAgain(tx: Transaction): Steps<number> {
  const far = yield* tx.all(
    tx.db
      .selectFrom("schedules")
      .innerJoin("projects", "projects.id", "schedules.projectId")
      .select(["projectId", "ref", "pattern", "timeZone", "nextAtMs", "projects.key"])
      .where("nextAtMs", ">", tx.nowMs + LONGEST_REPEAT_MS),
  );
  let changed = 0;
  for (const row of far) {
    const next = nextOf(row, tx.nowMs);
    if (next === null || next.atMs > row.nextAtMs - LONGEST_REPEAT_MS) continue;
    changed += yield* tx.run(
      tx.db
        .updateTable("schedules")
        .set({ nextAtMs: next.atMs })
        .where("projectId", "=", row.projectId)
        .where("ref", "=", row.ref)
        .where("pattern", "=", row.pattern),
    );
  }
  return changed;
}

/**
 * A check for the reconciler: acts at the first look, when the database's clock has stepped back since, and at the look after
 * that, for what was under way with the time of before.
 */
export function watchForStepsBack(store: Store): () => Promise<number> {
  let seen: number | undefined;
  let isToRepeat = false;
  return async () => {
    await store.nowMs();
    const steps = store.stepsBack();
    const isBack = steps !== seen;
    if (!isBack && !isToRepeat) return 0;
    // At the start nobody knows whether it stepped meanwhile, and retries may rightly be far away.
    const changed = await store.call(takeBackFuture, { isKnown: seen !== undefined });
    isToRepeat = isBack && seen !== undefined;
    seen = steps;
    return changed;
  };
}
