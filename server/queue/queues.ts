import { setTimeout as pause } from "node:timers/promises";
import { Queue } from "bullmq";
import type { Logger } from "pino";
import { QUEUE_NAMES } from "../store/states.ts";
import { NO_FAULTS } from "../../runners/faults.ts";
import type { OutsideFaults } from "../outside-points.ts";
import type { QueueName } from "../store/states.ts";
import { queueConnection, settingsProblems, throttled } from "./connection.ts";
import type { RedisAddress } from "./connection.ts";
import { QueueAwayError } from "./payload.ts";
import type { OutgoingNudge, Transport } from "./payload.ts";

/** Prefix of every key in Redis. */
export const KEY_PREFIX = "sluice";
const PAYLOAD_LIMIT_BYTES = 1024;
const KNOWN_MS = 2_000;
const CHECK_MS = 2_000;

/** The adding side of the queues. */
export interface Queues extends Transport {
  /** Resolves once it is known whether Redis is there: it answers, it cannot be reached, or it says nothing for 2 s. */
  whenKnown(): Promise<void>;
  /** Whether Redis answers now, and what is wrong with its settings. */
  check(): Promise<{ answers: boolean; problems: string[] }>;
  /** Called each time the connection is ready again. */
  onReady(listener: () => void): void;
  close(): Promise<void>;
}

/** Queues on a Redis that need not be there yet. */
export function createQueues({
  address,
  log,
  faults = NO_FAULTS,
}: {
  address: RedisAddress;
  log: Logger;
  faults?: OutsideFaults;
}): Queues {
  const redis = queueConnection(address, log);
  const known = Promise.withResolvers<void>();
  const silent = setTimeout(() => known.resolve(), KNOWN_MS);
  let queues: Map<QueueName, Queue> | undefined;
  redis.on("ready", () => {
    // Only now: a queue that is made while its connection is down, and told not to wait for it, fails for ever.
    queues ??= new Map(QUEUE_NAMES.map((name) => [name, newQueue(name, redis, log)]));
    known.resolve();
  });
  redis.on("close", () => known.resolve());
  return {
    whenKnown: () => known.promise,
    onReady: (listener) => void redis.on("ready", listener),
    send: async (nudges) => {
      if (queues === undefined || redis.status !== "ready") {
        throw new QueueAwayError(`Redis cannot be reached (${redis.status})`);
      }
      await sendAll(queues, nudges, faults);
    },
    check: async () => {
      try {
        return { answers: true, problems: await inTime(settingsProblems(redis)) };
      } catch {
        return { answers: false, problems: [] };
      }
    },
    close: async () => {
      clearTimeout(silent);
      for (const queue of queues?.values() ?? []) await queue.close();
      redis.disconnect();
    },
  };
}

/** A connection may be silent for minutes before it is known to be dead. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  const given = new AbortController();
  const limit = pause(CHECK_MS, undefined, { signal: given.signal }).then(() => {
    throw new Error("Redis does not answer");
  });
  try {
    return await Promise.race([answer, limit]);
  } finally {
    given.abort();
    limit.catch(() => {});
    answer.catch(() => {});
  }
}

function newQueue(name: QueueName, redis: ReturnType<typeof queueConnection>, log: Logger): Queue {
  const queue = new Queue(name, {
    connection: redis,
    prefix: KEY_PREFIX,
    skipWaitingForReady: true,
    streams: { events: { maxLen: 1000 } },
    defaultJobOptions: {
      attempts: 1, // retries belong to the rows
      removeOnComplete: { count: 1000, age: 3600 },
      removeOnFail: { count: 5000, age: 86_400 },
      sizeLimit: PAYLOAD_LIMIT_BYTES,
    },
  });
  queue.on("error", throttled(log, "queue failed"));
  return queue;
}

async function sendAll(
  queues: ReadonlyMap<QueueName, Queue>,
  nudges: readonly OutgoingNudge[],
  faults: OutsideFaults,
): Promise<void> {
  for (const [name, queue] of queues) {
    const jobs = nudges
      .filter((nudge) => nudge.queue === name)
      .map(({ jobId, payload }) => ({ name: "nudge", data: payload, opts: { jobId } }));
    if (jobs.length === 0) continue;
    try {
      await faults.around("queue.add", () => queue.addBulk(jobs));
    } catch (error) {
      throw new QueueAwayError(`queue ${name} takes no jobs`, error);
    }
  }
}
