import { setTimeout as pause } from "node:timers/promises";
import type { Fault } from "../fault.ts";

const FIVE_MINUTES_MS = 300_000;
/** A runner that is silent so long is given up, though its connection stays. */
const SILENT_MS = 150_000;

/** What takes minutes: only asked for by `--long`. */
export const LONG_FAULTS: readonly Fault[] = [
  {
    name: "Redis away for minutes",
    weight: 8,
    touches: ["redis"],
    permits: [],
    possible: () => true,
    inject: async ({ redis }) => {
      await redis.kill();
      await pause(FIVE_MINUTES_MS);
      await redis.start();
      return `for ${FIVE_MINUTES_MS} ms`;
    },
  },
  {
    name: "the server away for minutes",
    weight: 8,
    touches: ["server"],
    permits: [],
    possible: () => true,
    inject: async ({ server }) => {
      await server.kill();
      await pause(FIVE_MINUTES_MS);
      await server.start();
      return `for ${FIVE_MINUTES_MS} ms`;
    },
  },
  {
    name: "a runner silent for minutes",
    weight: 8,
    touches: ["runner"],
    permits: ["runner_lost"],
    possible: ({ runners }) => runners.length > 1,
    inject: async ({ runners }, random) => {
      const part = random.pick(runners);
      part.freeze();
      try {
        await pause(SILENT_MS);
      } finally {
        part.thaw();
      }
      return `${part.name}, for ${SILENT_MS} ms`;
    },
  },
];
