import assert from "node:assert/strict";
import { it } from "mocha";
import { findViolations } from "../../../server/store/invariants.ts";
import { onBothDialects } from "./support/dialects.ts";
import { aBuild, aTimer } from "./support/worlds.ts";

const procedures = [new URL("./support/worlds.ts", import.meta.url)];
const LONG_AGO_MS = 1_000_000;

onBothDialects("the invariants", (start) => {
  it("hold in an empty database and among ordinary builds", async () => {
    const store = await (await start()).open({ procedures });
    assert.deepEqual(await findViolations(store), []);
    await store.call(aBuild, { key: "shop", number: 1, state: "queued" });
    await store.call(aBuild, { key: "shop", number: 2, state: "succeeded" });
    const waiting = await store.call(aBuild, { key: "shop", number: 3, state: "waiting" });
    await store.call(aTimer, { buildId: waiting, id: "0:1", dueAtMs: 1 });
    assert.deepEqual(await findViolations(store), []);
  });

  it("name each thing that is wrong", async () => {
    const store = await (await start()).open({ procedures });
    const stuck = await store.call(aBuild, { key: "shop", number: 1, state: "running", nextOrd: 5 });
    const ended = await store.call(aBuild, { key: "shop", number: 2, state: "failed" });
    await store.call(aTimer, { buildId: ended, id: "0:1", dueAtMs: 1 });
    await store.db.updateTable("builds").set({ createdAtMs: LONG_AGO_MS }).execute();
    await store.db
      .updateTable("builds")
      .set({
        startedAtMs: LONG_AGO_MS + 1,
        endedAtMs: LONG_AGO_MS,
        reasonCode: "runner_lost",
        reasonFault: "command",
      })
      .where("id", "=", ended)
      .execute();
    await store.db
      .insertInto("locks")
      .values({
        buildId: ended,
        effectId: "0:2",
        names: '["rig"]',
        state: "held",
        priority: 0,
        newestFirst: 0,
        granted: new Uint8Array(),
        sinceMs: LONG_AGO_MS,
      })
      .execute();
    const found = new Map((await findViolations(store)).map((one) => [one.invariant, one.subjects]));
    assert.deepEqual(
      [...found],
      [
        ["a build with work has a holder or a nudge", [`b${stuck}`]],
        ["a build that has ended leaves nothing begun", [`b${ended}`]],
        ["a build that has ended holds no resource", [`b${ended}`]],
        ["our own failure is never called the command's or the file's", [`b${ended}`]],
        ["nothing ends before it begins", [`b${ended}`]],
      ],
    );
  });
});
