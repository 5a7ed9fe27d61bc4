import assert from "node:assert/strict";
import { it } from "mocha";
import { failBuild } from "../../../server/builds/journal/fail-build.ts";
import { claimBuild } from "../../../server/builds/journal/claim-build.ts";
import { createBuckets } from "../../../server/http/buckets.ts";
import { SERVER_PROCEDURES } from "../../../server/procedures.ts";
import { foundInstance, setClockOffset } from "../../../server/store/instance.ts";
import type { Store } from "../../../server/store/store.ts";
import { takeBackFuture, watchForStepsBack } from "../../../server/upkeep/clock-back.ts";
import { onBothDialects, type Place } from "../store/support/dialects.ts";
import { aBuild, aTimer } from "../store/support/worlds.ts";

const procedures = [new URL("../store/support/worlds.ts", import.meta.url), ...SERVER_PROCEDURES];
const HOUR = 3_600_000;

onBothDialects("a clock that has stepped back", (start) => {
  it("lets no destination rest longer than two minutes, and only then", async () => {
    const store = await (await start()).open({ procedures });
    const nowMs = await store.nowMs();
    await store.db
      .insertInto("channelStates")
      .values([
        { key: "long", nextAtMs: nowMs + HOUR, brokenAtMs: null, brokenText: null, sent: null },
        { key: "short", nextAtMs: nowMs + 10_000, brokenAtMs: null, brokenText: null, sent: null },
      ])
      .execute();
    assert.equal(await store.call(takeBackFuture, { isKnown: false }), 0);
    assert.equal(await store.call(takeBackFuture, { isKnown: true }), 1);
    const rows = await store.db.selectFrom("channelStates").select(["key", "nextAtMs"]).execute();
    const next = new Map(rows.map((row) => [row.key, row.nextAtMs ?? 0]));
    assert.equal(next.get("short"), nowMs + 10_000);
    assert.ok((next.get("long") ?? 0) < nowMs + HOUR);
  });

  it("lets nobody who has gone hold a build or an environment for longer than they do", async () => {
    const store = await (await start()).open({ procedures });
    const nowMs = await store.nowMs();
    const lease = (name: string, holder: string | null, expiresAtMs: number) => ({
      name,
      holder,
      fence: 1,
      expiresAtMs,
    });
    await store.db
      .insertInto("leases")
      .values([
        lease("build:1", "gone", nowMs + HOUR),
        lease("env:shop", "gone", nowMs + 120_000),
        lease("build:2", "here", nowMs + 10_000),
        lease("build:3", null, nowMs + HOUR),
        lease("retention", "here", nowMs + 120_000),
      ])
      .execute();
    assert.equal(await store.call(takeBackFuture, { isKnown: false }), 2);
    const rows = await store.db.selectFrom("leases").select(["name", "expiresAtMs"]).execute();
    const left = new Map(rows.map((row) => [row.name, row.expiresAtMs - nowMs]));
    assert.ok((left.get("build:1") ?? HOUR) < 60_000);
    assert.ok((left.get("env:shop") ?? HOUR) < 60_000);
    assert.deepEqual(
      ["build:2", "build:3", "retention"].map((name) => left.get(name)),
      [10_000, HOUR, 120_000],
    );
  });

  it("is seen although it had stepped forward and back again between two looks", async () => {
    const { store, step } = await steppedStore(start);
    const look = watchForStepsBack(store);
    await look();
    await step(HOUR);
    const buildId = await store.call(aBuild, { key: "shop", number: 1, state: "running" });
    const ahead = await store.nowMs();
    await store.call(aTimer, { buildId, id: "0", dueAtMs: ahead + 2000 });
    await step(0);
    assert.equal(await look(), 1);
    const { dueAtMs } = await store.db.selectFrom("effects").select("dueAtMs").executeTakeFirstOrThrow();
    assert.ok((dueAtMs ?? 0) < ahead - HOUR / 2, "it still waits until the hour is over");
    assert.equal(await look(), 0, "it looks once more, for what was under way");
    await step(HOUR);
    await store.db
      .updateTable("effects")
      .set({ begunAtMs: ahead + HOUR })
      .execute();
    assert.equal(await look(), 0, "a step forward is none back");
  });

  it("leaves a deployment that began at a later time the time it was given", async () => {
    const store = await (await start()).open({ procedures });
    const buildId = await store.call(aBuild, { key: "shop", number: 1, state: "running" });
    const { id: projectId } = await store.db.selectFrom("projects").select("id").executeTakeFirstOrThrow();
    const nowMs = await store.nowMs();
    await store.db
      .insertInto("environments")
      .values({ name: "staging", definition: "{}", updatedAtMs: nowMs })
      .execute();
    const deployment = {
      projectId,
      buildId,
      environment: "staging",
      kind: "deploy" as const,
      images: "{}",
      plan: new Uint8Array(),
      planHash: "",
      state: "applying" as const,
      limitMs: 60_000,
      createdAtMs: nowMs,
    };
    const times = (startedAtMs: number) => ({ startedAtMs, dueAtMs: startedAtMs + 60_000 });
    await store.db
      .insertInto("deployments")
      .values([
        { ...deployment, effectId: "later", ...times(nowMs + HOUR) },
        { ...deployment, effectId: "before", ...times(nowMs - 1_000) },
      ])
      .execute();
    await store.db
      .insertInto("channelStates")
      .values({ key: "rests", nextAtMs: nowMs + HOUR, brokenAtMs: null, brokenText: null, sent: null })
      .execute();
    // It alone shows that the clock has stepped, so what rests until then is put right with it.
    assert.equal(await store.call(takeBackFuture, { isKnown: false }), 2);
    const rows = await store.db.selectFrom("deployments").select(["effectId", "dueAtMs"]).execute();
    const due = new Map(rows.map((row) => [row.effectId, (row.dueAtMs ?? 0) - nowMs]));
    assert.equal(due.get("before"), 59_000);
    const later = due.get("later") ?? 0;
    assert.ok(later >= 60_000 && later < 120_000, `${later} ms`);
  });

  it("lets no cron trigger rest until a time that was days ahead, and none fire twice within an hour", async () => {
    const { store, step } = await steppedStore(start);
    await store.call(aBuild, { key: "shop", number: 1, state: "running" });
    const { id: projectId } = await store.db.selectFrom("projects").select("id").executeTakeFirstOrThrow();
    const look = watchForStepsBack(store);
    await step(100 * HOUR);
    await look();
    const ahead = await store.nowMs();
    const trigger = { projectId, ref: "refs/heads/main", timeZone: "UTC" };
    await store.db
      .insertInto("schedules")
      .values([
        { ...trigger, pattern: "* * * * *", nextAtMs: ahead + 60_000 },
        { ...trigger, pattern: "*/2 * * * *", nextAtMs: ahead - 99 * HOUR },
      ])
      .execute();
    await step(0);
    assert.equal(await look(), 1);
    const nowMs = await store.nowMs();
    const rows = await store.db.selectFrom("schedules").select(["pattern", "nextAtMs"]).execute();
    const inMs = new Map(rows.map((row) => [row.pattern, row.nextAtMs - nowMs]));
    assert.ok((inMs.get("* * * * *") ?? HOUR) <= 60_000, `in ${inMs.get("* * * * *")} ms`);
    assert.ok((inMs.get("*/2 * * * *") ?? 0) > HOUR / 2);
  });

  it("lets a build end when it began, not before", async () => {
    const store = await (await start()).open({ procedures });
    const buildId = await store.call(aBuild, { key: "shop", number: 1, state: "running" });
    const claimed = await store.call(claimBuild, { buildId, holder: store.holder });
    assert.ok(claimed.kind === "claimed");
    const ahead = (await store.nowMs()) + HOUR;
    await store.db.updateTable("builds").set({ startedAtMs: ahead }).where("id", "=", buildId).execute();
    const end = { state: "failed", code: "internal_error", fault: "sluice", text: "" } as const;
    assert.ok(await store.call(failBuild, { buildId, fence: claimed.build.fence, end }));
    const row = await store.db
      .selectFrom("builds")
      .select("endedAtMs")
      .where("id", "=", buildId)
      .executeTakeFirstOrThrow();
    assert.equal(row.endedAtMs, ahead);
  });

  it("fills what limits calls from now on", () => {
    let nowMs = 10 * HOUR;
    const buckets = createBuckets({ size: 1, refillMs: 60_000, clock: { nowMs: () => nowMs } });
    assert.ok(buckets.take("ann"));
    assert.ok(!buckets.take("ann"));
    nowMs -= HOUR;
    assert.ok(!buckets.take("ann"));
    nowMs += 60_000;
    assert.ok(buckets.take("ann"));
  });
});

/** A store whose clock is moved to so many milliseconds after the machine's. */
async function steppedStore(
  start: () => Promise<Place>,
): Promise<{ store: Store; step: (offsetMs: number) => Promise<void> }> {
  let moved = 0;
  const place = await start();
  const store = await place.open({ procedures, clock: { nowMs: () => Date.now() + moved } });
  await store.call(foundInstance, { name: "shopci", keyId: "key", keyCheck: new Uint8Array() });
  return {
    store,
    step: async (offsetMs) => {
      moved = offsetMs;
      if (place.dialect === "postgres") await store.call(setClockOffset, { offsetMs });
    },
  };
}
