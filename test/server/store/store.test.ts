import assert from "node:assert/strict";
import { it } from "mocha";
import { StoreError, isStoreError } from "../../../server/store/errors.ts";
import { onBothDialects } from "./support/dialects.ts";
import {
  countBoth,
  countUp,
  putAndFail,
  putSetting,
  putSettingSoftly,
  roundTrip,
} from "./support/procedures.ts";

onBothDialects("a store", (start) => {
  it("gives back what a procedure wrote, named as in code", async () => {
    const store = await (await start()).open();
    const atMs = await store.call(putSetting, { name: "channels", body: "{}" });
    const rows = await store.db.selectFrom("settings").selectAll().execute();
    assert.deepEqual(rows, [{ name: "channels", body: "{}", updatedAtMs: atMs }]);
  });

  it("keeps bytes and large numbers exactly", async () => {
    const store = await (await start()).open();
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
    const big = Number.MAX_SAFE_INTEGER;
    const row = await store.call(roundTrip, { bytes, big });
    assert.deepEqual([...row.keyCheck], [...bytes]);
    assert.equal(row.createdAtMs, big);
    assert.equal(row.clockOffsetMs, 0);
    const read = await store.db.selectFrom("instance").select("keyCheck").executeTakeFirstOrThrow();
    assert.deepEqual([...read.keyCheck], [...bytes]);
  });

  it("undoes a procedure that throws and says which it was", async () => {
    const store = await (await start()).open();
    await assert.rejects(store.call(putAndFail, { name: "x" }), (error) => {
      assert.ok(isStoreError(error, "procedure_failed"));
      assert.match(error.message, /putAndFail: no to x/);
      return true;
    });
    assert.deepEqual(await store.db.selectFrom("settings").select("name").execute(), []);
  });

  it("lets the neighbours of a failing procedure commit", async () => {
    const store = await (await start()).open();
    const calls = Array.from({ length: 40 }, (_, at) =>
      at % 4 === 0
        ? store.call(putAndFail, { name: `n${at}` })
        : store.call(putSetting, { name: `n${at}`, body: "" }),
    );
    const settled = await Promise.allSettled(calls);
    assert.equal(settled.filter(({ status }) => status === "rejected").length, 10);
    const { count } = await store.db
      .selectFrom("settings")
      .select((eb) => eb.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    assert.equal(count, 30);
  });

  it("tells a taken unique key from other refusals", async () => {
    const store = await (await start()).open();
    await store.call(putSettingSoftly, { name: "one", body: "" });
    await assert.rejects(store.call(putSettingSoftly, { name: "one", body: "" }), (error) =>
      isStoreError(error, "conflict"),
    );
    const milestone = { projectId: 999, ref: "refs/heads/main", ordinal: 1, buildNumber: 1 };
    await assert.rejects(store.db.insertInto("milestones").values(milestone).execute(), (error) =>
      isStoreError(error, "constraint"),
    );
  });

  it("loses no update among simultaneous read-then-write procedures", async () => {
    const store = await (await start()).open();
    await store.call(putSetting, { name: "n", body: "0" });
    const numbers = await Promise.all(Array.from({ length: 60 }, () => store.call(countUp, { name: "n" })));
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      Array.from({ length: 60 }, (_, at) => at + 1),
    );
  });

  it("brings transactions that lock rows in opposite orders all to their end", async () => {
    const store = await (await start()).open();
    await store.call(putSetting, { name: "a", body: "" });
    await store.call(putSetting, { name: "b", body: "" });
    const orders = [
      ["a", "b"],
      ["b", "a"],
    ] as const;
    const calls = Array.from({ length: 6 }, (_, at) =>
      store.call(countBoth, { names: orders[at % 2] ?? [] }),
    );
    assert.deepEqual(new Set(await Promise.all(calls)), new Set([2]));
  });

  it("tells listeners which tables were written, after the commit", async () => {
    const store = await (await start()).open();
    let seen = 0;
    const stop = store.onWritten("settings", () => (seen += 1));
    store.onWritten("builds", () => assert.fail("no build was written"));
    await store.call(putSetting, { name: "a", body: "" });
    assert.equal(seen, 1);
    await store.db.updateTable("settings").set({ body: "2" }).where("name", "=", "a").execute();
    assert.equal(seen, 2);
    stop();
    await store.db.selectFrom("settings").selectAll().execute();
    await store.call(putSetting, { name: "b", body: "" });
    assert.equal(seen, 2);
  });

  it("counts the rows a statement changed", async () => {
    const store = await (await start()).open();
    await store.call(putSetting, { name: "a", body: "" });
    const hit = store.db.updateTable("settings").set({ body: "x" });
    const [one] = await hit.where("name", "=", "a").execute();
    const [none] = await hit.where("name", "=", "z").execute();
    assert.equal(one?.numUpdatedRows, 1n);
    assert.equal(none?.numUpdatedRows, 0n);
  });

  it("refuses a procedure whose module was not named, and transactions outside procedures", async () => {
    const place = await start();
    const store = await place.open({ procedures: [] });
    await assert.rejects(store.call(putSetting, { name: "a", body: "" }), (error) =>
      isStoreError(error, "unknown_procedure"),
    );
    await assert.rejects(
      store.db.transaction().execute(async () => {}),
      /write a procedure/,
    );
  });

  it("is still there, with its rows, when it is opened again", async () => {
    const place = await start();
    const first = await place.open();
    await first.call(putSetting, { name: "a", body: "kept" });
    await first.close();
    const second = await place.open();
    assert.equal((await second.db.selectFrom("settings").selectAll().execute()).length, 1);
    assert.notEqual(first.holder, second.holder);
    assert.equal(first.holder.split("/")[0], second.holder.split("/")[0]);
  });

  it("commits what was accepted before it closes, and refuses what comes later", async () => {
    const place = await start();
    const store = await place.open();
    const accepted = Promise.all(
      Array.from({ length: 100 }, (_, at) => store.call(putSetting, { name: `s${at}`, body: "" })),
    );
    const closing = store.close();
    await accepted;
    await closing;
    await assert.rejects(store.call(putSetting, { name: "late", body: "" }), (error) =>
      isStoreError(error, "closed"),
    );
    const again = await place.open();
    assert.equal((await again.db.selectFrom("settings").select("name").execute()).length, 100);
  });

  it("lets only one server use a data folder", async () => {
    const place = await start();
    const first = await place.open();
    await assert.rejects(place.open(), (error) => isStoreError(error, "instance_running"));
    await first.close();
    await (await place.open()).close();
  });

  it("refuses a database that a later release wrote", async () => {
    const place = await start();
    const store = await place.open();
    await store.close();
    await noteLaterSchema(place);
    await assert.rejects(place.open(), (error) => {
      assert.ok(error instanceof StoreError);
      assert.equal(error.code, "newer_schema");
      assert.match(error.message, /schema 900/);
      return true;
    });
  });

  it("refuses to change or remove audit rows", async () => {
    const store = await (await start()).open();
    const row = {
      seq: 1,
      atMs: 1,
      actorKind: "system",
      actor: "system",
      action: "start",
      object: "server",
      outcome: "done",
      prevHash: "",
      hash: "h",
    };
    await store.db.insertInto("audit").values(row).execute();
    await assert.rejects(store.db.updateTable("audit").set({ actor: "x" }).execute(), /append-only/);
    await assert.rejects(store.db.deleteFrom("audit").execute(), /append-only/);
  });
});

async function noteLaterSchema(place: {
  dataFolder: string;
  databaseUrl: string | undefined;
}): Promise<void> {
  const sql = "insert into schema_migrations (version, name, applied_at_ms) values (900, 'later', 1)";
  if (place.databaseUrl === undefined) {
    const { DatabaseSync } = await import("node:sqlite");
    const db = new DatabaseSync(`${place.dataFolder}/sluice.sqlite`);
    db.exec(sql);
    db.close();
    return;
  }
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: place.databaseUrl });
  await client.connect();
  await client.query(sql);
  await client.end();
}
