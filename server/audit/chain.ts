import { createHash } from "node:crypto";
import type { Store } from "../store/store.ts";
import type { Steps, Transaction } from "../store/procedure.ts";

/** One thing somebody did, or was refused. Values of secrets never stand here. */
export interface AuditInput {
  readonly actorKind: "user" | "token" | "runner" | "system";
  readonly actor: string;
  readonly address: string | null;
  readonly action: string;
  readonly object: string;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly outcome: "done" | "denied";
}

/** The hash before the first row. */
export const CHAIN_START = "0".repeat(64);

/** Appends a row to the chain, in the transaction of what it tells of: both happen or neither. */
export function* appendAudit(tx: Transaction, input: AuditInput): Steps<void> {
  // One writer at a time on PostgreSQL: a lock on the last row would not see the row that came after it.
  yield* tx.first(tx.db.selectFrom("instance").select("id").where("id", "=", 1).forUpdate());
  const last = yield* tx.first(
    tx.db.selectFrom("audit").select(["seq", "hash"]).orderBy("seq", "desc").limit(1),
  );
  const prevHash = last?.hash ?? CHAIN_START;
  const row = {
    seq: (last?.seq ?? 0) + 1,
    atMs: tx.nowMs,
    actorKind: input.actorKind,
    actor: input.actor,
    address: input.address,
    action: input.action,
    object: input.object,
    before: input.before === undefined ? null : JSON.stringify(input.before),
    after: input.after === undefined ? null : JSON.stringify(input.after),
    outcome: input.outcome,
  };
  yield* tx.run(tx.db.insertInto("audit").values({ ...row, prevHash, hash: hashOf(prevHash, row) }));
}

interface Hashed {
  readonly seq: number;
  readonly atMs: number;
  readonly actorKind: string;
  readonly actor: string;
  readonly address: string | null;
  readonly action: string;
  readonly object: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly outcome: string;
}

function hashOf(prevHash: string, row: Hashed): string {
  // A list, so that the order of fields is part of the text.
  const { seq, atMs, actorKind, actor, address, action, object, before, after, outcome } = row;
  const text = JSON.stringify([seq, atMs, actorKind, actor, address, action, object, before, after, outcome]);
  return createHash("sha256").update(prevHash).update(text).digest("hex");
}

/** What a check of the chain found: whole up to `rows`, or the first row that does not fit. */
export type AuditCheck =
  | { readonly ok: true; readonly rows: number; readonly head: string }
  | { readonly ok: false; readonly seq: number; readonly text: string };

/** Walks the chain from its start. A row edited, removed or put elsewhere is found; rows cut off at the end show by `head`. */
export async function verifyAudit(store: Store): Promise<AuditCheck> {
  let prevHash = CHAIN_START;
  let seq = 0;
  for (;;) {
    const rows = await store.db
      .selectFrom("audit")
      .selectAll()
      .where("seq", ">", seq)
      .orderBy("seq")
      .limit(1000)
      .execute();
    if (rows.length === 0) return { ok: true, rows: seq, head: prevHash };
    for (const row of rows) {
      if (row.seq !== seq + 1) return { ok: false, seq: seq + 1, text: `row ${seq + 1} is missing` };
      if (row.prevHash !== prevHash || row.hash !== hashOf(prevHash, row)) {
        return { ok: false, seq: row.seq, text: `row ${row.seq} does not fit to the one before it` };
      }
      prevHash = row.hash;
      seq = row.seq;
    }
  }
}
