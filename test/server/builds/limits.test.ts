import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import { createEnginePool, type EnginePool } from "../../../server/builds/engine/pool.ts";
import { inTurn } from "../../../server/builds/journal/next-starts.ts";
import { until } from "../../support/services/until.ts";
import { readRules } from "../../../server/builds/journal/pipeline-settings.ts";
import { createStops } from "../../support/stops.ts";
import { ANN, type Life, startWorld, type World } from "./support/world.ts";

const ONE_AT_A_TIME = (more: string) =>
  `properties([disableConcurrentBuilds(${more})])\nnode('') { sh 'held' }\n`;

describe("limits of builds", function () {
  this.timeout(180_000);
  const stops = createStops();
  let pool: EnginePool;
  before(() => {
    pool = createEnginePool({ threads: 1 });
  });
  after(() => pool.close());
  afterEach(() => stops.all());

  async function aWorld(): Promise<World> {
    const world = await startWorld({ pool });
    stops.add(() => world.stop());
    return world;
  }

  async function rowOf(world: World, build: number) {
    return await world.base.db
      .selectFrom("builds")
      .select(["state", "number", "reasonCode", "reasonFault", "reasonText", "waitCode"])
      .where("id", "=", build)
      .executeTakeFirstOrThrow();
  }

  async function waitsFor(world: World, build: number, cause: string): Promise<void> {
    await until(`build ${build} waits for ${cause}`, async () => {
      return (await rowOf(world, build)).waitCode === cause;
    });
  }

  async function answer(world: World, life: Life, build: number): Promise<void> {
    const gate = await until("the gate is open", async () => {
      const row = await world.base.db
        .selectFrom("gates")
        .select("id")
        .where("buildId", "=", build)
        .where("state", "=", "open")
        .executeTakeFirst();
      return row?.id;
    });
    const request = { decision: "approve" } as const;
    assert.ok((await life.gates.decide(gate, request, ANN)).ok);
  }

  it("hold back what a project's `concurrency` does not allow, and start it when one ends", async () => {
    const world = await aWorld();
    await world.base.db.updateTable("projects").set({ settings: '{"concurrency":1}' }).execute();
    const runner = await world.runner({ places: 4, behave: () => "hold" });
    const life = await world.begin();
    life.serve(runner);
    const builds = [await world.build("node('') { sh 'held' }\n"), await world.build("echo 'two'\n")];
    await until("the first one works", () => runner.ran.includes("held"));
    await waitsFor(world, builds[1] ?? 0, "concurrency");
    // Another project is not held up by it.
    assert.equal(await world.ends(await world.build("echo 'b'\n", "mill")), "succeeded");
    assert.ok((await life.builds.abort(builds[0] ?? 0, 1, ANN)).ok);
    assert.equal(await world.ends(builds[1] ?? 0), "succeeded");
  });

  it("let no more than may run start, however many are nudged at once", async () => {
    const world = await aWorld();
    await world.base.db.updateTable("projects").set({ settings: '{"concurrency":2}' }).execute();
    const runner = await world.runner({ places: 20 });
    const life = await world.begin();
    life.serve(runner);
    const builds = await Promise.all(
      Array.from({ length: 12 }, () => world.build("node('') { sh 'a' }\necho 'b'\n")),
    );
    let most = 0;
    await until("all have ended", async () => {
      const rows = await world.base.db.selectFrom("builds").select("state").execute();
      most = Math.max(most, rows.filter(({ state }) => state === "running").length);
      return rows.every(({ state }) => state === "succeeded");
    });
    assert.ok(most <= 2, `${most} ran at once`);
    assert.equal(builds.length, 12);
  });

  it("give projects turns: the one with forty queued builds does not keep another waiting", async () => {
    const world = await aWorld();
    const runner = await world.runner({ places: 1 });
    const many = [];
    for (let at = 0; at < 40; at += 1) many.push(await world.build("node('') { sh 'a' }\n"));
    const late = await world.build("node('') { sh 'late' }\n", "mill");
    const life = await world.begin();
    life.serve(runner);
    assert.equal(await world.ends(late), "succeeded");
    const open = await world.base.db
      .selectFrom("builds")
      .select("id")
      .where("state", "in", ["queued", "running"])
      .execute();
    assert.ok(open.length >= 20, `${open.length} of the forty were still to come`);
    for (const build of many) assert.equal(await world.ends(build), "succeeded");
    assert.deepEqual(inTurn([[1, 2, 3], [4], [5, 6]]), [1, 4, 5, 2, 6, 3]);
  });

  it("of a file's options go when the file says nothing of them any more", async () => {
    const world = await aWorld();
    await world.begin();
    const file = (options: string) =>
      `pipeline { agent none\n${options}\nstages { stage('A') { steps { echo 'a' } } } }\n`;
    const rules = async () => {
      const row = await world.base.db
        .selectFrom("settings")
        .select("body")
        .where("name", "like", "pipeline:%")
        .executeTakeFirstOrThrow();
      const { oneAtATime, quietMs, keep } = readRules(row.body);
      return { oneAtATime, quietMs, builds: keep?.builds ?? null };
    };
    const said =
      "options { disableConcurrentBuilds(); quietPeriod(1); buildDiscarder(logRotator(numToKeepStr: '7')) }";
    assert.equal(await world.ends(await world.build(file(said))), "succeeded");
    assert.deepEqual(await rules(), { oneAtATime: { abortPrevious: false }, quietMs: 1000, builds: 7 });
    assert.equal(await world.ends(await world.build(file(""))), "succeeded");
    assert.deepEqual(await rules(), { oneAtATime: null, quietMs: 0, builds: null });
  });

  it("keep nobody from starting for builds whose agents no runner could take", async () => {
    const world = await aWorld();
    const runner = await world.runner({ places: 1 });
    const life = await world.begin();
    life.serve(runner);
    const stuck = [];
    for (const project of ["shop", "mill", "mint"])
      for (let at = 0; at < 9; at += 1) stuck.push(await world.build("node('none') { sh 'a' }\n", project));
    await until("all of them are told that no runner has the label", async () => {
      const rows = await world.base.db.selectFrom("sessions").select("waitCode").execute();
      return rows.length === stuck.length && rows.every(({ waitCode }) => waitCode === "label");
    });
    assert.equal(await world.ends(await world.build("node('') { sh 'b' }\n", "dock")), "succeeded");
  });

  it("run one build of a branch at a time where its file says so, in order", async () => {
    const world = await aWorld();
    const runner = await world.runner({ places: 4, behave: () => "hold" });
    const life = await world.begin();
    life.serve(runner);
    const first = await world.build(ONE_AT_A_TIME(""));
    await until("it works", () => runner.ran.length === 1);
    const second = await world.build("echo 'two'\n");
    const third = await world.build("echo 'three'\n");
    await waitsFor(world, second, "concurrency");
    await waitsFor(world, third, "concurrency");
    assert.ok((await life.builds.abort(first, 1, ANN)).ok);
    assert.equal(await world.ends(third), "succeeded");
    const ends = await world.base.db
      .selectFrom("builds")
      .select(["id", "endedAtMs"])
      .where("id", "in", [second, third])
      .orderBy("endedAtMs")
      .orderBy("id")
      .execute();
    assert.deepEqual(
      ends.map(({ id }) => id),
      [second, third],
    );
  });

  it("stop older builds of a branch for a newer one with `abortPrevious`, running or queued", async () => {
    const world = await aWorld();
    const runner = await world.runner({ places: 4, behave: () => "hold" });
    const life = await world.begin();
    life.serve(runner);
    const first = await world.build(ONE_AT_A_TIME("abortPrevious: true"));
    await until("it works", () => runner.ran.length === 1);
    const second = await world.build(ONE_AT_A_TIME("abortPrevious: true"));
    assert.equal(await world.ends(first), "not_built");
    const { reasonCode, reasonFault, reasonText } = await rowOf(world, first);
    assert.deepEqual([reasonCode, reasonFault], ["superseded", "person"]);
    assert.match(reasonText ?? "", /build 2 of the same branch is newer/);
    await until("the second works", () => runner.ran.length === 2);
    assert.ok((await life.builds.abort(second, 1, ANN)).ok);
    assert.equal(await world.ends(second), "aborted");
  });

  it("wait for the quiet period that the file asked for, and not longer", async () => {
    const world = await aWorld();
    const life = await world.begin();
    assert.equal(await world.ends(await world.build("properties([quietPeriod(600)])\n")), "succeeded");
    const quiet = await world.build("echo 'quiet'\n");
    await waitsFor(world, quiet, "quiet_period");
    world.clock.pass(601_000);
    life.look();
    assert.equal(await world.ends(quiet), "succeeded");
  });

  it("let builds pass a milestone in their order, and stop an older one between two when a newer passes", async () => {
    const world = await aWorld();
    const life = await world.begin();
    const text = "milestone 1\nif (true) input 'Between?'\nmilestone 2\necho 'through'\n";
    const between = await world.build(text);
    await until("it waits between", async () => (await rowOf(world, between)).state === "waiting");
    const before = await world.build("input 'Before?'\nmilestone 1\n");
    await until("it waits before", async () => (await rowOf(world, before)).state === "waiting");
    const newest = await world.build(text);
    await answer(world, life, newest);
    assert.equal(await world.ends(newest), "succeeded");
    assert.equal(await world.ends(between), "not_built");
    const stopped = await rowOf(world, between);
    assert.deepEqual([stopped.reasonCode, stopped.reasonFault], ["superseded", "person"]);
    assert.match(stopped.reasonText ?? "", /build 3 has passed milestone 2 first/);
    // One that has come to no milestone yet goes on until it does.
    assert.equal((await rowOf(world, before)).state, "waiting");
    await answer(world, life, before);
    assert.equal(await world.ends(before), "not_built");
    assert.match((await rowOf(world, before)).reasonText ?? "", /build 3 has passed this milestone before/);
  });
});
