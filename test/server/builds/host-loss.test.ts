import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import { createEnginePool, type EnginePool } from "../../../server/builds/engine/pool.ts";
import { findViolations } from "../../../server/store/invariants.ts";
import { until } from "../../support/services/until.ts";
import { createStops } from "../../support/stops.ts";
import { startWorld, type World } from "./support/world.ts";

describe("a host that dies", function () {
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
      .select(["state", "reasonCode", "reasonFault", "reasonText", "infraAttempts"])
      .where("id", "=", build)
      .executeTakeFirstOrThrow();
  }

  it("F13: of the same build every time gives that build up at the third, and the others go on", async () => {
    const world = await aWorld();
    const runner = await world.runner();
    const build = await world.build("node('') { sh 'deadly' }\n");
    for (let time = 1; time <= 3; time += 1) {
      const life = await world.begin({ death: { point: "builds.commitTurn", moment: "before" } });
      life.serve(runner);
      await life.died;
      await life.crash();
      assert.equal((await rowOf(world, build)).infraAttempts, time - 1);
    }
    const last = await world.begin();
    last.serve(runner);
    assert.equal(await world.ends(build), "failed");
    const { reasonCode, reasonFault, reasonText } = await rowOf(world, build);
    assert.deepEqual([reasonCode, reasonFault], ["internal_error", "sluice"]);
    assert.match(reasonText ?? "", /died 3 times in a row/u);
    assert.match(await world.console(build), /died 3 times in a row.*\nFinished: FAILURE\n$/u);
    const next = await world.build("node('') { sh 'harmless' }\n");
    assert.equal(await world.ends(next), "succeeded");
    assert.deepEqual(runner.ran, ["harmless"]);
    world.clock.pass(120_000);
    assert.deepEqual(await findViolations(world.base), []);
  });

  it("while a step runs is no fault of the build's, however often", async () => {
    const world = await aWorld();
    const runner = await world.runner({ behave: (script) => (script === "held" ? "hold" : 0) });
    const build = await world.build("node('') { sh 'held' }\n");
    for (let time = 1; time <= 5; time += 1) {
      const life = await world.begin();
      life.serve(runner);
      await until("the step runs", () => runner.ran.includes("held"));
      await until("the host stands under it", async () => {
        return life.host.loaded().includes(build) && (await rowOf(world, build)).infraAttempts === 0;
      });
      await life.crash();
    }
    const last = await world.begin();
    last.serve(runner);
    runner.letGo("held", 0);
    assert.equal(await world.ends(build), "succeeded");
    assert.deepEqual(runner.ran, ["held"]);
  });
});
