import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import { createEnginePool, type EnginePool } from "../../../server/builds/engine/pool.ts";
import { findViolations } from "../../../server/store/invariants.ts";
import { until } from "../../support/services/until.ts";
import { createStops } from "../../support/stops.ts";
import { diverge } from "./support/journal.ts";
import { ANN, BOB, startWorld, type World } from "./support/world.ts";

describe("a build that waits", function () {
  this.timeout(120_000);
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
      .select(["state", "cancelLevel", "reasonCode", "reasonFault", "waitCode"])
      .where("id", "=", build)
      .executeTakeFirstOrThrow();
  }

  async function gateOf(world: World, build: number): Promise<number | undefined> {
    const row = await world.base.db
      .selectFrom("gates")
      .select("id")
      .where("buildId", "=", build)
      .where("state", "=", "open")
      .executeTakeFirst();
    return row?.id;
  }

  it("is stopped at level 1 through its catch and post, which nothing interrupts", async () => {
    const world = await aWorld();
    const runner = await world.runner({ behave: (script) => (script === "held" ? "hold" : 0) });
    const life = await world.begin();
    life.serve(runner);
    const build = await world.build(
      `pipeline { agent any\n stages { stage('A') { steps { script { try { sh 'held' } catch (e) { sh 'caught'; throw e } } } } }\n post { aborted { sh 'post' } } }\n`,
    );
    await until("the step runs", () => runner.ran.includes("held"));
    assert.ok((await life.builds.abort(build, 1, ANN)).ok);
    assert.equal(await world.ends(build), "aborted");
    assert.deepEqual(runner.ran, ["held", "caught", "post"]);
    const again = await life.builds.abort(build, 1, ANN);
    assert.ok(!again.ok && again.status === 409);
    assert.deepEqual(await diverge(world, build), []);
  });

  it("is stopped with more force when asked again after 10 s, and at last whatever its steps do", async () => {
    const world = await aWorld();
    const runner = await world.runner({ behave: () => "hold" });
    const life = await world.begin();
    life.serve(runner);
    const build = await world.build(
      `node('') { try { sh 'a' } finally { try { sh 'b' } finally { sh 'c' } } }\n`,
    );
    await until("the step runs", () => runner.ran.includes("a"));
    assert.ok((await life.builds.abort(build, 1, ANN)).ok);
    await until("the clean-up runs", () => runner.ran.includes("b"));
    assert.ok((await life.builds.abort(build, 1, ANN)).ok);
    assert.equal((await rowOf(world, build)).cancelLevel, 1, "a double click is one click");
    world.clock.pass(11_000);
    assert.ok((await life.builds.abort(build, 1, ANN)).ok);
    assert.equal((await rowOf(world, build)).cancelLevel, 2);
    await world.ends(build);
    assert.deepEqual(runner.ran, ["a", "b"], "what begins under level 2 is interrupted at once");
    await until("the agent is closed", () => runner.closed.size === 1);
    world.clock.pass(120_000);
    assert.deepEqual(await findViolations(world.base), []);
  });

  it("escalates by itself: level 2 after 15 min, the end 2 min later, and its agent is closed at the runner", async () => {
    const world = await aWorld();
    const runner = await world.runner();
    const life = await world.begin();
    life.serve(runner);
    // Nobody ends a timer that is interrupted and caught again and again but the file itself.
    const build = await world.build(
      `node('') { for (int i = 0; i < 500; i++) { try { sleep time: 1, unit: 'HOURS' } catch (e) { echo "no \${i}" } } }\n`,
    );
    await until("it sleeps", async () => {
      const row = await world.base.db
        .selectFrom("effects")
        .select("id")
        .where("buildId", "=", build)
        .where("kind", "=", "timer")
        .executeTakeFirst();
      return row !== undefined;
    });
    assert.ok((await life.builds.abort(build, 1, ANN)).ok);
    await until("level 1 is delivered", async () => (await world.console(build)).includes("no 0"));
    world.clock.pass(16 * 60_000);
    await until("it is at level 2 or over", async () => {
      life.look();
      return (await rowOf(world, build)).cancelLevel >= 2;
    });
    world.clock.pass(3 * 60_000);
    life.look();
    assert.equal(await world.ends(build), "aborted");
    await until("the agent is closed", () => runner.closed.size === 1);
    await until("nothing is loaded", () => life.host.loaded().length === 0);
    world.clock.pass(120_000);
    assert.deepEqual(await findViolations(world.base), []);
  });

  it("in the queue is stopped at once, and one held back by its project says so", async () => {
    const world = await aWorld();
    const life = await world.begin();
    await world.base.db.updateTable("projects").set({ frozenReason: "stock-taking" }).execute();
    const build = await world.build("echo 'a'\n");
    await until("it says why it waits", async () => (await rowOf(world, build)).waitCode === "freeze");
    assert.ok((await life.builds.abort(build, 1, ANN)).ok);
    assert.equal(await world.ends(build), "aborted");
    await world.base.db.updateTable("projects").set({ frozenReason: null }).execute();
    const next = await world.build("echo 'b'\n");
    assert.equal(await world.ends(next), "succeeded");
    assert.ok(!(await world.console(build)).includes("a\n"));
  });

  it("at a gate is not loaded, takes one of two clicks, and goes on", async () => {
    const world = await aWorld();
    const life = await world.begin();
    const build = await world.build(
      `def by = input(message: 'Go on?', submitterParameter: 'WHO')\necho "by \${by}"\n`,
    );
    const gate = await until("the gate is open", () => gateOf(world, build));
    await until("it is unloaded", () => life.host.loaded().length === 0);
    assert.equal((await rowOf(world, build)).state, "waiting");
    const [ann, bob] = await Promise.all([
      life.gates.decide(gate, { decision: "approve" }, ANN),
      life.gates.decide(gate, { decision: "reject" }, BOB),
    ]);
    assert.equal([ann, bob].filter((answer) => answer.ok).length, 1);
    assert.ok([ann, bob].some((answer) => !answer.ok && answer.status === 409));
    assert.equal(await world.ends(build), ann.ok ? "succeeded" : "aborted");
    if (ann.ok)
      assert.ok((await life.gates.decide(gate, { decision: "approve" }, ANN)).ok, "said twice is said once");
    assert.deepEqual(await diverge(world, build), []);
  });

  it("has timers end that came due while the server was away, in the order of their time", async () => {
    const world = await aWorld();
    const first = await world.begin();
    const build = await world.build(
      `def order = []\nparallel(slow: { sleep time: 50, unit: 'MINUTES'; order << 'slow' }, fast: { sleep time: 5, unit: 'MINUTES'; order << 'fast' })\necho "order \${order}"\n`,
    );
    await until("it sleeps, unloaded", async () => {
      const rows = await world.base.db
        .selectFrom("effects")
        .select("id")
        .where("buildId", "=", build)
        .where("kind", "=", "timer")
        .execute();
      return rows.length === 2 && first.host.loaded().length === 0;
    });
    await first.crash();
    world.clock.pass(2 * 3_600_000);
    await world.begin();
    assert.equal(await world.ends(build), "succeeded");
    assert.ok((await world.console(build)).includes("order [fast, slow]"));
    assert.deepEqual(await diverge(world, build), []);
  });

  it("for an agent of a runner that is gone is placed elsewhere before it was open, and loses it after", async () => {
    const world = await aWorld();
    const gone = await world.runner({ name: "gone", labels: ["big"], behave: () => "hold" });
    const other = await world.runner({ name: "other", labels: ["big"], behave: () => 0 });
    const life = await world.begin();
    await gone.hello(life);
    life.sessions.placesChanged();
    const early = await world.build(`node('big') { sh 'early' }\n`);
    await until("it is assigned to the one that goes", async () => {
      const row = await world.base.db
        .selectFrom("sessions")
        .select("state")
        .where("buildId", "=", early)
        .executeTakeFirst();
      return row?.state === "assigned";
    });
    world.clock.pass(130_000);
    life.serve(other);
    assert.equal(await world.ends(early), "succeeded");
    assert.deepEqual(other.ran, ["early"]);
    assert.deepEqual(gone.ran, []);
    await life.crash();

    const again = await world.begin();
    await gone.hello(again);
    const late = await world.build(`node('big') {\n  input 'Go on?'\n  sh 'late'\n}\n`);
    const gate = await until("the gate is open", async () => {
      await gone.work(again);
      return await gateOf(world, late);
    });
    assert.ok((await again.gates.decide(gate, { decision: "approve" }, ANN)).ok);
    await until("the step runs on the one that goes", async () => {
      await gone.work(again);
      return gone.ran.includes("late");
    });
    world.clock.pass(130_000);
    again.serve(other);
    assert.equal(await world.ends(late), "failed");
    const { reasonCode, reasonFault } = await rowOf(world, late);
    assert.deepEqual([reasonCode, reasonFault], ["runner_lost", "sluice"]);
    assert.deepEqual(other.ran, ["early"], "behind a decision nothing is begun again unasked");
  });

  it("for an inner agent lends the place of the outer one: 20 builds on one place all end", async () => {
    const world = await aWorld();
    const runner = await world.runner({ places: 1 });
    const life = await world.begin();
    life.serve(runner);
    const builds: number[] = [];
    for (let i = 0; i < 20; i += 1)
      builds.push(
        await world.build(
          `pipeline { agent any\n stages { stage('A') { steps { sh 'outer' } }\n stage('B') { agent { label '' }\n steps { sh 'inner' } }\n stage('C') { steps { sh 'outer again' } } } }\n`,
          ["shop", "mill"][i % 2],
        ),
      );
    for (const build of builds) assert.equal(await world.ends(build), "succeeded");
    assert.equal(runner.ran.length, 60);
    await until("every agent is closed", () => runner.closed.size === 40);
    world.clock.pass(120_000);
    assert.deepEqual(await findViolations(world.base), []);
  });
});
