import { procedure } from "./procedure.ts";
import type { Steps, Transaction } from "./procedure.ts";

/** Who may act on a thing, until when. */
export interface Lease {
  name: string;
  holder: string;
  /** Rises with each claim: what carries an older one is refused. */
  fence: number;
  expiresAtMs: number;
}

/**
 * Claims the lease `name` if nobody alive holds it: its fence, or null when another holder has it. The same holder
 * may claim again, which takes the next fence.
 */
export const claimLease = procedure("claimLease", { durability: "normal" }, claim);

/** `claimLease` as a part of another procedure. */
export function* claim(
  tx: Transaction,
  input: { name: string; holder: string; ttlMs: number },
): Steps<Lease | null> {
  const expiresAtMs = tx.nowMs + input.ttlMs;
  const row = yield* tx.first(
    tx.db
      .insertInto("leases")
      .values({ name: input.name, holder: input.holder, fence: 1, expiresAtMs })
      .onConflict((on) =>
        on
          .column("name")
          .doUpdateSet((eb) => ({ holder: input.holder, fence: eb("leases.fence", "+", 1), expiresAtMs }))
          .where((eb) =>
            eb.or([
              eb("leases.holder", "is", null),
              eb("leases.holder", "=", input.holder),
              eb("leases.expiresAtMs", "<=", tx.nowMs),
            ]),
          ),
      )
      .returning("fence"),
  );
  return row === undefined ? null : { name: input.name, holder: input.holder, fence: row.fence, expiresAtMs };
}

/** Prolongs leases still held under their fence; gives the names of those that were. The rest is lost. */
export const renewLeases = procedure(
  "renewLeases",
  { durability: "normal" },
  function* (
    tx,
    input: { leases: readonly { name: string; fence: number }[]; holder: string; ttlMs: number },
  ) {
    const renewed: string[] = [];
    // In order of name, so that two servers never wait for each other.
    for (const lease of input.leases.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const changes = yield* tx.run(
        tx.db
          .updateTable("leases")
          .set({ expiresAtMs: tx.nowMs + input.ttlMs })
          .where("name", "=", lease.name)
          .where("holder", "=", input.holder)
          .where("fence", "=", lease.fence)
          .where("expiresAtMs", ">", tx.nowMs),
      );
      if (changes > 0) renewed.push(lease.name);
    }
    return renewed;
  },
);

/** Gives a lease back; false when it was lost before. */
export const releaseLease = procedure(
  "releaseLease",
  { durability: "normal" },
  function* (tx, input: { name: string; fence: number }) {
    return yield* release(tx, input);
  },
);

/** `releaseLease` as a part of another procedure. */
export function* release(tx: Transaction, input: { name: string; fence: number }): Steps<boolean> {
  const changes = yield* tx.run(
    tx.db
      .updateTable("leases")
      .set({ holder: null, expiresAtMs: tx.nowMs })
      .where("name", "=", input.name)
      .where("fence", "=", input.fence)
      .where("holder", "is not", null),
  );
  return changes > 0;
}

/**
 * Whether the lease is live under that fence. Its row stays locked to the end of the transaction, so what the
 * transaction writes is written by the holder.
 */
export function* holds(tx: Transaction, lease: { name: string; fence: number }): Steps<boolean> {
  const row = yield* tx.first(
    tx.db
      .selectFrom("leases")
      .select("fence")
      .where("name", "=", lease.name)
      .where("fence", "=", lease.fence)
      .where("holder", "is not", null)
      .where("expiresAtMs", ">", tx.nowMs)
      .forShare(),
  );
  return row !== undefined;
}

/** Whether anybody holds the lease now. */
export function* isHeld(tx: Transaction, name: string): Steps<boolean> {
  const row = yield* tx.first(
    tx.db
      .selectFrom("leases")
      .select("fence")
      .where("name", "=", name)
      .where("holder", "is not", null)
      .where("expiresAtMs", ">", tx.nowMs),
  );
  return row !== undefined;
}

/**
 * Ends the leases of this server's earlier boots at once: the instance lock is ours, so they are dead. They count as
 * expired, not as given back: whoever looks for abandoned work finds it.
 */
export const takeOwnLeases = procedure(
  "takeOwnLeases",
  { durability: "full" },
  function* (tx, input: { server: string; holder: string }) {
    return yield* tx.run(
      tx.db
        .updateTable("leases")
        .set({ expiresAtMs: tx.nowMs })
        .where("holder", "like", `${input.server}/%`)
        .where("holder", "!=", input.holder)
        .where("expiresAtMs", ">", tx.nowMs),
    );
  },
);

/** Gives everything back that this process holds: at a clean stop. */
export const leaveLeases = procedure(
  "leaveLeases",
  { durability: "full" },
  function* (tx, input: { holder: string }) {
    return yield* tx.run(
      tx.db
        .updateTable("leases")
        .set({ holder: null, expiresAtMs: tx.nowMs })
        .where("holder", "=", input.holder),
    );
  },
);
