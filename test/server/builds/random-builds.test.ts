import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import { createEnginePool, type EnginePool } from "../../../server/builds/engine/pool.ts";
import { findViolations } from "../../../server/store/invariants.ts";
import { randomFrom } from "../../pipelines/engine/random-programs.ts";
import { until } from "../../support/services/until.ts";
import { createStops } from "../../support/stops.ts";
import type { Death } from "./support/crashing-store.ts";
import { diverge } from "./support/journal.ts";
import { randomBuild } from "./support/random-build.ts";
import { ANN, startWorld, type World } from "./support/world.ts";

const BUILDS = 48;
/** Where lives end, and how often each place is passed at most before it does. */
const PLACES = [
  ["builds.commitTurn", 9],
  ["runners.endCommands", 4],
  ["builds.claim", 4],
  ["builds.decideInput", 2],
  ["builds.endEffects", 2],
  ["builds.unload", 2],
  ["runners.place", 3],
] as const;

describe("random builds under a server that dies at random", function () {
  this.timeout(240_000);
  const stops = createStops();
  let pool: EnginePool;
  before(() => {
    pool = createEnginePool({ threads: 2 });
  });
  after(() => pool.close());
  afterEach(() => stops.all());

  async function unfinished(world: World): Promise<number> {
    const rows = await world.base.db
      .selectFrom("builds")
      .select("id")
      .where("endedAtMs", "is", null)
      .execute();
    return rows.length;
  }

  function randomDeath(random: () => number): Death {
    const [point, most] = PLACES[Math.floor(random() * PLACES.length)] ?? PLACES[0];
    const moment = (["before", "after", "after-but-error"] as const)[Math.floor(random() * 3)] ?? "before";
    return { point, moment, pass: 1 + Math.floor(random() * most) };
  }

  /** Clicks on whatever gate is open, one way or the other. */
  async function decideGates(world: World, random: () => number, life: Awaited<ReturnType<World["begin"]>>) {
    const open = await world.base.db
      .selectFrom("gates")
      .select("id")
      .where("state", "=", "open")
      .limit(3)
      .execute();
    for (const { id } of open) {
      const decision = random() < 0.8 ? "approve" : "reject";
      await life.gates.decide(id, { decision }, ANN).catch(() => null);
    }
  }

  it("end as their journals say, begin each effect once and leave nothing behind", async () => {
    // Lives of milliseconds would have innocent builds given up.
    const world = await startWorld({ pool, mostDeaths: Infinity });
    stops.add(() => world.stop());
    const runner = await world.runner({
      places: 12,
      behave: (script) => (script.length % 7 === 0 ? 1 : 0),
    });
    const builds: number[] = [];
    for (let seed = 1; seed <= BUILDS; seed += 1)
      builds.push(
        await world.build(randomBuild(randomFrom(seed)), ["shop", "mill", "mint", "dock"][seed % 4]),
      );
    const random = randomFrom(4711);
    let deaths = 0;
    for (let number = 0; number < 400 && (await unfinished(world)) > 0; number += 1) {
      // After a while lives are left alone, so that the test ends whatever the numbers are.
      const life = await world.begin(number < 60 ? { death: randomDeath(random) } : {});
      life.serve(runner);
      const turns = 1 + Math.floor(random() * 12);
      for (let turn = 0; turn < turns && !life.isDead() && (await unfinished(world)) > 0; turn += 1) {
        await decideGates(world, random, life);
        world.clock.pass(500);
        life.look();
        await Promise.race([life.died, until("something moves", moved(world), { everyMs: 10 })]);
      }
      // Either where it was told to die, or between any two of its acts.
      if ((await unfinished(world)) > 0) deaths += 1;
      await life.crash();
      // Whoever held a build without an end of its lease is taken for dead in time.
      world.clock.pass(2_000);
    }
    assert.equal(await unfinished(world), 0);
    assert.ok(deaths > 10, `only ${deaths} lives ended under unfinished builds`);
    const twice = runner.handles.filter((handle, i) => runner.handles.indexOf(handle) !== i);
    assert.deepEqual(twice, []);
    for (const build of builds) assert.deepEqual(await diverge(world, build), []);
    world.clock.pass(120_000);
    assert.deepEqual(await findViolations(world.base), []);
  });

  /** True once anything was written since it was first asked, or after a few looks: a build may only wait for time. */
  function moved(world: World): () => Promise<boolean> {
    let before: string | null = null;
    let looks = 0;
    return async () => {
      const row = await world.base.db
        .selectFrom("builds")
        .select((eb) => [
          eb.fn.sum<number>("nextOrd").as("ords"),
          eb.fn.sum<number>("delivered").as("delivered"),
          eb.fn.count<number>("endedAtMs").as("ended"),
        ])
        .executeTakeFirstOrThrow();
      const now = `${row.ords} ${row.delivered} ${row.ended}`;
      looks += 1;
      if (before === null) before = now;
      return before !== now || looks > 5;
    };
  }
});
