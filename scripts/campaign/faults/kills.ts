import { setTimeout as pause } from "node:timers/promises";
import type { Fault, Part, Touched, World } from "../fault.ts";
import { askRedis } from "../services.ts";

/** Name of the death after which work goes on elsewhere. */
export const LOSS = "lose a runner";

/** About as long as a runner without a connection is waited for, or well beyond it. */
const LOST_MS = [14_000, 30_000] as const;
/** A death is noticed at once by some, and after a while by others. */
const AWAY_MS = [0, 3_000] as const;
/** A frozen process still has its connections; long enough for leases to run out now and then. */
const FROZEN_MS = [500, 12_000] as const;

/** Deaths, stops and sleeps of the parts, and what Redis may forget. */
export const KILL_FAULTS: readonly Fault[] = [
  killed("kill the server", "server", 14, ({ server }) => [server]),
  killed("kill a runner", "runner", 14, ({ runners }) => runners),
  killed("kill Redis", "redis", 10, ({ redis }) => [redis]),
  killed("kill the registry", "registry", 6, ({ registry }) => [registry]),
  frozen("freeze the server", "server", 6, ({ server }) => [server]),
  frozen("freeze a runner", "runner", 6, ({ runners }) => runners),
  frozen("freeze Redis", "redis", 5, ({ redis }) => [redis]),
  frozen("freeze the registry", "registry", 3, ({ registry }) => [registry]),
  drained("drain the server", "server", 8, ({ server }) => [server]),
  drained("drain a runner", "runner", 5, ({ runners }) => runners),
  {
    name: "flush Redis",
    weight: 8,
    touches: ["redis"],
    permits: [],
    possible: () => true,
    inject: async ({ redis }) => `it said ${(await askRedis(redis.port, "FLUSHALL")).trim()}`,
  },
  {
    name: LOSS,
    weight: 3,
    touches: ["runner"],
    // What may not be run twice cannot go on elsewhere.
    permits: ["runner_lost"],
    possible: ({ runners }) => runners.length > 1,
    inject: async ({ runners }, random) => {
      const part = random.pick(runners);
      const awayMs = random.between(...LOST_MS);
      await part.kill();
      await pause(awayMs);
      await part.start();
      return `${part.name}, away for ${awayMs} ms`;
    },
  },
  {
    name: "kill server and runner",
    weight: 4,
    touches: ["server", "runner"],
    permits: [],
    possible: () => true,
    inject: async ({ server, runners }, random) => {
      const part = random.pick(runners);
      await Promise.all([server.kill(), part.kill()]);
      await server.start();
      await part.start();
      return `${part.name} with it`;
    },
  },
];

type Pick = (world: World) => readonly Part[];

function killed(name: string, touched: Touched, weight: number, of: Pick): Fault {
  return {
    name,
    weight,
    touches: [touched],
    permits: [],
    possible: () => true,
    inject: async (world, random) => {
      const part = random.pick(of(world));
      const awayMs = random.pick([0, random.between(...AWAY_MS)]);
      await part.kill();
      await pause(awayMs);
      await part.start();
      return `${part.name}, started again after ${awayMs} ms`;
    },
  };
}

function frozen(name: string, touched: Touched, weight: number, of: Pick): Fault {
  return {
    name,
    weight,
    touches: [touched],
    permits: [],
    possible: () => true,
    inject: async (world, random) => {
      const part = random.pick(of(world));
      const forMs = random.between(...FROZEN_MS);
      part.freeze();
      try {
        await pause(forMs);
      } finally {
        part.thaw();
      }
      return `${part.name}, for ${forMs} ms`;
    },
  };
}

function drained(name: string, touched: Touched, weight: number, of: Pick): Fault {
  return {
    name,
    weight,
    touches: [touched],
    permits: [],
    possible: () => true,
    inject: async (world, random) => {
      const part = random.pick(of(world));
      const since = performance.now();
      await part.shutDown();
      const tookMs = Math.round(performance.now() - since);
      await part.start();
      return `${part.name}, it took ${tookMs} ms`;
    },
  };
}
