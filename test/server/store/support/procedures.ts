import { CompiledQuery } from "kysely";
import { procedure } from "../../../../server/store/procedure.ts";

/** Writes one setting, overwriting; a lone row to count and to read back. */
export const putSetting = procedure(
  "putSetting",
  { durability: "full" },
  function* (tx, input: { name: string; body: string }) {
    yield* tx.run(
      tx.db
        .insertInto("settings")
        .values({ ...input, updatedAtMs: tx.nowMs })
        .onConflict((on) => on.column("name").doUpdateSet({ body: input.body, updatedAtMs: tx.nowMs })),
    );
    return tx.nowMs;
  },
);

/** The same with the softer commit. */
export const putSettingSoftly = procedure(
  "putSettingSoftly",
  { durability: "normal" },
  function* (tx, input: { name: string; body: string }) {
    yield* tx.run(tx.db.insertInto("settings").values({ ...input, updatedAtMs: tx.nowMs }));
    return input.name;
  },
);

/** Writes a setting and then fails. */
export const putAndFail = procedure(
  "putAndFail",
  { durability: "full" },
  function* (tx, input: { name: string }) {
    yield* tx.run(tx.db.insertInto("settings").values({ name: input.name, body: "", updatedAtMs: 0 }));
    if (input.name.length > 0) throw new Error(`no to ${input.name}`);
    return 0;
  },
);

/** Reads a counter under its lock and writes it back one higher. */
export const countUp = procedure(
  "countUp",
  { durability: "normal" },
  function* (tx, input: { name: string }) {
    const row = yield* tx.first(
      tx.db.selectFrom("settings").select("body").where("name", "=", input.name).forUpdate(),
    );
    const next = Number(row?.body ?? "0") + 1;
    yield* tx.run(
      tx.db
        .updateTable("settings")
        .set({ body: String(next) })
        .where("name", "=", input.name),
    );
    return next;
  },
);

/** Takes two rows in the order given, so that two calls in opposite orders deadlock where rows are locked. */
export const countBoth = procedure(
  "countBoth",
  { durability: "normal" },
  function* (tx, input: { names: readonly string[] }) {
    for (const name of input.names) {
      yield* tx.run(
        tx.db
          .updateTable("settings")
          .set((eb) => ({ updatedAtMs: eb("updatedAtMs", "+", 1) }))
          .where("name", "=", name),
      );
    }
    return input.names.length;
  },
);

/** Gives every kind of column back as it was written. */
export const roundTrip = procedure(
  "roundTrip",
  { durability: "full" },
  function* (tx, input: { bytes: Uint8Array; big: number }) {
    yield* tx.run(
      tx.db
        .insertInto("instance")
        .values({ id: 1, name: "abcdef", keyId: "k", keyCheck: input.bytes, createdAtMs: input.big }),
    );
    return yield* tx.one(tx.db.selectFrom("instance").selectAll());
  },
);

/** How hard this commit will be: SQLite's `synchronous`, 1 for NORMAL, 2 for FULL. */
export const readSynchronous = procedure("readSynchronous", { durability: "normal" }, function* (tx) {
  const query = { compile: () => CompiledQuery.raw("pragma synchronous") };
  const row: unknown = yield* tx.first(query);
  return typeof row === "object" && row !== null && "synchronous" in row ? Number(row.synchronous) : -1;
});

/** Takes anything and does nothing with it. */
export const takeAnything = procedure(
  "takeAnything",
  { durability: "normal" },
  function* (tx, input: { thing: unknown }) {
    yield* tx.all(tx.db.selectFrom("settings").select("name"));
    return typeof input.thing;
  },
);
