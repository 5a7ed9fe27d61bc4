import { sql } from "kysely";
import { procedure, type Steps, type Transaction } from "../store/procedure.ts";
import type { Store } from "../store/store.ts";

/** A database's clock that lags so much more behind a steady one between two looks has stepped back. */
const STEP_MS = 5_000;
/** After such a step a retry comes at most this much later: longer than one that is under way takes. */
const LATEST_MS = 120_000;
/** How long builds and environments are leased; other things for no longer than the second. */
const LEASE_MS = 15_000;
const LONGEST_LEASE_MS = 300_000;

/**
 * Puts right what was noted at a time that is the future now, because the clock has stepped back: waits that begin in the
 * future began now, and keep their length; retries come soon. Says how many rows there were.
 */
export const takeBackFuture = procedure(
  "takeBackFuture",
  { durability: "normal" },
  function* (tx: Transaction, input: { retriesToo: boolean }): Steps<number> {
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
    const leases = yield* endLeasesSoon(tx);
    return effects + gates + leases + (input.retriesToo ? yield* retrySoon(tx) : 0);
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

/** A check for the reconciler: acts when the database's clock has stepped back since it looked last, and at the first look. */
export function watchForStepsBack(store: Store): () => Promise<number> {
  let last: { readonly databaseMs: number; readonly monotonicMs: number } | null = null;
  return async () => {
    const now = { databaseMs: await store.nowMs(), monotonicMs: performance.now() };
    const isBack =
      last === null || now.databaseMs - last.databaseMs < now.monotonicMs - last.monotonicMs - STEP_MS;
    if (isBack) {
      // At the start nobody knows whether it stepped meanwhile, and retries may rightly be far away.
      const changed = await store.call(takeBackFuture, { retriesToo: last !== null });
      last = now;
      return changed;
    }
    last = now;
    return 0;
  };
}
