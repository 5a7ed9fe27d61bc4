import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { it } from "mocha";
import { createBuildFiles } from "../../../server/builds/console.ts";
import type { BuildFiles } from "../../../server/builds/console.ts";
import { pipelineSettingsName } from "../../../server/builds/journal/pipeline-settings.ts";
import { readSluiceFile } from "../../../server/config.ts";
import { SERVER_PROCEDURES } from "../../../server/procedures.ts";
import { createBlobs } from "../../../server/runners/blobs.ts";
import type { Blobs } from "../../../server/runners/blobs.ts";
import { claimLease } from "../../../server/store/leases.ts";
import type { BuildState } from "../../../server/store/states.ts";
import type { Store } from "../../../server/store/store.ts";
import { condemnBuilds } from "../../../server/upkeep/condemn-builds.ts";
import { retain } from "../../../server/upkeep/retain.ts";
import { onBothDialects } from "../store/support/dialects.ts";
import type { Place } from "../store/support/dialects.ts";
import { aBuild, aTimer } from "../store/support/worlds.ts";

const procedures = [new URL("../store/support/worlds.ts", import.meta.url), ...SERVER_PROCEDURES];
const DAY_MS = 86_400_000;
const NOTHING = new Uint8Array();
const HASH = "a".repeat(64);
const silent = { info: () => {} };
const never = new AbortController().signal;

/** A store with files beside it, and one project whose builds a test makes as old as it likes. */
interface World {
  readonly store: Store;
  readonly files: BuildFiles;
  readonly blobs: Blobs;
  nowMs(): Promise<number>;
  build(number: number, state: BuildState, ageDays: number, ref?: string): Promise<number>;
  left(): Promise<number[]>;
  look(text?: string): Promise<{ builds: number }>;
}

async function aWorld(start: () => Promise<Place>): Promise<World> {
  const place = await start();
  const store = await place.open({ procedures });
  const files = createBuildFiles(place.dataFolder);
  const blobs = createBlobs(place.dataFolder);
  return {
    store,
    files,
    blobs,
    nowMs: () => store.nowMs(),
    async build(number, state, ageDays, ref = "refs/heads/main") {
      const id = await store.call(aBuild, { key: "shop", number, state });
      const atMs = (await store.nowMs()) - ageDays * DAY_MS;
      const over = !["queued", "running", "waiting"].includes(state);
      await store.db
        .updateTable("builds")
        .set({ ref, createdAtMs: atMs, endedAtMs: over ? atMs : null, reasonCode: "exit_nonzero" })
        .where("id", "=", id)
        .execute();
      return id;
    },
    async left() {
      const rows = await store.db.selectFrom("builds").select("number").orderBy("number").execute();
      return rows.map((row) => row.number);
    },
    look: async (text = "") => {
      const { file, problems } = readSluiceFile(text, "sluice.yml");
      assert.deepEqual(problems, []);
      return await retain({ store, files, blobs, retention: file.retention, log: silent }, never);
    },
  };
}

async function filesOf(world: World, buildId: number): Promise<string[]> {
  const log = world.files.logOf(buildId, 1);
  await mkdir(dirname(log), { recursive: true });
  await writeFile(log, "said\n");
  await writeFile(world.files.consoleOf(buildId), '{"l":1}\n');
  const blob = world.blobs.pathOf(buildId, HASH);
  await mkdir(dirname(blob), { recursive: true });
  await writeFile(blob, "kept");
  return [log, world.files.consoleOf(buildId), blob];
}

async function idOf(world: World, number: number): Promise<number> {
  const row = await world.store.db
    .selectFrom("builds")
    .select("id")
    .where("number", "=", number)
    .executeTakeFirstOrThrow();
  return row.id;
}

async function anArtifact(world: World, buildId: number): Promise<void> {
  await world.store.db
    .insertInto("artifacts")
    .values({ buildId, kind: "file", name: "out.zip", digest: HASH, createdAtMs: 1 })
    .execute();
}

/** What the file of a branch said at its last build. */
async function discard(world: World, ref: string, args: unknown): Promise<void> {
  const { id } = await world.store.db.selectFrom("projects").select("id").executeTakeFirstOrThrow();
  await world.store.db
    .insertInto("settings")
    .values({
      name: pipelineSettingsName(id, ref),
      body: JSON.stringify({ properties: [{ name: "buildDiscarder", args }] }),
      updatedAtMs: 1,
    })
    .execute();
}

async function aDeployment(
  world: World,
  buildId: number,
  release: number,
  state: "succeeded" | "pending" | "withdrawn",
): Promise<number> {
  const nowMs = await world.nowMs();
  const oldMs = nowMs - 200 * DAY_MS;
  await world.store.db
    .insertInto("environments")
    .values({ name: "staging", definition: "{}", updatedAtMs: nowMs })
    .onConflict((on) => on.doNothing())
    .execute();
  const { projectId } = await world.store.db
    .selectFrom("builds")
    .select("projectId")
    .where("id", "=", buildId)
    .executeTakeFirstOrThrow();
  const { id } = await world.store.db
    .insertInto("deployments")
    .values({
      projectId,
      environment: "staging",
      kind: "deploy",
      buildId,
      effectId: `0:${release}`,
      images: "{}",
      plan: NOTHING,
      planHash: "h",
      release: state === "succeeded" ? release : null,
      state,
      limitMs: 1,
      createdAtMs: oldMs,
      endedAtMs: state === "pending" ? null : oldMs,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  await world.store.db
    .insertInto("deploymentLines")
    .values({ deploymentId: id, kind: "said", text: "rolled out", atMs: oldMs })
    .execute();
  return id;
}

onBothDialects("retention", (start) => {
  it("keeps the newest of each branch and what is younger than the days allow", async () => {
    const world = await aWorld(start);
    for (const number of [1, 2, 3, 4]) await world.build(number, "failed", 2);
    await world.build(5, "failed", 2, "refs/heads/other");
    await world.build(6, "failed", 100, "refs/heads/old");
    assert.deepEqual(await world.look("retention: { builds: 2, days: 90 }"), { builds: 3 });
    assert.deepEqual(await world.left(), [3, 4, 5]);
  });

  it("removes files, journal, leases and messages of a build, and never the audit", async () => {
    const world = await aWorld(start);
    const { store } = world;
    const old = await world.build(1, "failed", 100);
    const files = await filesOf(world, old);
    await store.call(claimLease, { name: `build:${old}`, holder: "other/boot", ttlMs: 0 });
    const nowMs = await world.nowMs();
    await store.db
      .insertInto("effects")
      .values({
        buildId: old,
        id: "0:1",
        kind: "timer",
        name: "sleep",
        argsHash: "h",
        args: NOTHING,
        handle: "h",
        state: "closed",
        begunAtMs: 1,
        endedAtMs: 2,
      })
      .execute();
    await store.db
      .insertInto("events")
      .values({ kind: "k", buildId: old, body: "{}", atMs: nowMs })
      .execute();
    await store.db
      .insertInto("audit")
      .values({
        seq: 1,
        atMs: 1,
        actorKind: "user",
        actor: "grace",
        action: "build.start",
        object: `b${old}`,
        outcome: "ok",
        prevHash: "",
        hash: "h",
      })
      .execute();
    await world.look();
    assert.deepEqual(await world.left(), []);
    assert.deepEqual(
      files.filter((file) => existsSync(file)),
      [],
    );
    for (const table of ["effects", "events", "leases", "outbox"] as const) {
      const rows = await store.db.selectFrom(table).selectAll().execute();
      assert.deepEqual(
        rows.filter((row) => !("name" in row) || row.name !== "retention"),
        [],
        table,
      );
    }
    assert.equal((await store.db.selectFrom("audit").select("seq").execute()).length, 1);
  });

  it("keeps what runs, waits, is gated, is marked, or was the last success of a branch that exists", async () => {
    const world = await aWorld(start);
    const { store } = world;
    await world.build(1, "running", 400);
    await world.build(2, "waiting", 400);
    await world.build(3, "queued", 400);
    const marked = await world.build(4, "failed", 400);
    await store.db.updateTable("builds").set({ keep: 1 }).where("id", "=", marked).execute();
    const telling = await world.build(5, "failed", 400);
    await store.call(aTimer, { buildId: telling, id: "0:1", dueAtMs: 1 });
    const project = await store.db.selectFrom("projects").select("id").executeTakeFirstOrThrow();
    await store.db
      .insertInto("refHeads")
      .values({ projectId: project.id, ref: "refs/heads/main", sha: "s", source: "sweep", seenAtMs: 1 })
      .execute();
    await world.build(6, "succeeded", 300);
    await world.build(7, "succeeded", 200);
    await world.build(8, "failed", 100);
    await world.build(9, "succeeded", 100, "refs/heads/gone");
    await world.look();
    assert.deepEqual(await world.left(), [1, 2, 3, 4, 5, 7]);
  });

  it("keeps what is live, its last ten releases, and what waits at a gate to be deployed", async () => {
    const world = await aWorld(start);
    const { store } = world;
    const deployments: number[] = [];
    for (let number = 1; number <= 12; number += 1) {
      const build = await world.build(number, "failed", 200);
      deployments.push(await aDeployment(world, build, number, "succeeded"));
    }
    // The first is live again, by a roll-back of which the row is not kept here.
    const { projectId } = await store.db.selectFrom("builds").select("projectId").executeTakeFirstOrThrow();
    await store.db
      .insertInto("live")
      .values({
        environment: "staging",
        target: "swarm",
        service: "web",
        projectId,
        image: "shop/web",
        release: 1,
        deploymentId: deployments[0] ?? 0,
        sinceMs: 1,
      })
      .execute();
    await aDeployment(world, await world.build(13, "failed", 200), 13, "pending");
    await aDeployment(world, await world.build(14, "failed", 200), 14, "withdrawn");
    await world.look();
    assert.deepEqual(await world.left(), [1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    const rows = await store.db.selectFrom("deployments").select("effectId").orderBy("id").execute();
    assert.equal(rows.length, 12);
    const lines = await store.db.selectFrom("deploymentLines").select("id").execute();
    assert.equal(lines.length, 12);
  });

  it("keeps a build whose image runs, whoever rolled it out", async () => {
    const world = await aWorld(start);
    const { store } = world;
    const made = await world.build(1, "failed", 200);
    const deployed = await world.build(2, "failed", 200);
    const deploymentId = await aDeployment(world, deployed, 1, "succeeded");
    const { projectId } = await store.db.selectFrom("builds").select("projectId").executeTakeFirstOrThrow();
    await store.db
      .insertInto("artifacts")
      .values({ buildId: made, kind: "image", name: "shop/web", digest: "sha256:1", createdAtMs: 1 })
      .execute();
    await store.db
      .insertInto("live")
      .values({
        environment: "staging",
        target: "swarm",
        service: "web",
        projectId,
        image: "shop/web@sha256:1",
        digest: "sha256:1",
        release: 1,
        deploymentId,
        sinceMs: 1,
      })
      .execute();
    await world.look();
    assert.deepEqual(await world.left(), [1, 2]);
  });

  it("goes on after a crash between the mark, the files and the rows", async () => {
    const world = await aWorld(start);
    const old = await world.build(1, "failed", 100);
    const files = await filesOf(world, old);
    await world.store.call(condemnBuilds, { perRef: 100, maxAgeMs: 90 * DAY_MS, limit: 10 });
    // Settings that would keep it come too late: some of its files may be gone.
    assert.deepEqual(await world.look("retention: { days: 3650 }"), { builds: 1 });
    assert.deepEqual(await world.left(), []);
    assert.deepEqual(
      files.filter((file) => existsSync(file)),
      [],
    );
  });

  it("does what `buildDiscarder` says for its branch, which may keep less and never more", async () => {
    const world = await aWorld(start);
    const { store } = world;
    for (const number of [1, 2, 3, 4]) await world.build(number, "failed", 2);
    for (const number of [5, 6]) await world.build(number, "failed", 2, "refs/heads/other");
    await world.build(7, "failed", 100, "refs/heads/old");
    const files = await filesOf(world, await idOf(world, 3));
    await filesOf(world, await idOf(world, 4));
    for (const number of [3, 4]) await anArtifact(world, await idOf(world, number));
    await discard(world, "refs/heads/main", {
      $: "description",
      name: "logRotator",
      v: {
        $: "map",
        v: [
          ["numToKeepStr", "2"],
          ["artifactNumToKeepStr", "1"],
        ],
      },
    });
    await discard(world, "refs/heads/other", {
      $: "map",
      v: [["strategy", { $: "map", v: [["daysToKeepStr", 1]] }]],
    });
    await discard(world, "refs/heads/old", { $: "map", v: [["value", { numToKeepStr: "1000" }]] });
    assert.deepEqual(await world.look(), { builds: 5 });
    assert.deepEqual(await world.left(), [3, 4]);
    // The log of the third is there, what it archived is not.
    assert.deepEqual(
      files.map((file) => existsSync(file)),
      [true, true, false],
    );
    const artifacts = await store.db.selectFrom("artifacts").select("buildId").execute();
    assert.deepEqual(artifacts, [{ buildId: await idOf(world, 4) }]);
    // Settings of branches that are gone go with their last build.
    const settings = await store.db
      .selectFrom("settings")
      .select("name")
      .where("name", "like", "pipeline:%")
      .execute();
    assert.deepEqual(
      settings.map(({ name }) => name.split(":").at(-1)),
      ["refs/heads/main"],
    );
  });

  it("leaves the work to the server that holds it", async () => {
    const world = await aWorld(start);
    await world.build(1, "failed", 100);
    await world.store.call(claimLease, { name: "retention", holder: "other/boot", ttlMs: DAY_MS });
    assert.deepEqual(await world.look(), { builds: 0 });
    assert.deepEqual(await world.left(), [1]);
  });

  it("forgets bodies before rows of deliveries, events, nudges sent, messages settled and access expired", async () => {
    const world = await aWorld(start);
    const { store } = world;
    await world.build(1, "succeeded", 0);
    const project = await store.db.selectFrom("projects").select("id").executeTakeFirstOrThrow();
    const nowMs = await world.nowMs();
    for (const days of [1, 40, 100])
      await store.db
        .insertInto("deliveries")
        .values({
          hook: "h",
          projectId: project.id,
          source: "webhook",
          dedupeKey: `${days}`,
          headers: "{}",
          body: new Uint8Array([1]),
          bodySize: 1,
          state: "processed",
          status: 202,
          verdict: "[]",
          receivedAtMs: nowMs - days * DAY_MS,
        })
        .execute();
    for (const days of [1, 10])
      await store.db
        .insertInto("events")
        .values({ kind: "k", body: "{}", atMs: nowMs - days * DAY_MS })
        .execute();
    for (const [days, state] of [
      [100, "sent"],
      [100, "pending"],
      [1, "sent"],
    ] as const)
      await store.db
        .insertInto("notifications")
        .values({
          subject: `b${days}${state}`,
          event: "failed",
          channel: "mail",
          recipient: "r",
          body: "{}",
          state,
          createdAtMs: nowMs - days * DAY_MS,
        })
        .execute();
    for (const [jobId, dispatchedAtMs] of [
      ["b-1-e1", nowMs - 2 * DAY_MS],
      ["b-1-e2", null],
    ] as const)
      await store.db
        .insertInto("outbox")
        .values({ queue: "builds", jobId, body: "{}", createdAtMs: 1, dispatchedAtMs })
        .execute();
    for (const [tokenHash, expiresAtMs] of [
      ["old", nowMs - 60 * DAY_MS],
      ["new", nowMs + DAY_MS],
    ] as const)
      await store.db
        .insertInto("runnerTokens")
        .values({ tokenHash, createdBy: "grace", createdAtMs: 1, expiresAtMs })
        .execute();
    await store.db
      .insertInto("signInFailures")
      .values([
        { key: "old", count: 1, lastAtMs: nowMs - 2 * DAY_MS },
        { key: "locked", count: 9, lastAtMs: nowMs - 2 * DAY_MS, lockedUntilMs: nowMs + DAY_MS },
      ])
      .execute();
    await world.look();
    const deliveries = await store.db
      .selectFrom("deliveries")
      .select(["dedupeKey", "body"])
      .orderBy("id")
      .execute();
    assert.deepEqual(
      deliveries.map(({ dedupeKey, body }) => [dedupeKey, body === null]),
      [
        ["1", false],
        ["40", true],
      ],
    );
    assert.equal((await store.db.selectFrom("events").select("id").execute()).length, 1);
    const messages = await store.db.selectFrom("notifications").select("subject").orderBy("id").execute();
    assert.deepEqual(
      messages.map(({ subject }) => subject),
      ["b100pending", "b1sent"],
    );
    const nudges = await store.db.selectFrom("outbox").select("jobId").execute();
    assert.deepEqual(nudges, [{ jobId: "b-1-e2" }]);
    const tokens = await store.db.selectFrom("runnerTokens").select("tokenHash").execute();
    assert.deepEqual(tokens, [{ tokenHash: "new" }]);
    const failures = await store.db.selectFrom("signInFailures").select("key").execute();
    assert.deepEqual(failures, [{ key: "locked" }]);
  });
});
