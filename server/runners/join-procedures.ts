import { procedure, type Steps, type Transaction } from "../store/procedure.ts";

/** What came of a join. */
export type JoinResult =
  | { readonly ok: true; readonly id: number; readonly name: string }
  | { readonly ok: false; readonly status: number; readonly reason: string };

/** Exchanges a one-time token for a runner of its own. */
export const joinRunner = procedure(
  "runners.join",
  { durability: "full" },
  function* (
    tx: Transaction,
    input: { tokenHash: string; name: string; keyHash: string },
  ): Steps<JoinResult> {
    const token = yield* tx.first(
      tx.db
        .updateTable("runnerTokens")
        .set({ usedAtMs: tx.nowMs })
        .where("tokenHash", "=", input.tokenHash)
        .where("usedAtMs", "is", null)
        .where("expiresAtMs", ">", tx.nowMs)
        .returning(["id", "name"]),
    );
    if (token === undefined)
      return {
        ok: false,
        status: 401,
        reason: "the token was used, has expired, or was never given: make a new one",
      };
    const name = token.name ?? input.name;
    const taken = yield* tx.first(tx.db.selectFrom("runners").select("id").where("name", "=", name));
    if (taken !== undefined)
      return { ok: false, status: 409, reason: `a runner called ${name} has joined before` };
    const row = yield* tx.one(
      tx.db
        .insertInto("runners")
        .values(newRunner(name, input.keyHash, tx.nowMs))
        .returning("id"),
    );
    yield* tx.run(tx.db.updateTable("runnerTokens").set({ runnerId: row.id }).where("id", "=", token.id));
    return { ok: true, id: row.id, name };
  },
);

/** The runner inside the server: its row is made once, its key is new at each boot. */
export const localRunner = procedure(
  "runners.local",
  { durability: "full" },
  function* (tx: Transaction, input: { name: string; keyHash: string }): Steps<number> {
    const known = yield* tx.first(
      tx.db
        .updateTable("runners")
        .set({ keyHash: input.keyHash })
        .where("name", "=", input.name)
        .returning("id"),
    );
    if (known !== undefined) return known.id;
    const row = yield* tx.one(
      tx.db
        .insertInto("runners")
        .values(newRunner(input.name, input.keyHash, tx.nowMs))
        .returning("id"),
    );
    return row.id;
  },
);

function newRunner(name: string, keyHash: string, nowMs: number) {
  return {
    name,
    keyHash,
    labels: "[]",
    places: 1,
    state: "offline" as const,
    versions: "{}",
    workspaces: "[]",
    joinedAtMs: nowMs,
  };
}
