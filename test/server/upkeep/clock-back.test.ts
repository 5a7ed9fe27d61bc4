import assert from "node:assert/strict";
import { it } from "mocha";
import { failBuild } from "../../../server/builds/journal/fail-build.ts";
import { claimBuild } from "../../../server/builds/journal/claim-build.ts";
import { createBuckets } from "../../../server/http/buckets.ts";
import { SERVER_PROCEDURES } from "../../../server/procedures.ts";
import { takeBackFuture } from "../../../server/upkeep/clock-back.ts";
import { onBothDialects } from "../store/support/dialects.ts";
import { aBuild } from "../store/support/worlds.ts";

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
    assert.equal(await store.call(takeBackFuture, { retriesToo: false }), 0);
    assert.equal(await store.call(takeBackFuture, { retriesToo: true }), 1);
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
    assert.equal(await store.call(takeBackFuture, { retriesToo: false }), 2);
    const rows = await store.db.selectFrom("leases").select(["name", "expiresAtMs"]).execute();
    const left = new Map(rows.map((row) => [row.name, row.expiresAtMs - nowMs]));
    assert.ok((left.get("build:1") ?? HOUR) < 60_000);
    assert.ok((left.get("env:shop") ?? HOUR) < 60_000);
    assert.deepEqual(
      ["build:2", "build:3", "retention"].map((name) => left.get(name)),
      [10_000, HOUR, 120_000],
    );
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
