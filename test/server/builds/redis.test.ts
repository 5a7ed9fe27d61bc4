import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { afterEach, describe, it } from "mocha";
import { findViolations } from "../../../server/store/invariants.ts";
import { startLine } from "../../support/services/line.ts";
import { startRedis } from "../../support/services/redis.ts";
import type { RedisServer } from "../../support/services/redis.ts";
import { until } from "../../support/services/until.ts";
import { createStops } from "../../support/stops.ts";
import type { PlayedRunner } from "./support/played-runner.ts";
import { startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

/** Ten builds of each run at once. */
const PROJECTS = ["shop", "mill"] as const;
/** Waiting in the queue when it is flushed. */
const QUEUED = Number(process.env["SLUICE_TEST_QUEUED"] ?? "1000");
/** More wait longer until it is their turn. */
const PATIENCE = { deadlineMs: Math.max(120_000, QUEUED * 120), everyMs: 50 };

describe("builds whose nudges go over a real Redis", function () {
  this.timeout(300_000 + PATIENCE.deadlineMs);
  const stops = createStops();
  afterEach(() => stops.all());

  it("F15: of fifty builds none is lost and no step repeated when Redis is killed and comes back", async () => {
    const redis = await redisFor();
    const world = await worldFor();
    const life = await world.begin({ redis: redis.url });
    const runner = await world.runner({ places: 8, behave: (script) => (isHeld(script) ? "hold" : 0) });
    life.serve(runner);
    const scripts = numbers(40).map((at) => (at < 4 ? `held ${at}` : `step ${at}`));
    for (const [at, script] of scripts.entries()) await world.build(`node { sh '${script}' }`, projectOf(at));
    await until("some run, some are done and some wait", () => runner.ran.length >= 12, PATIENCE);
    await redis.kill();
    for (const at of numbers(10)) {
      scripts.push(`late ${at}`);
      await world.build(`node { sh 'late ${at}' }`, projectOf(at));
    }
    letGo(runner, scripts);
    await redis.startAgain();
    await allEnd(world, 50);
    assert.deepEqual(runner.ran.toSorted(), scripts.toSorted());
    assert.deepEqual(await statesOf(world), { succeeded: 50 });
    assert.deepEqual(await findViolations(world.base), []);
  });

  it("F16: a thousand and more queued builds and twenty that run are all there after FLUSHALL, none of them twice", async () => {
    const redis = await redisFor();
    const world = await worldFor();
    const life = await world.begin({ redis: redis.url });
    const runner = await world.runner({ places: 20, behave: () => "hold" });
    life.serve(runner);
    const held = numbers(20).map((at) => `held ${at}`);
    for (const [at, script] of held.entries()) await world.build(`node { sh '${script}' }`, projectOf(at));
    await until("twenty run", () => runner.ran.length === 20, PATIENCE);
    const queued = await Promise.all(
      numbers(QUEUED).map((at) => world.build(`echo 'queued ${at}'`, projectOf(at))),
    );
    await flush(redis);
    letGo(runner, held);
    await until(
      "the first of the queue has begun",
      async () => ((await statesOf(world))["succeeded"] ?? 0) > 20,
      PATIENCE,
    );
    await flush(redis);
    await allEnd(world, QUEUED + 20);
    assert.deepEqual(runner.ran.toSorted(), held.toSorted());
    assert.deepEqual(await statesOf(world), { succeeded: QUEUED + 20 });
    for (const at of [0, 1, QUEUED / 2, QUEUED - 2, QUEUED - 1]) {
      const console = await world.console(queued[at] ?? 0);
      assert.equal(console.split("\n").filter((line) => line === `queued ${at}`).length, 1, console);
    }
    assert.deepEqual(await findViolations(world.base), []);
  });

  it("F24: with 500 ms on the way to Redis and a break at one piece in a hundred, all is slower and nothing doubled", async () => {
    const redis = await redisFor();
    let piece = 0;
    // Every hundredth, not by chance: a run like any other.
    const line = await startLine({
      to: { port: redis.port },
      weather: { latencyMs: 250, resetShare: 0.01 },
      random: () => ((piece += 1) % 100 === 0 ? 0 : 0.5),
    });
    stops.add(() => line.stop());
    const world = await worldFor();
    const life = await world.begin({ redis: `redis://127.0.0.1:${line.port}` });
    const runner = await world.runner({ places: 8 });
    life.serve(runner);
    const scripts = numbers(30).map((at) => `slow ${at}`);
    for (const [at, script] of scripts.entries()) await world.build(`node { sh '${script}' }`, projectOf(at));
    await allEnd(world, 30);
    await until("a connection was broken", () => line.counts().broken > 0, PATIENCE);
    const more = "after a break";
    await world.build(`node { sh '${more}' }`);
    await allEnd(world, 31);
    assert.deepEqual(runner.ran.toSorted(), [...scripts, more].toSorted());
    assert.deepEqual(await statesOf(world), { succeeded: 31 });
    assert.deepEqual(await findViolations(world.base), []);
  });

  async function redisFor(): Promise<RedisServer> {
    const redis = await startRedis();
    stops.add(() => redis.stop());
    return redis;
  }

  async function worldFor(): Promise<World> {
    const world = await startWorld();
    stops.add(() => world.stop());
    return world;
  }
});

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

function projectOf(at: number): string {
  return PROJECTS[at % PROJECTS.length] ?? "shop";
}

function isHeld(script: string): boolean {
  return script.startsWith("held");
}

function letGo(runner: PlayedRunner, scripts: readonly string[]): void {
  for (const script of scripts) if (isHeld(script)) runner.letGo(script, 0);
}

async function flush(redis: RedisServer): Promise<void> {
  const client = new Redis(redis.port, "127.0.0.1");
  try {
    await client.flushall();
  } finally {
    client.disconnect();
  }
}

async function statesOf(world: World): Promise<Record<string, number>> {
  const rows = await world.base.db
    .selectFrom("builds")
    .select(({ fn }) => ["state", fn.countAll<number>().as("count")])
    .groupBy("state")
    .execute();
  return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]));
}

async function allEnd(world: World, count: number): Promise<void> {
  await until(
    `all ${count} have ended`,
    async () => {
      const states = await statesOf(world);
      const open = (states["queued"] ?? 0) + (states["running"] ?? 0) + (states["waiting"] ?? 0);
      const all = Object.values(states).reduce((sum, one) => sum + one, 0);
      if (all === count && open === 0) return true;
      throw new Error(JSON.stringify(states));
    },
    PATIENCE,
  );
}
