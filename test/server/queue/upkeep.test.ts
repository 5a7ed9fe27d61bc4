import assert from "node:assert/strict";
import { it } from "mocha";
import { pino } from "pino";
import { nudgeStarts } from "../../../server/builds/journal/next-starts.ts";
import { nudgeAbandonedBuilds } from "../../../server/queue/abandoned-builds.ts";
import { createLeaseKeeper } from "../../../server/queue/lease-keeper.ts";
import { startReconciler } from "../../../server/queue/reconcile.ts";
import { startTimerSweeper } from "../../../server/queue/timers.ts";
import { claimLease, releaseLease } from "../../../server/store/leases.ts";
import { nudgesSent } from "../../../server/store/outbox.ts";
import type { Store } from "../../../server/store/store.ts";
import { until } from "../../support/services/until.ts";
import { onBothDialects } from "../store/support/dialects.ts";
import { aBuild, aTimer, closeEffect } from "../store/support/worlds.ts";

const log = pino({ level: "silent" });
const HOUR_MS = 3_600_000;
const procedures = [
  new URL("../store/support/worlds.ts", import.meta.url),
  new URL("../../../server/builds/journal/next-starts.ts", import.meta.url),
  new URL("../../../server/queue/abandoned-builds.ts", import.meta.url),
];

onBothDialects("builds without a holder", (start) => {
  it("are nudged when they may start, with undelivered outcomes or after an expired lease, and else left alone", async () => {
    const store = await (await start()).open({ procedures });
    const build = (number: number, rest: Partial<Parameters<typeof aBuild.run>[1]>): Promise<number> =>
      store.call(aBuild, { key: "shop", number, state: "running", ...rest });
    const queued = await build(1, { state: "queued" });
    const undelivered = await build(2, { nextOrd: 3, delivered: 1 });
    const crashed = await build(3, { nextOrd: 2, delivered: 1 });
    await store.call(claimLease, { name: `build:${crashed}`, holder: "other/boot", ttlMs: 0 });
    const unloaded = await build(4, { state: "waiting" });
    const given = await store.call(claimLease, { name: `build:${unloaded}`, holder: "o/b", ttlMs: HOUR_MS });
    await store.call(releaseLease, { name: `build:${unloaded}`, fence: given?.fence ?? 0 });
    const held = await build(5, { nextOrd: 9 });
    await store.call(claimLease, { name: `build:${held}`, holder: "other/boot", ttlMs: HOUR_MS });
    await build(6, { state: "failed" });
    const nudgeAll = async () =>
      (await store.call(nudgeStarts, { limit: 100 })) +
      (await store.call(nudgeAbandonedBuilds, { limit: 100 }));
    assert.equal(await nudgeAll(), 3);
    assert.deepEqual(await nudged(store), [queued, undelivered, crashed]);
    // The nudge is on its way: no second one.
    assert.equal(await nudgeAll(), 0);
    const rows = await store.db.selectFrom("outbox").select("id").execute();
    await store.call(nudgesSent, { ids: rows.map((row) => row.id), keepMs: HOUR_MS });
    assert.equal(await nudgeAll(), 0);
    // Sent long ago and nobody came: Redis has forgotten it.
    await store.db.updateTable("outbox").set({ dispatchedAtMs: 1 }).execute();
    assert.equal(await nudgeAll(), 3);
  });
});

onBothDialects("the timer sweeper", (start) => {
  it("ends what is due, then what a later commit makes due, and never what is not", async () => {
    const store = await (await start()).open({ procedures });
    const buildId = await store.call(aBuild, { key: "shop", number: 1, state: "running" });
    const nowMs = await store.nowMs();
    await store.call(aTimer, { buildId, id: "0:1", dueAtMs: nowMs - 5000 });
    await store.call(aTimer, { buildId, id: "0:2", dueAtMs: nowMs + HOUR_MS });
    const ended: string[] = [];
    const sweeper = startTimerSweeper({
      store,
      log,
      end: async (due) => {
        ended.push(due.effectId);
        await store.call(closeEffect, { buildId: due.buildId, id: due.effectId });
      },
    });
    await until("the due one is ended", () => ended.length === 1);
    await store.call(aTimer, { buildId, id: "0:3", dueAtMs: (await store.nowMs()) + 300 });
    await until("the new one is ended", () => ended.includes("0:3"));
    assert.deepEqual(ended, ["0:1", "0:3"]);
    await sweeper.stop();
  });

  it("tries again what could not be ended", async () => {
    const store = await (await start()).open({ procedures });
    const buildId = await store.call(aBuild, { key: "shop", number: 1, state: "running" });
    await store.call(aTimer, { buildId, id: "0:1", dueAtMs: 1 });
    let tries = 0;
    const sweeper = startTimerSweeper({
      store,
      log,
      end: async (due) => {
        tries += 1;
        if (tries === 1) throw new Error("not yet");
        await store.call(closeEffect, { buildId: due.buildId, id: due.effectId });
      },
    });
    await until("it was tried again", () => tries === 2);
    await sweeper.stop();
  });
});

onBothDialects("the reconciler", (start) => {
  it("goes on with the other checks when one fails, and looks again when woken", async () => {
    const store = await (await start()).open();
    const runs = { good: 0, bad: 0 };
    const reconciler = startReconciler({
      store,
      log,
      everyMs: HOUR_MS,
      checks: [
        { name: "bad", run: async () => Promise.reject(new Error(`no ${(runs.bad += 1)}`)) },
        { name: "good", run: async () => (runs.good += 1) },
      ],
    });
    await until("both ran", () => runs.good === 1 && runs.bad === 1);
    reconciler.wake();
    await until("both ran again", () => runs.good === 2 && runs.bad === 2);
    await reconciler.stop();
  });

  it("leaves the work to the server that holds its lease", async () => {
    const store = await (await start()).open();
    await store.call(claimLease, { name: "reconciler", holder: "other/boot", ttlMs: HOUR_MS });
    let runs = 0;
    const check = { name: "any", run: async () => (runs += 1) };
    const reconciler = startReconciler({ store, log, checks: [check], everyMs: HOUR_MS });
    await reconciler.stop();
    assert.equal(runs, 0);
  });
});

onBothDialects("a lease keeper", (start) => {
  it("renews what it holds and tells the owner of what another has taken", async () => {
    const store = await (await start()).open();
    const keeper = createLeaseKeeper({ store, log });
    const lost: string[] = [];
    const kept = await keeper.claim("build:1", () => lost.push("build:1"));
    await keeper.claim("build:2", () => lost.push("build:2"));
    // Another server took it, which only happens after it had expired here.
    await store.db.updateTable("leases").set({ holder: "x/y" }).where("name", "=", "build:2").execute();
    await until("the loss is told", () => lost.length > 0);
    assert.deepEqual(lost, ["build:2"]);
    const row = await store.db
      .selectFrom("leases")
      .select("expiresAtMs")
      .where("name", "=", "build:1")
      .executeTakeFirstOrThrow();
    assert.ok(kept !== null && row.expiresAtMs > kept.expiresAtMs);
    await keeper.release("build:1");
    const released = await store.db
      .selectFrom("leases")
      .select("holder")
      .where("name", "=", "build:1")
      .execute();
    assert.deepEqual(released, [{ holder: null }]);
    await keeper.stop();
  });
});

async function nudged(store: Store): Promise<number[]> {
  const rows = await store.db.selectFrom("outbox").select("jobId").orderBy("id").execute();
  return rows.map(({ jobId }) => Number(/^b-(\d+)-e1$/.exec(jobId)?.[1]));
}
