import { procedure } from "./procedure.ts";

/** Who this installation is, and how to tell that a vault key is its own. */
export interface Instance {
  name: string;
  keyId: string;
  keyCheck: Uint8Array;
}

/** Notes how far the clock of a database of its own is to be moved; only fault tests do. */
export const setClockOffset = procedure(
  "setClockOffset",
  { durability: "normal" },
  function* (tx, input: { offsetMs: number }) {
    return yield* tx.run(
      tx.db.updateTable("instance").set({ clockOffsetMs: input.offsetMs }).where("id", "=", 1),
    );
  },
);

/** Writes the instance row unless there is one; gives the one that counts. */
export const foundInstance = procedure(
  "foundInstance",
  { durability: "full" },
  function* (tx, input: Instance) {
    yield* tx.run(
      tx.db
        .insertInto("instance")
        .values({ id: 1, ...input, createdAtMs: tx.nowMs })
        .onConflict((on) => on.column("id").doNothing()),
    );
    return yield* tx.one(
      tx.db.selectFrom("instance").select(["name", "keyId", "keyCheck"]).where("id", "=", 1),
    );
  },
);
