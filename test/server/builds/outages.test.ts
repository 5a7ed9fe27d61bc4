import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, it } from "mocha";
import { findViolations } from "../../../server/store/invariants.ts";
import { until } from "../../support/services/until.ts";
import { createStops } from "../../support/stops.ts";
import { diverge } from "./support/journal.ts";
import type { Behaviour } from "./support/played-runner.ts";
import { ANN, startWorld, type World } from "./support/world.ts";

const HELD: Behaviour = (script) => (script.startsWith("held") ? "hold" : 0);
/** How many builds run, and how many wait for a place, when the server is killed. */
const EACH = 20;
/** How long another program keeps the database for itself. */
const LOCKED_MS = 10_000;

describe("builds under a server that is killed or kept from its database", function () {
  this.timeout(240_000);
  const stops = createStops();
  afterEach(() => stops.all());

  async function aWorld(): Promise<World> {
    const world = await startWorld();
    stops.add(() => world.stop());
    return world;
  }

  async function allWell(world: World, builds: readonly number[]): Promise<void> {
    for (const build of builds) {
      assert.equal(await world.ends(build), "succeeded", await world.console(build));
      assert.deepEqual(await diverge(world, build), []);
    }
    world.clock.pass(120_000);
    assert.deepEqual(await findViolations(world.base), []);
  }

  it(`F01: ${EACH} that run and ${EACH} that wait all end right after a kill, and no command is started again`, async () => {
    const world = await aWorld();
    const runner = await world.runner({ places: EACH, behave: HELD });
    const first = await world.begin();
    first.serve(runner);
    const builds: number[] = [];
    // Over two projects, because one may run no more than ten at a time.
    for (let n = 1; n <= 2 * EACH; n += 1)
      builds.push(
        await world.build(
          `node('') {\n  sh 'held ${n}'\n  sh 'then ${n}'\n}\n`,
          n % 2 === 0 ? "shop" : "mill",
        ),
      );
    await until("as many run as there are places", () => runner.ran.length === EACH);
    await first.crash();
    world.clock.pass(5_000);
    const second = await world.begin();
    second.serve(runner);
    const letting = setInterval(() => {
      for (const script of runner.ran) if (script.startsWith("held")) runner.letGo(script, 0);
    }, 20);
    stops.add(async () => clearInterval(letting));
    await allWell(world, builds);
    assert.deepEqual(
      runner.ran.toSorted(),
      builds.flatMap((_, at) => [`held ${at + 1}`, `then ${at + 1}`]).toSorted(),
    );
  });

  it(`F29: lose nothing while another program holds SQLite's write lock for ${LOCKED_MS / 1000} s`, async () => {
    const world = await aWorld();
    const runner = await world.runner({ behave: HELD });
    const life = await world.begin();
    life.serve(runner);
    const running = [
      await world.build("node('') {\n  sh 'held 1'\n  sh 'then 1'\n}\n"),
      await world.build("node('') {\n  sh 'held 2'\n  sh 'then 2'\n}\n", "mill"),
    ];
    const asking = await world.build("input 'Go on?'\nnode('') { sh 'after the click' }\n", "mint");
    const gate = await until("the gate is open and the steps run", async () => {
      const row = await world.base.db.selectFrom("gates").select("id").executeTakeFirst();
      return runner.ran.length === 2 ? row?.id : undefined;
    });
    // The server may be writing at this moment.
    const foreign = new DatabaseSync(join(world.folder, "sluice.sqlite"), { timeout: LOCKED_MS });
    stops.add(async () => foreign.isOpen && foreign.close());
    foreign.exec("begin immediate");
    const until10 = pause(LOCKED_MS);
    runner.letGo("held 1", 0);
    runner.letGo("held 2", 0);
    const clicked = life.gates.decide(gate, { decision: "approve" }, ANN);
    const pushed = world.build("node('') { sh 'pushed meanwhile' }\n", "dock");
    // What only reads is served all the while.
    let reads = 0;
    while (!(await Promise.race([until10.then(() => true), pause(50, false)]))) {
      assert.equal((await world.base.db.selectFrom("builds").select("id").execute()).length, 3);
      reads += 1;
    }
    assert.ok(reads > 10, `${reads} reads`);
    assert.equal(runner.ran.length, 2);
    foreign.exec("rollback");
    assert.ok((await clicked).ok);
    await allWell(world, [...running, asking, await pushed]);
    assert.deepEqual(runner.ran.toSorted(), [
      "after the click",
      "held 1",
      "held 2",
      "pushed meanwhile",
      "then 1",
      "then 2",
    ]);
    const { infraAttempts } = await world.base.db
      .selectFrom("builds")
      .select((eb) => eb.fn.max("infraAttempts").as("infraAttempts"))
      .executeTakeFirstOrThrow();
    assert.equal(infraAttempts, 0, "the wait was counted as a failure under a build");
  });
});
