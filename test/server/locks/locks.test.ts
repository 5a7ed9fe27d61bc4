import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import { createEnginePool, type EnginePool } from "../../../server/builds/engine/pool.ts";
import { explain } from "../../../server/builds/explain.ts";
import { grantFree } from "../../../server/locks/grant-free.ts";
import { findViolations } from "../../../server/store/invariants.ts";
import { until } from "../../support/services/until.ts";
import { createStops } from "../../support/stops.ts";
import type { Death } from "../builds/support/crashing-store.ts";
import { diverge } from "../builds/support/journal.ts";
import { ANN, startWorld, type Life, type World } from "../builds/support/world.ts";

describe("steps that reach beyond their build", function () {
  this.timeout(120_000);
  const stops = createStops();
  let pool: EnginePool;
  before(() => {
    pool = createEnginePool({ threads: 1 });
  });
  after(() => pool.close());
  afterEach(() => stops.all());

  async function aWorld(files: Readonly<Record<string, string>> = {}, file = ""): Promise<World> {
    const world = await startWorld({ pool, files, file });
    stops.add(() => world.stop());
    return world;
  }

  /** The build holds at this message. */
  async function gate(world: World, build: number): Promise<number> {
    return await until(`build ${build} asks`, async () => {
      const row = await world.base.db
        .selectFrom("gates")
        .select("id")
        .where("buildId", "=", build)
        .where("state", "=", "open")
        .executeTakeFirst();
      return row?.id ?? false;
    });
  }

  async function goOn(world: World, life: Life, build: number): Promise<void> {
    const decided = await life.gates.decide(await gate(world, build), { decision: "approve" }, ANN);
    assert.ok(decided.ok);
  }

  async function waits(world: World, build: number, cause: "lock" | "signal"): Promise<string> {
    return await until(`build ${build} waits for a ${cause}`, async () => {
      const { waits: found } = await explain(world.base, build);
      return found.find((wait) => wait.cause === cause)?.text ?? false;
    });
  }

  const PHONES = "resources: { phones: [a1, a2, a3] }\nthrottle: { heavy: 2, light: 1 }\n";
  const HOLD = "lock('printer') { input 'go' }";

  describe("lock", () => {
    it("lets one build in at a time, says who has it, and goes on over the death of the server", async () => {
      const world = await aWorld();
      const first = await world.begin();
      const holder = await world.build(HOLD);
      await gate(world, holder);
      const next = await world.build(
        "lock(resource: 'printer', variable: 'P') { echo \"mine: ${env.P}\" }",
        "mill",
      );
      assert.match(await waits(world, next, "lock"), /it wants printer for itself, which shop #1 has/);
      await first.crash();

      const life = await world.begin();
      await goOn(world, life, holder);
      assert.deepEqual([await world.ends(holder), await world.ends(next)], ["succeeded", "succeeded"]);
      const text = await world.console(next);
      assert.match(text, /Trying to acquire lock on \[printer\]\n(.*\n)*Lock acquired on \[printer\]/);
      assert.match(text, /mine: printer\n(.*\n)*Lock released/);
      assert.deepEqual(await diverge(world, next), []);
      assert.deepEqual(await world.base.db.selectFrom("lockNames").selectAll().execute(), []);
      assert.deepEqual(await findViolations(world.base), []);
    });

    it("takes all of several or none, passes over where told to, and keeps the order that is asked for", async () => {
      const world = await aWorld();
      const life = await world.begin();
      const holder = await world.build(HOLD);
      await gate(world, holder);
      const skips = await world.build(
        "lock(resource: 'printer', skipIfLocked: true) { error 'never' }\necho 'on'",
      );
      assert.equal(await world.ends(skips), "succeeded");
      assert.match(await world.console(skips), /skipping the block/);

      const both = await world.build(
        "lock(resource: 'scanner', extra: [[resource: 'printer']]) { echo 'both' }",
        "mill",
      );
      await waits(world, both, "lock");
      const scanner = await world.build("lock('scanner') { echo 'alone' }", "mill");
      assert.equal(await world.ends(scanner), "succeeded", "what is not held is free");
      const urgent = await world.build("lock(resource: 'printer', priority: 5) { input 'urgent' }", "mint");
      await waits(world, urgent, "lock");
      const newest = await world.build(
        "lock(resource: 'printer', inversePrecedence: true) { input 'new' }",
        "dock",
      );
      await waits(world, newest, "lock");

      await goOn(world, life, holder);
      await gate(world, urgent);
      await waits(world, newest, "lock");
      await goOn(world, life, urgent);
      await gate(world, newest);
      await waits(world, both, "lock");
      await goOn(world, life, newest);
      assert.equal(await world.ends(both), "succeeded");
    });

    it("is given up by a waiter that is stopped or out of time, and by a holder that is stopped", async () => {
      const world = await aWorld();
      const life = await world.begin();
      const holder = await world.build(HOLD);
      await gate(world, holder);
      const stopped = await world.build("lock('printer') { echo 'never' }", "mill");
      await waits(world, stopped, "lock");
      const late = await world.build(
        "try { lock(resource: 'printer', timeoutForAllocateResource: 5) { echo 'never' } } catch (e) { echo \"late: ${e.message}\" }",
        "mint",
      );
      await waits(world, late, "lock");
      const patient = await world.build("lock('printer') { echo 'at last' }", "dock");
      await waits(world, patient, "lock");

      assert.ok((await life.builds.abort(stopped, 1, ANN)).ok);
      assert.equal(await world.ends(stopped), "aborted");
      world.clock.pass(6 * 60_000);
      life.look();
      assert.equal(await world.ends(late), "succeeded");
      assert.match(await world.console(late), /late: the lock was not free within its time/);

      assert.ok((await life.builds.abort(holder, 1, ANN)).ok);
      assert.equal(await world.ends(holder), "aborted");
      assert.equal(await world.ends(patient), "succeeded");
      assert.deepEqual(await world.base.db.selectFrom("locks").selectAll().execute(), []);
    });

    it("is waited for without the place of an agent, so that its holder can have that", async () => {
      const world = await aWorld();
      const life = await world.begin();
      const runner = await world.runner({ places: 1 });
      life.serve(runner);
      const holder = await world.build("lock('printer') { input 'go'\n node { sh 'one' } }");
      await gate(world, holder);
      const waiter = await world.build("node { sh 'before'\n lock('printer') { sh 'two' } }", "mill");
      await waits(world, waiter, "lock");
      await goOn(world, life, holder);
      world.clock.pass(61_000);
      assert.equal(await world.ends(holder), "succeeded");
      assert.equal(await world.ends(waiter), "succeeded");
      assert.deepEqual(runner.ran, ["before", "one", "two"]);
      assert.deepEqual(await diverge(world, waiter), []);
    });

    it("is found by those who waited while it was given back unseen", async () => {
      const world = await aWorld();
      await world.begin();
      const holder = await world.build(HOLD);
      await gate(world, holder);
      const waiter = await world.build("lock('printer') { echo 'mine' }", "mill");
      await waits(world, waiter, "lock");
      await world.base.db.deleteFrom("lockNames").execute();
      await world.base.db.deleteFrom("locks").where("buildId", "=", holder).execute();
      assert.equal(await grantFree({ store: world.base, poke: () => {} }), 1);
      assert.equal(await world.ends(waiter), "succeeded");
    });

    it("takes as many of a label as it asks for, says which, and goes on over the death of the server", async () => {
      const world = await aWorld({}, PHONES);
      const first = await world.begin();
      const one = await world.build(
        "lock(label: 'phones', quantity: 1, variable: 'P') { echo \"mine: ${env.P} ${env.P0}\"\n input 'go' }",
      );
      await gate(world, one);
      const two = await world.build(
        "lock(label: 'phones', quantity: 2, variable: 'P') { echo \"mine: ${env.P}\"\n input 'go' }",
        "mill",
      );
      await gate(world, two);
      const all = await world.build(
        "lock(label: 'phones', variable: 'P') { echo \"mine: ${env.P}\" }",
        "mint",
      );
      assert.match(
        await waits(world, all, "lock"),
        /it wants a1, a2, a3 for itself, which shop #1, mill #1 has/,
      );
      const named = await world.build("lock('a2') { echo 'named' }", "dock");
      assert.match(await waits(world, named, "lock"), /it wants a2 for itself, which mill #1 has/);
      await first.crash();

      const life = await world.begin();
      const skips = await world.build(
        "lock(label: 'phones', quantity: 1, skipIfLocked: true) { error 'never' }",
      );
      assert.equal(await world.ends(skips), "succeeded");
      const any = await world.build("lock(label: 'phones', quantity: 2) { echo 'any' }");
      assert.match(await waits(world, any, "lock"), /it wants 2 of a1, a2, a3 for itself/);
      await goOn(world, life, two);
      await goOn(world, life, one);
      for (const build of [one, two, all, named, any]) assert.equal(await world.ends(build), "succeeded");
      assert.match(await world.console(one), /Trying to acquire lock on \[Label: phones, Quantity: 1\]/);
      assert.match(await world.console(one), /Lock acquired on \[a1\]\n(.*\n)*mine: a1 a1/);
      assert.match(await world.console(two), /mine: a2,a3/);
      assert.match(await world.console(all), /mine: a1,a2,a3/);
      for (const build of [one, two, all]) assert.deepEqual(await diverge(world, build), []);
      assert.deepEqual(await world.base.db.selectFrom("lockNames").selectAll().execute(), []);
    });

    it("takes labels and names together, and refuses what can never be had", async () => {
      const world = await aWorld({}, PHONES);
      await world.begin();
      const both = await world.build(
        "lock(extra: [[resource: 'a1'], [label: 'phones', quantity: 2], [resource: 'desk']], variable: 'P') { echo \"mine: ${env.P}\" }",
      );
      assert.equal(await world.ends(both), "succeeded");
      assert.match(await world.console(both), /mine: a1,a2,a3,desk|mine: a1,desk,a2,a3/);
      const refusals: readonly [string, RegExp][] = [
        ["lock(label: 'tablets')", /The resource label does not exist: tablets/],
        ["lock(label: 'phones', quantity: 4)", /Given amount 4 is greater than amount of resources: 3/],
        ["lock(label: 'phones', resource: 'a1')", /cannot be specified simultaneously/],
        ["lock(extra: [[quantity: 1]])", /Either resource label or resource name must be specified/],
        ["lock(resource: '')", /Either resource label or resource name must be specified/],
        ["lock(resource: 'a', priority: 1, inversePrecedence: true)", /not compatible with "queue priority"/],
      ];
      for (const [call, text] of refusals) {
        const build = await world.build(`${call} { echo 'never' }`);
        assert.equal(await world.ends(build), "failed", call);
        assert.match(await world.console(build), text);
      }
    });
  });

  describe("throttle", () => {
    it("lets as many blocks run at once as the category has turns, over projects", async () => {
      const world = await aWorld({}, PHONES);
      const life = await world.begin();
      const heavy = "throttle(['heavy']) { input 'go' }";
      const one = await world.build(heavy);
      const two = await world.build(heavy, "mill");
      await gate(world, one);
      await gate(world, two);
      const three = await world.build("throttle(['heavy', 'light']) { echo 'at last' }", "mint");
      assert.match(await waits(world, three, "lock"), /it wants a turn of heavy, a turn of light for itself/);
      const light = await world.build("throttle(['light']) { echo 'free' }", "dock");
      assert.equal(await world.ends(light), "succeeded");
      await goOn(world, life, two);
      assert.equal(await world.ends(three), "succeeded");
      await goOn(world, life, one);
      assert.equal(await world.ends(one), "succeeded");
      assert.deepEqual(await world.base.db.selectFrom("lockNames").selectAll().execute(), []);

      const unknown = await world.build("throttle(['huge']) { echo 'never' }");
      assert.equal(await world.ends(unknown), "failed");
      assert.match(await world.console(unknown), /One or more specified categories do not exist: huge/);
    });
  });

  const DEATHS: readonly Death[] = [
    { point: "builds.commitTurn", moment: "before", pass: 2 },
    { point: "builds.commitTurn", moment: "after-but-error", pass: 3 },
    { point: "builds.commitTurn", moment: "after", pass: 4 },
    { point: "builds.commitTurn", moment: "before", pass: 6 },
    { point: "builds.endAwaited", moment: "before" },
    { point: "builds.endAwaited", moment: "after-but-error" },
  ];

  for (const death of DEATHS)
    it(`hold and go on when the server dies ${death.moment} ${death.point} ${death.pass ?? 1}`, async () => {
      const world = await aWorld({ mill: "lock('printer') { echo 'down' }" });
      const builds = [
        await world.build("lock('printer') { echo 'first' }\nbuild 'mill'\nlock('printer') { echo 'last' }"),
        await world.build("lock('printer') { sleep 0 }", "mint"),
      ];
      const first = await world.begin({ death });
      await Promise.race([first.died, Promise.all(builds.map((id) => world.ends(id)))]);
      await first.crash();
      await world.begin();
      for (const id of builds) assert.equal(await world.ends(id), "succeeded");
      const rows = await world.base.db.selectFrom("builds").select(["id", "state"]).execute();
      assert.deepEqual(
        rows.map(({ state }) => state),
        ["succeeded", "succeeded", "succeeded"],
      );
      for (const { id } of rows) assert.deepEqual(await diverge(world, id), []);
      for (const table of ["locks", "lockNames", "signals"] as const)
        assert.deepEqual(await world.base.db.selectFrom(table).selectAll().execute(), []);
    });

  describe("build", () => {
    const DOWN = "echo \"mode ${params.MODE}\"\ninput 'go'\nif (params.MODE == 'bad') { error 'no' }";

    it("starts another project's build with parameters, waits for it, and sees its result", async () => {
      const world = await aWorld({ mill: DOWN });
      const first = await world.begin();
      const up = await world.build(
        "def b = build(job: 'mill', parameters: [string(name: 'MODE', value: 'bad')], propagate: false)\necho \"it was ${b.result}, #${b.number} of ${b.projectName}\"",
      );
      assert.match(await waits(world, up, "signal"), /it waits for the end of build #1 of mill/);
      const down = up + 1;
      await gate(world, down);
      await first.crash();

      const life = await world.begin();
      await goOn(world, life, down);
      assert.deepEqual([await world.ends(down), await world.ends(up)], ["failed", "succeeded"]);
      assert.match(await world.console(down), /mode bad/);
      assert.match(await world.console(up), /it was FAILURE, #1 of mill/);
      const row = await world.base.db
        .selectFrom("builds")
        .select(["upstreamId", "eventKind", "title"])
        .where("id", "=", down)
        .executeTakeFirstOrThrow();
      assert.deepEqual(row, {
        upstreamId: up,
        eventKind: "upstream",
        title: 'Started by upstream project "shop" build number 1',
      });
      assert.deepEqual(await diverge(world, up), []);
    });

    it("fails with a bad result, does not wait where told not to, and is stopped together with its build", async () => {
      const world = await aWorld({ mill: "error 'no'", mint: "input 'go'" });
      const life = await world.begin();
      const bad = await world.build("build 'mill'");
      assert.equal(await world.ends(bad), "failed");
      assert.match(await world.console(bad), /mill #1 completed with status FAILURE/);

      const free = await world.build("build(job: '../mill/main', wait: false)\necho 'on'");
      assert.equal(await world.ends(free), "succeeded");

      const waiting = await world.build("build 'mint'");
      await waits(world, waiting, "signal");
      assert.ok((await life.builds.abort(waiting, 1, ANN)).ok);
      assert.equal(await world.ends(waiting), "aborted");
      assert.equal(await world.ends(waiting + 1), "aborted");

      const nowhere = await world.build("build 'nobody'");
      assert.equal(await world.ends(nowhere), "failed");
      assert.match(await world.console(nowhere), /No item named nobody found/);
      assert.deepEqual(await findViolations(world.base), []);
    });

    it("is waited for later by waitForBuild, with or without its fate", async () => {
      const world = await aWorld({ mill: DOWN });
      const first = await world.begin();
      const up = await world.build(
        "def b = build(job: 'mill', parameters: [string(name: 'MODE', value: 'bad')], waitForStart: true)\necho \"id ${b.externalizableId}\"\ndef done = waitForBuild(runId: b.externalizableId)\necho \"it was ${done.result}\"",
      );
      const down = up + 1;
      await gate(world, down);
      await until("it waits for the end", async () =>
        /it waits for the end of build #1 of mill/.test(await waits(world, up, "signal")),
      );
      await first.crash();
      const life = await world.begin();
      await goOn(world, life, down);
      assert.equal(await world.ends(up), "succeeded");
      assert.match(
        await world.console(up),
        /id mill#1\n(.*\n)*Waiting for mill#1 to complete\n(.*\n)*it was FAILURE/,
      );
      assert.deepEqual(await diverge(world, up), []);

      const after = await world.build("waitForBuild(runId: 'mill/main#1', propagate: true)");
      assert.equal(await world.ends(after), "failed");
      assert.match(await world.console(after), /mill #1 completed with status FAILURE/);
      for (const id of ["mill#99", "mill", "nobody#1"]) {
        const none = await world.build(`waitForBuild '${id}'`);
        assert.equal(await world.ends(none), "failed");
        assert.match(await world.console(none), new RegExp(`No build exists with runId ${id}`));
      }
      assert.deepEqual(await world.base.db.selectFrom("signals").selectAll().execute(), []);
    });

    it("is stopped with the wait only where that is asked for", async () => {
      const world = await aWorld();
      const life = await world.begin();
      for (const [more, end] of [
        ["", "waiting"],
        [", propagateAbort: true", "aborted"],
      ] as const) {
        const other = await world.build("input 'go'", "mint");
        await gate(world, other);
        const { number } = await world.base.db
          .selectFrom("builds")
          .select("number")
          .where("id", "=", other)
          .executeTakeFirstOrThrow();
        const waiter = await world.build(`waitForBuild(runId: 'mint#${number}'${more})`);
        await waits(world, waiter, "signal");
        assert.ok((await life.builds.abort(waiter, 1, ANN)).ok);
        assert.equal(await world.ends(waiter), "aborted");
        await until("the wait is forgotten", async () => {
          const left = await world.base.db.selectFrom("signals").selectAll().execute();
          return left.length === 0;
        });
        if (end === "aborted") assert.equal(await world.ends(other), "aborted");
        const row = await world.base.db
          .selectFrom("builds")
          .select("state")
          .where("id", "=", other)
          .executeTakeFirstOrThrow();
        assert.equal(row.state, end);
      }
    });

    it("ends a circle of builds that start one another", async () => {
      const world = await aWorld({ mill: "build 'mill'" });
      await world.begin();
      const build = await world.build("build 'mill'");
      assert.equal(await world.ends(build), "failed");
      const { count } = await world.base.db
        .selectFrom("builds")
        .select((eb) => eb.fn.countAll<number>().as("count"))
        .executeTakeFirstOrThrow();
      assert.ok(Number(count) <= 12, `${count} builds`);
    });
  });
});
