import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { findViolations } from "../../../server/store/invariants.ts";
import { until } from "../../support/services/until.ts";
import { createStops } from "../../support/stops.ts";
import { ANN, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

const PATIENCE = { deadlineMs: 60_000 };
const TWO_STEPS = "node { stage('One') { sh 'one' }\nstage('Two') { sh 'two' } }";

describe("a clock that steps", function () {
  this.timeout(180_000);
  const stops = createStops();
  afterEach(() => stops.all());

  it("loses no agent whose runner was not heard at the new time yet, though another could do its work", async () => {
    for (const stepMs of [120_000, 3_600_000]) {
      const world = await aWorld();
      const life = await world.begin();
      const quiet = await world.runner({ name: "quiet", behave: () => "hold" });
      const kill = life.serve(quiet);
      const build = await world.build("node { sh 'one' }");
      await until("the step runs", () => quiet.ran.length === 1, PATIENCE);
      const other = await world.runner({ name: "other", places: 1 });
      life.serve(other);
      await kill();
      world.clock.step(stepMs);
      await looked(world);
      life.serve(quiet);
      quiet.letGo("one", 0);
      assert.equal(await world.ends(build), "succeeded", await world.console(build));
      assert.deepEqual(other.ran, [], "the step was run again elsewhere");
      assert.deepEqual(await findViolations(world.base), []);
    }
  });

  it("makes no duration negative, of builds, stages, steps and deployments", async () => {
    const world = await aWorld();
    const life = await world.begin();
    const runner = await world.runner({ behave: (script) => (script === "one" ? "hold" : 0) });
    life.serve(runner);
    const build = await world.build(TWO_STEPS);
    await until("the step runs", () => runner.ran.length === 1, PATIENCE);
    const aborted = await world.build("input 'Go on?'");
    await until("it waits", async () => (await stateOf(world, aborted)) === "waiting", PATIENCE);
    world.clock.step(-3_600_000);
    runner.letGo("one", 0);
    await life.builds.abort(aborted, 1, ANN);
    assert.equal(await world.ends(build), "succeeded", await world.console(build));
    assert.equal(await world.ends(aborted), "aborted");
    assert.deepEqual(await findViolations(world.base), []);
    for (const table of ["builds", "stages", "steps"] as const) {
      const rows = await world.base.db.selectFrom(table).select(["startedAtMs", "endedAtMs"]).execute();
      assert.ok(rows.length > 0);
      for (const { startedAtMs, endedAtMs } of rows)
        assert.ok((endedAtMs ?? 0) >= (startedAtMs ?? 0), `${table}: ${startedAtMs} to ${endedAtMs}`);
    }
  });

  it("keeps no nudge back that was sent at a later time and got lost", async () => {
    const world = await aWorld();
    // Sent an hour ahead, and lost with the queue.
    const build = await world.build("node { sh 'one' }");
    const ahead = world.clock.nowMs() + 3_600_000;
    await world.base.db.updateTable("outbox").set({ dispatchedAtMs: ahead }).execute();
    const life = await world.begin();
    life.serve(await world.runner());
    assert.equal(await world.ends(build), "succeeded", await world.console(build));
  });

  it("keeps no build waiting that was made at a later time", async () => {
    const world = await aWorld();
    world.clock.step(3_600_000);
    const build = await world.build("echo 'made later'\n");
    world.clock.step(-3_600_000);
    await world.begin();
    assert.equal(await world.ends(build), "succeeded");
  });

  it("makes no wait longer that began before it stepped back", async () => {
    const world = await aWorld();
    const life = await world.begin();
    life.serve(await world.runner());
    const build = await world.build("timeout(time: 30, unit: 'MINUTES') { sleep 2\necho 'slept' }");
    await until("it sleeps", async () => (await effectsOf(world, build)) === 2, PATIENCE);
    world.clock.step(-3_600_000);
    assert.equal(await world.ends(build), "succeeded", await world.console(build));
    const gated = await world.build("timeout(time: 30, unit: 'MINUTES') { input 'Go on?' }");
    await until("it waits", async () => (await stateOf(world, gated)) === "waiting", PATIENCE);
    const before = await dueInMs(world);
    world.clock.step(-3_600_000);
    await until(
      "the gate waits no longer than before",
      async () => (await dueInMs(world)) <= before,
      PATIENCE,
    );
    world.clock.pass(30 * 60_000);
    life.look();
    assert.equal(await world.ends(gated), "aborted");
  });

  async function aWorld(): Promise<World> {
    const world = await startWorld();
    stops.add(() => world.stop());
    return world;
  }
});

/** Waits until the server has looked at its runners: it then takes a time in the future for now. */
async function looked(world: World): Promise<void> {
  const ahead = world.clock.nowMs() + 3_600_000;
  const runner = await world.runner({ name: "seen from the future" });
  await world.base.db
    .updateTable("runners")
    .set({ lastSeenAtMs: ahead })
    .where("id", "=", runner.id)
    .execute();
  await until("the server has looked at its runners", async () => {
    const row = await world.base.db
      .selectFrom("runners")
      .select("lastSeenAtMs")
      .where("id", "=", runner.id)
      .executeTakeFirstOrThrow();
    return (row.lastSeenAtMs ?? 0) < ahead;
  });
}

async function stateOf(world: World, build: number): Promise<string> {
  const row = await world.base.db
    .selectFrom("builds")
    .select("state")
    .where("id", "=", build)
    .executeTakeFirstOrThrow();
  return row.state;
}

async function effectsOf(world: World, build: number): Promise<number> {
  const rows = await world.base.db.selectFrom("effects").select("id").where("buildId", "=", build).execute();
  return rows.length;
}

/** How long the open gate still waits. */
async function dueInMs(world: World): Promise<number> {
  const row = await world.base.db
    .selectFrom("gates")
    .select("dueAtMs")
    .where("state", "=", "open")
    .executeTakeFirstOrThrow();
  return row.dueAtMs - world.clock.nowMs();
}
