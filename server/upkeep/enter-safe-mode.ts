import { finishBuild } from "../builds/journal/finish-build.ts";
import { appendAudit } from "../audit/chain.ts";
import { NO_WAIT } from "../waits/cause.ts";
import { procedure } from "../store/procedure.ts";
import type { Steps, Transaction } from "../store/procedure.ts";
import { UNFINISHED_BUILD_STATES } from "../store/states.ts";
import { SAFE_MODE } from "./safe-mode.ts";

/** Builds and releases that the lost server may have numbered after the backup. */
const NUMBERS_SKIPPED = 1000;
/** The same for ids: handles of agents and markers at orchestrators are made of them. */
const IDS_SKIPPED = 100_000;

/** Tables whose ids reach the outside: names of containers, markers, links, ids of messages and events. */
const COUNTED = [
  ["builds", "id"],
  ["deliveries", "id"],
  ["deployments", "id"],
  ["deployment_targets", "id"],
  ["gates", "id"],
  ["notifications", "id"],
  ["artifacts", "id"],
  ["events", "id"],
  ["commands", "no"],
] as const;

/** What entering safe mode has changed. */
export interface Entered {
  readonly builds: number;
  readonly gates: number;
  readonly unknown: number;
  readonly withdrawn: number;
}

/**
 * Makes a store that comes from a backup safe to start: what was under way has ended or is unknown, since nobody can tell
 * what became of it after the backup; nothing is left in a queue; numbers go on above all that may have been given since.
 */
export const enterSafeMode = procedure(
  "upkeep.enterSafeMode",
  { durability: "full" },
  function* (tx: Transaction, input: { backupAtMs: number | null }): Steps<Entered> {
    const sayAt = input.backupAtMs === null ? "" : ` of ${new Date(input.backupAtMs).toISOString()}`;
    const restored = { reasonCode: "restored", reasonFault: "sluice" as const };
    const gates = yield* tx.run(
      tx.db
        .updateTable("gates")
        .set({ state: "withdrawn", decidedAtMs: tx.nowMs, reason: "restored from a backup" })
        .where("state", "=", "open"),
    );
    // Pending and not approved: by this store nothing was sent, and now nothing will be.
    const withdrawn = yield* tx.run(
      tx.db
        .updateTable("deployments")
        .set({
          ...restored,
          state: "withdrawn",
          endedAtMs: tx.nowMs,
          ...NO_WAIT,
          reasonText: `the server was restored from a backup${sayAt}; deploy again if it is still wanted`,
        })
        .where("state", "=", "pending")
        .where("approvedAtMs", "is", null),
    );
    const unknown = yield* tx.run(
      tx.db
        .updateTable("deployments")
        .set({
          ...restored,
          state: "unknown",
          ...NO_WAIT,
          reasonText: `the server was restored from a backup${sayAt}; what became of this afterwards is not known here`,
        })
        .where("state", "in", ["pending", "applying", "verifying", "rolling_back", "unknown"]),
    );
    yield* tx.run(
      tx.db
        .updateTable("deploymentTargets")
        .set({ state: "unknown", reasonCode: "restored", updatedAtMs: tx.nowMs })
        .where("state", "in", ["pending", "applying", "verifying", "rolling_back"])
        .where("deploymentId", "in", (from) =>
          from.selectFrom("deployments").select("id").where("state", "=", "unknown"),
        ),
    );
    const builds = yield* tx.all(
      tx.db.selectFrom("builds").select("id").where("state", "in", UNFINISHED_BUILD_STATES),
    );
    for (const { id } of builds)
      yield* finishBuild(
        tx,
        id,
        {
          state: "failed",
          code: "restored",
          fault: "sluice",
          text: `the server was restored from a backup${sayAt}; start it again if it is still wanted`,
        },
        { placesChanged: false },
      );
    yield* emptyQueues(tx);
    yield* skipNumbers(tx);
    const body = JSON.stringify({ sinceMs: tx.nowMs, backupAtMs: input.backupAtMs });
    const values = { body, updatedAtMs: tx.nowMs };
    yield* tx.run(
      tx.db
        .insertInto("settings")
        .values({ name: SAFE_MODE, ...values })
        .onConflict((on) => on.column("name").doUpdateSet(values)),
    );
    yield* appendAudit(tx, {
      actorKind: "system",
      actor: "restore",
      address: null,
      action: "safe-mode.begin",
      object: "server",
      outcome: "done",
    });
    return { builds: builds.length, gates, unknown, withdrawn };
  },
);

function* emptyQueues(tx: Transaction): Steps<void> {
  yield* tx.run(tx.db.deleteFrom("outbox"));
  yield* tx.run(tx.db.updateTable("leases").set({ holder: null, expiresAtMs: tx.nowMs }));
  yield* tx.run(
    tx.db.updateTable("runners").set({ state: "offline" }).where("state", "in", ["online", "draining"]),
  );
  for (const table of ["notifications", "forgeStatuses"] as const)
    yield* tx.run(
      tx.db
        .updateTable(table)
        .set({
          state: "dead",
          nextAtMs: null,
          answer: "restored from a backup: whether it was sent is not known",
        })
        .where("state", "in", ["pending", "retrying"]),
    );
}

function* skipNumbers(tx: Transaction): Steps<void> {
  yield* tx.run(
    tx.db.updateTable("projects").set((on) => ({ nextNumber: on("nextNumber", "+", NUMBERS_SKIPPED) })),
  );
  yield* tx.run(
    tx.db
      .updateTable("environments")
      .set((on) => ({ releaseCounter: on("releaseCounter", "+", NUMBERS_SKIPPED) })),
  );
  for (const [table, column] of COUNTED) {
    if (tx.dialect === "postgres") {
      yield {
        sql: `select setval(pg_get_serial_sequence('${table}', '${column}'),
          (select coalesce(max(${column}), 0) from ${table}) + ${IDS_SKIPPED})`,
        parameters: [],
      };
      continue;
    }
    // A table that never had a row has no counter yet.
    yield {
      sql: `insert into sqlite_sequence (name, seq) select '${table}', 0
        where not exists (select 1 from sqlite_sequence where name = '${table}')`,
      parameters: [],
    };
    yield {
      sql: `update sqlite_sequence set seq = seq + ${IDS_SKIPPED} where name = '${table}'`,
      parameters: [],
    };
  }
}
