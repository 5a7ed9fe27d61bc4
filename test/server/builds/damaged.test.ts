import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, afterEach, before, describe, it } from "mocha";
import pino from "pino";
import { createRunnerStreams } from "../../../server/runners/stream.ts";
import { createEnginePool, type EnginePool } from "../../../server/builds/engine/pool.ts";
import { findViolations } from "../../../server/store/invariants.ts";
import { until } from "../../support/services/until.ts";
import { createStops } from "../../support/stops.ts";
import { startWorld, type World } from "./support/world.ts";

const GARBAGE = new Uint8Array(64).fill(7);
const TWO = "node('') {\n  sh 'one'\n  sh 'held'\n}\n";

/** What may be wrong with what is kept of a build, and what its page says then. */
const DAMAGES: Readonly<
  Record<string, { harm: (world: World, build: number) => Promise<unknown>; says: RegExp }>
> = {
  "a frozen head that is garbage": {
    harm: ({ base }, build) =>
      base.db.updateTable("buildHeads").set({ body: GARBAGE }).where("buildId", "=", build).execute(),
    says: /^the frozen head of this build is damaged: start the build again, or bring back a backup$/,
  },
  "a frozen head that is gone": {
    harm: ({ base }, build) => base.db.deleteFrom("buildHeads").where("buildId", "=", build).execute(),
    says: /^the frozen head of this build is gone/,
  },
  "a key that is garbage": {
    harm: ({ base }, build) =>
      base.db.updateTable("builds").set({ dataKey: GARBAGE }).where("id", "=", build).execute(),
    says: /^the key of this build is damaged: start the build again/,
  },
  "an outcome that is garbage": {
    harm: ({ base }, build) =>
      base.db
        .updateTable("effects")
        .set({ outcome: GARBAGE })
        .where("buildId", "=", build)
        .where("kind", "=", "exec")
        .where("state", "=", "ended")
        .execute(),
    says: /^the outcome of effect 0:\S+ in this build's journal is damaged: start the build again/,
  },
  "a journal that lacks a row": {
    harm: ({ base }, build) =>
      base.db
        .deleteFrom("effects")
        .where("buildId", "=", build)
        .where("kind", "=", "exec")
        .where("state", "=", "begun")
        .execute(),
    says: /^line 3: the journal has no sh as effect/,
  },
  "a journal that does not match its file": {
    harm: ({ base }, build) =>
      base.db
        .updateTable("effects")
        .set({ name: "checkout" })
        .where("buildId", "=", build)
        .where("kind", "=", "exec")
        .where("state", "=", "begun")
        .execute(),
    says: /line 3.*checkout/,
  },
};

describe("a build of which something is damaged", function () {
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

  async function reasonOf(world: World, build: number) {
    return await world.base.db
      .selectFrom("builds")
      .select(["state", "reasonCode", "reasonFault", "reasonText"])
      .where("id", "=", build)
      .executeTakeFirstOrThrow();
  }

  for (const [name, { harm, says }] of Object.entries(DAMAGES))
    it(`${name}: ends at the next start as our fault with the remedy, and its neighbour on the runner goes on`, async () => {
      const world = await aWorld();
      const runner = await world.runner({ behave: (script) => (script === "held" ? "hold" : 0) });
      const first = await world.begin();
      first.serve(runner);
      const bad = await world.build(TWO);
      const good = await world.build(TWO, "mill");
      await until("both hold", () => runner.ran.filter((script) => script === "held").length === 2);
      await first.crash();
      await harm(world, bad);
      // Both have news for the server that comes back, in one report.
      runner.letGo("held", 0);
      const second = await world.begin();
      second.serve(runner);
      assert.equal(await world.ends(good), "succeeded");
      await world.ends(bad);
      const { reasonText, ...reason } = await reasonOf(world, bad);
      assert.deepEqual(reason, { state: "failed", reasonCode: "journal_mismatch", reasonFault: "sluice" });
      assert.match(reasonText ?? "", says);
      await until("the runner was told to close both agents", () => runner.closed.size === 2);
      world.clock.pass(120_000);
      assert.deepEqual(await findViolations(world.base), []);
    });

  it("has a command that is garbage: the runner is told of every other one, and of the end", async () => {
    const world = await aWorld();
    const runner = await world.runner();
    const life = await world.begin();
    await runner.hello(life);
    const bad = await world.build("node('') { sh 'one' }\n");
    const good = await world.build("node('') { sh 'one' }\n", "mill");
    await until("commands wait for both agents", async () => {
      life.sessions.placesChanged();
      const rows = await world.base.db
        .selectFrom("commands")
        .innerJoin("sessions", "sessions.id", "commands.sessionId")
        .select("sessions.buildId")
        .distinct()
        .where("sessions.runnerId", "=", runner.id)
        .execute();
      return rows.length === 2;
    });
    await world.base.db
      .updateTable("commands")
      .set({ body: GARBAGE })
      .where("sessionId", "in", (from) => from.selectFrom("sessions").select("id").where("buildId", "=", bad))
      .execute();
    const streams = createRunnerStreams({ ...life, log: pino({ level: "silent" }) });
    const server = createServer((_, response) => void streams.open(runner.id, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    stops.add(async () => {
      streams.closeAll();
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    const { body } = await fetch(`http://127.0.0.1:${address.port}`);
    assert.ok(body !== null);
    let said = "";
    for await (const piece of body.pipeThrough(new TextDecoderStream())) {
      said += piece;
      streams.poke([`b${bad}.0_1`, `b${good}.0_1`]);
      if (said.includes(`"session":"b${good}.`) && said.includes('"type":"close"')) break;
    }
    await world.ends(bad);
    const { reasonCode, reasonText } = await reasonOf(world, bad);
    assert.equal(reasonCode, "journal_mismatch");
    assert.match(reasonText ?? "", /^command b\d+\.\S+ of this build is damaged/);
    assert.equal((await reasonOf(world, good)).state, "running");
  });

  it("does not keep the timers and agents of others waiting", async () => {
    const world = await aWorld();
    const runner = await world.runner();
    const first = await world.begin();
    first.serve(runner);
    const bad = await world.build("sleep 600\n");
    const good = await world.build("sleep 600\nnode('') { sh 'after' }\n", "mill");
    await until("both sleep", async () => {
      const rows = await world.base.db
        .selectFrom("effects")
        .select("id")
        .where("kind", "=", "timer")
        .execute();
      return rows.length === 2;
    });
    await first.crash();
    await world.base.db.updateTable("builds").set({ dataKey: GARBAGE }).where("id", "=", bad).execute();
    world.clock.pass(600_000);
    const second = await world.begin();
    second.serve(runner);
    assert.equal(await world.ends(good), "succeeded");
    assert.equal(await world.ends(bad), "failed");
    assert.equal((await reasonOf(world, bad)).reasonCode, "journal_mismatch");
  });
});
