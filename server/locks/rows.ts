import { endEffect } from "../builds/journal/end-effect.ts";
import { procedure, type Steps, type Transaction } from "../store/procedure.ts";
import { choose, type LockWish, namesOf, readWishes } from "./wish.ts";

/** What a `lock` step asks for. */
export interface LockWanted {
  /** All of them together, or none. */
  readonly wanted: readonly LockWish[];
  readonly priority: number;
  /** This one goes before those who asked earlier. */
  readonly newestFirst: boolean;
  /** What the step ends with once it has them. */
  readonly granted: Uint8Array;
  /** What it ends with at once where one is taken; null: it waits. */
  readonly skipped: Uint8Array | null;
}

/** Takes a step's resources, or puts it in the line of those who wait. The builds whose steps ended by it. */
export function* takeLock(
  tx: Transaction,
  buildId: number,
  effectId: string,
  wanted: LockWanted,
): Steps<number[]> {
  yield* tx.run(
    tx.db.insertInto("locks").values({
      buildId,
      effectId,
      names: JSON.stringify(wanted.wanted),
      state: "waiting",
      priority: wanted.priority,
      newestFirst: wanted.newestFirst ? 1 : 0,
      granted: wanted.granted,
      sinceMs: tx.nowMs,
    }),
  );
  const ended = yield* grantWaiting(tx);
  if (wanted.skipped === null || ended.includes(buildId)) return ended;
  yield* dropLocks(tx, buildId, effectId);
  if (yield* endEffect(tx, { buildId, effectId, outcome: wanted.skipped, exitCode: null }))
    return [...ended, buildId];
  return ended;
}

/** A step, or with null a whole build, holds and wants nothing any more; those who waited for it get their turn. */
export function* leaveLocks(tx: Transaction, buildId: number, effectId: string | null): Steps<number[]> {
  return (yield* dropLocks(tx, buildId, effectId)) ? yield* grantWaiting(tx) : [];
}

function* dropLocks(tx: Transaction, buildId: number, effectId: string | null): Steps<boolean> {
  const rows = yield* tx.all(
    tx.db
      .selectFrom("locks")
      .select("id")
      .where("buildId", "=", buildId)
      .$if(effectId !== null, (query) => query.where("effectId", "=", effectId ?? "")),
  );
  for (const { id } of rows) yield* dropLock(tx, id);
  return rows.length > 0;
}

function* dropLock(tx: Transaction, id: number): Steps<void> {
  yield* tx.run(tx.db.deleteFrom("lockNames").where("lockId", "=", id));
  yield* tx.run(tx.db.deleteFrom("locks").where("id", "=", id));
}

/** Hands free resources to those who wait, in their order; one whose resources are taken does not hold up the next. */
function* grantWaiting(tx: Transaction): Steps<number[]> {
  const waiting = yield* tx.all(
    tx.db.selectFrom("locks").selectAll().where("state", "=", "waiting").orderBy("id"),
  );
  const ended: number[] = [];
  for (const lock of inTurn(waiting)) {
    if (!(yield* takeNames(tx, lock.id, readWishes(lock.names)))) continue;
    const end = { buildId: lock.buildId, effectId: lock.effectId, outcome: lock.granted, exitCode: null };
    if (yield* endEffect(tx, end)) {
      yield* tx.run(
        tx.db.updateTable("locks").set({ state: "held", sinceMs: tx.nowMs }).where("id", "=", lock.id),
      );
      ended.push(lock.buildId);
    } else yield* dropLock(tx, lock.id); // it was stopped, or ran out of time, and waits no more
  }
  return ended;
}

/**
 * Hands out what is free and waited for: where several servers write at once, one may give a resource back while another
 * is about to wait for it, and neither sees the other. The builds whose steps ended by it.
 */
export const grantFreeLocks = procedure(
  "locks.grantFree",
  { durability: "normal" },
  function* (tx: Transaction): Steps<number[]> {
    return yield* grantWaiting(tx);
  },
);

/** The order of those who wait: by priority, then as they came, except those who ask to be first. */
function inTurn<Row extends { readonly priority: number; readonly newestFirst: 0 | 1 }>(
  rows: readonly Row[],
): Row[] {
  const line: Row[] = [];
  for (const row of rows) {
    if (row.newestFirst === 1) line.unshift(row);
    else line.push(row);
  }
  return line.toSorted((a, b) => b.priority - a.priority);
}

/** Takes all that is wished for or nothing; the table's key settles who was first. */
function* takeNames(tx: Transaction, lockId: number, wishes: readonly LockWish[]): Steps<boolean> {
  const taken = yield* tx.all(
    tx.db.selectFrom("lockNames").select("name").where("name", "in", namesOf(wishes)),
  );
  const names = choose(wishes, new Set(taken.map(({ name }) => name)));
  if (names === null) return false;
  let got = 0;
  for (const name of names)
    got += yield* tx.run(
      tx.db
        .insertInto("lockNames")
        .values({ name, lockId })
        .onConflict((conflict) => conflict.doNothing()),
    );
  if (got === names.length) return true;
  yield* tx.run(tx.db.deleteFrom("lockNames").where("lockId", "=", lockId));
  return false;
}
