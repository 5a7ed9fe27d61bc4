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

/** The adding side of the queues. */
export interface Queues extends Transport {
  /** Resolves when Redis answers; it may be away for any time before. */
  whenReady(): Promise<void>;
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
  const ready = Promise.withResolvers<void>();
  let queues: Map<QueueName, Queue> | undefined;
  redis.on("ready", () => {
    // Only now: a queue that is made while its connection is down, and told not to wait for it, fails for ever.
    queues ??= new Map(QUEUE_NAMES.map((name) => [name, newQueue(name, redis, log)]));
    ready.resolve();
  });
  return {
    whenReady: () => ready.promise,
    onReady: (listener) => void redis.on("ready", listener),
    send: async (nudges) => {
      if (queues === undefined || redis.status !== "ready") {
        throw new QueueAwayError(`Redis cannot be reached (${redis.status})`);
      }
      await sendAll(queues, nudges, faults);
    },
    check: async () => {
      try {
        await redis.ping();
        return { answers: true, problems: await settingsProblems(redis) };
      } catch {
        return { answers: false, problems: [] };
      }
    },
    close: async () => {
      for (const queue of queues?.values() ?? []) await queue.close();
      redis.disconnect();
    },
  };
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
