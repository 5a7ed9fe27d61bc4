import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import { createEnginePool, type EnginePool } from "../../../server/builds/engine/pool.ts";
import { GONE_MS, helloRunner, runnerGone, SILENT_MS } from "../../../server/runners/runner-procedures.ts";
import { findViolations } from "../../../server/store/invariants.ts";
import { until } from "../../support/services/until.ts";
import { createStops } from "../../support/stops.ts";
import { diverge } from "./support/journal.ts";
import type { PlayedRunner } from "./support/played-runner.ts";
import { ANN, type Life, startWorld, type World } from "./support/world.ts";

describe("a runner that is lost", function () {
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

  /** Runners that hold every `held` step, each with what kills it. */
  async function serving(world: World, life: Life, names: readonly string[]) {
    const runners: { name: string; runner: PlayedRunner; kill: () => Promise<void> }[] = [];
    for (const name of names) {
      const runner = await world.runner({ name, behave: (script) => (script === "held" ? "hold" : 0) });
      runners.push({ name, runner, kill: life.serve(runner) });
    }
    return runners;
  }

  /** The one that has begun the held step for the `time`th time in all. */
  async function holding(runners: Awaited<ReturnType<typeof serving>>, time = 1) {
    const begun = () =>
      runners.reduce((sum, { runner }) => sum + runner.ran.filter((script) => script === "held").length, 0);
    const has = ({ runner }: { runner: PlayedRunner }) => runner.sessions().length > 0;
    await until(`the step was begun ${time} times`, () => begun() >= time);
    return await until("one of them has it", () => runners.find(has));
  }

  async function closeConnection(world: World, runner: PlayedRunner): Promise<void> {
    await world.base.call(runnerGone, { runnerId: runner.id, boot: "played" });
  }

  async function reasonOf(world: World, build: number) {
    return await world.base.db
      .selectFrom("builds")
      .select(["state", "reasonCode", "reasonFault", "reasonText"])
      .where("id", "=", build)
      .executeTakeFirstOrThrow();
  }

  const HELD = "node('') {\n  sh 'before'\n  sh 'held'\n  sh 'after'\n}\n";

  it("F03: has its work done again elsewhere once its connection was closed for 15 s, and not a moment before", async () => {
    const world = await aWorld();
    const life = await world.begin();
    const runners = await serving(world, life, ["one", "two"]);
    const build = await world.build(HELD);
    const first = await holding(runners);
    await first.kill();
    const others = runners.filter((one) => one !== first);
    await closeConnection(world, first.runner);
    world.clock.pass(GONE_MS - 5_000);
    const lost = await world.base.db
      .selectFrom("sessions")
      .select("id")
      .where("state", "=", "lost")
      .execute();
    assert.deepEqual(lost, []);
    world.clock.pass(5_000);
    const second = await holding(others);
    second.runner.letGo("held", 0);
    assert.equal(await world.ends(build), "succeeded");
    assert.deepEqual(second.runner.ran, ["before", "held", "after"]);
    const console = await world.console(build);
    assert.match(console, /The agent was lost: the runner (one|two) is gone/u);
    assert.match(console, /taking another one and running the block again/u);
    assert.deepEqual(await diverge(world, build), []);

    // The first one comes back: it is told to close what it still holds, and what it says late changes nothing.
    const held = first.runner.sessions();
    assert.equal(held.length, 1);
    first.runner.letGo("held", 7);
    const events = await first.runner.work(life);
    assert.ok(events);
    const answer = await world.base.call(helloRunner, {
      runnerId: first.runner.id,
      boot: "again",
      labels: [],
      places: 4,
      draining: false,
      versions: "{}",
      problem: null,
      sessions: held.map((id) => ({ id, fence: 1, parked: false })),
    });
    assert.deepEqual([answer.keep, answer.close], [[], held]);
    assert.equal((await reasonOf(world, build)).state, "succeeded");
    world.clock.pass(120_000);
    assert.deepEqual(await findViolations(world.base), []);
  });

  it("F03: has its work done again elsewhere after 120 s of silence on a connection that stays open", async () => {
    const world = await aWorld();
    const life = await world.begin();
    const runners = await serving(world, life, ["one", "two"]);
    const build = await world.build(HELD);
    const first = await holding(runners);
    await first.kill();
    const others = runners.filter((one) => one !== first);
    world.clock.pass(SILENT_MS + 1_000);
    // The other one is heard all the while.
    const second = await holding(others);
    second.runner.letGo("held", 0);
    assert.equal(await world.ends(build), "succeeded");
  });

  it("F03: is never the fault of the file: behind a decision nothing is done again, and the build says runner_lost", async () => {
    const world = await aWorld();
    const life = await world.begin();
    const runners = await serving(world, life, ["one", "two"]);
    const build = await world.build("node('') {\n  input 'Go on?'\n  sh 'held'\n}\n");
    const gate = await until("the gate is open", async () => {
      const row = await world.base.db
        .selectFrom("gates")
        .select("id")
        .where("buildId", "=", build)
        .where("state", "=", "open")
        .executeTakeFirst();
      return row?.id;
    });
    assert.ok((await life.gates.decide(gate, { decision: "approve" }, ANN)).ok);
    const first = await holding(runners);
    await first.kill();
    world.clock.pass(SILENT_MS + 1_000);
    assert.equal(await world.ends(build), "failed");
    const { reasonCode, reasonFault } = await reasonOf(world, build);
    assert.deepEqual([reasonCode, reasonFault], ["runner_lost", "sluice"]);
    assert.deepEqual(
      runners.filter((one) => one !== first).flatMap(({ runner }) => runner.ran),
      [],
    );
  });

  it("is waited for while nobody else could do its work, with that reason, and goes on when it is back", async () => {
    const world = await aWorld();
    const life = await world.begin();
    const [only] = await serving(world, life, ["only"]);
    assert.ok(only !== undefined);
    const build = await world.build(HELD);
    await holding([only]);
    await only.kill();
    await closeConnection(world, only.runner);
    world.clock.pass(3_600_000);
    life.look();
    await until("it is known to be away", async () => {
      const row = await world.base.db.selectFrom("runners").select("state").executeTakeFirst();
      return row?.state === "offline";
    });
    assert.equal((await reasonOf(world, build)).state, "running");
    life.serve(only.runner);
    only.runner.letGo("held", 0);
    assert.equal(await world.ends(build), "succeeded");
    assert.deepEqual(only.runner.ran, ["before", "held", "after"], "nothing was begun twice");
  });

  it("F13: every time by the same build ends that build after one rerun, and the queue moves on", async () => {
    const world = await aWorld();
    const life = await world.begin();
    const runners = await serving(world, life, ["one", "two", "three"]);
    const build = await world.build(HELD);
    const first = await holding(runners);
    await first.kill();
    world.clock.pass(SILENT_MS + 1_000);
    const left = runners.filter((one) => one !== first);
    const second = await holding(left);
    await second.kill();
    world.clock.pass(SILENT_MS + 1_000);
    assert.equal(await world.ends(build), "failed");
    const { reasonCode, reasonFault } = await reasonOf(world, build);
    assert.deepEqual([reasonCode, reasonFault], ["runner_lost", "sluice"]);
    const [third] = left.filter((one) => one !== second);
    assert.deepEqual(third?.runner.ran, []);
    const next = await world.build("node('') { sh 'next' }\n");
    assert.equal(await world.ends(next), "succeeded");
    assert.deepEqual(third?.runner.ran, ["next"]);
    world.clock.pass(120_000);
    assert.deepEqual(await findViolations(world.base), []);
  });

  it("is replaced as often as the file asks, and no oftener", async () => {
    const world = await aWorld();
    const life = await world.begin();
    const runners = await serving(world, life, ["one", "two", "three"]);
    const build = await world.build(
      "retry(count: 3, conditions: [agent()]) { node('') {\n  sh 'held'\n} }\n",
    );
    let left = runners;
    for (let time = 1; time <= 2; time += 1) {
      const one = await holding(left);
      await one.kill();
      left = left.filter((other) => other !== one);
      world.clock.pass(SILENT_MS + 1_000);
    }
    const last = await holding(left);
    last.runner.letGo("held", 0);
    assert.equal(await world.ends(build), "succeeded");
    assert.deepEqual(await diverge(world, build), []);
  });

  it("lends no place for ever: 50 builds with agents in agents on two places of two runners all end", async () => {
    const world = await aWorld();
    const life = await world.begin();
    const one = await world.runner({ name: "one", places: 1 });
    const two = await world.runner({ name: "two", places: 1 });
    life.serve(one);
    life.serve(two);
    const builds: number[] = [];
    for (let i = 0; i < 50; i += 1) {
      const nested =
        i % 3 === 0
          ? "parallel(left: { node('') { sh 'inner' } }, right: { node('') { sh 'inner' } })"
          : "node('') { node('') { sh 'inner' } }\n  sh 'between'";
      builds.push(
        await world.build(
          `node('') {\n  sh 'outer'\n  ${nested}\n  sh 'outer again'\n}\n`,
          ["shop", "mill", "mint", "dock"][i % 4],
        ),
      );
    }
    for (const build of builds) assert.equal(await world.ends(build), "succeeded");
    await until("every agent is closed", () => one.sessions().length + two.sessions().length === 0);
    world.clock.pass(120_000);
    assert.deepEqual(await findViolations(world.base), []);
  });
});
