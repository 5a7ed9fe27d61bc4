import assert from "node:assert/strict";
import { it } from "mocha";
import { grantFreeLocks } from "../../../server/locks/rows.ts";
import { SERVER_PROCEDURES } from "../../../server/procedures.ts";
import { onBothDialects } from "../store/support/dialects.ts";
import { aBuild, aTimer } from "../store/support/worlds.ts";

const procedures = [new URL("../store/support/worlds.ts", import.meta.url), ...SERVER_PROCEDURES];

onBothDialects("locks", (start) => {
  it("are granted in turn, several at once or none, and never to a step that has ended", async () => {
    const store = await (await start()).open({ procedures });
    const builds: number[] = [];
    for (const number of [1, 2, 3]) {
      const id = await store.call(aBuild, { key: "shop", number, state: "running" });
      await store.call(aTimer, { buildId: id, id: "0:1", dueAtMs: 4_000_000_000_000 });
      builds.push(id);
    }
    const [first = 0, second = 0, third = 0] = builds;
    const wants = async (buildId: number, names: readonly string[], priority = 0) => {
      await store.db
        .insertInto("locks")
        .values({
          buildId,
          effectId: "0:1",
          names: JSON.stringify(names),
          state: "waiting",
          priority,
          newestFirst: 0,
          granted: new Uint8Array([1]),
          sinceMs: await store.nowMs(),
        })
        .execute();
    };
    await wants(first, ["a"]);
    await wants(second, ["a", "b"], 1);
    await wants(third, ["a"]);
    await store.db.updateTable("effects").set({ state: "closed" }).where("buildId", "=", third).execute();

    assert.deepEqual(await store.call(grantFreeLocks, {}), [second], "the more urgent one first");
    assert.deepEqual(await store.call(grantFreeLocks, {}), []);
    await store.db.deleteFrom("lockNames").execute();
    assert.deepEqual(await store.call(grantFreeLocks, {}), [first]);
    await store.db.deleteFrom("lockNames").execute();
    assert.deepEqual(await store.call(grantFreeLocks, {}), []);
    const left = await store.db.selectFrom("locks").select(["buildId", "state"]).orderBy("buildId").execute();
    assert.deepEqual(left, [
      { buildId: first, state: "held" },
      { buildId: second, state: "held" },
    ]);
    const effects = await store.db
      .selectFrom("effects")
      .select(["state", "ord"])
      .orderBy("buildId")
      .execute();
    assert.deepEqual(
      effects.map(({ state }) => state),
      ["ended", "ended", "closed"],
    );
  });
});
