import { setTimeout as pause } from "node:timers/promises";
import { Worker } from "bullmq";
import type { Logger } from "pino";
import { NO_FAULTS } from "../../runners/faults.ts";
import type { OutsideFaults } from "../outside-points.ts";
import { QUEUE_NAMES } from "../store/states.ts";
import type { QueueName } from "../store/states.ts";
import { throttled, workerConnection } from "./connection.ts";
import type { RedisAddress } from "./connection.ts";
import { NudgePayload } from "./payload.ts";
import type { NudgeHandlers } from "./payload.ts";
import { KEY_PREFIX } from "./queues.ts";

/** How long a stop waits for handlers; they only claim and load. */
const STOP_PATIENCE_MS = 5000;

/** The taking side of the queues. */
export interface Workers {
  /** Takes no new jobs, waits shortly for handlers under way, and lets go of Redis. */
  stop(): Promise<void>;
}

/** Starts a worker per queue. A handler that throws is logged: its row is found again by the reconciler. */
export function startWorkers(options: {
  address: RedisAddress;
  holder: string;
  handlers: NudgeHandlers;
  log: Logger;
  faults?: OutsideFaults;
}): Workers {
  const workers = QUEUE_NAMES.map((queue) => startWorker(queue, options));
  return {
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.stop()));
    },
  };
}

function startWorker(
  queue: QueueName,
  options: {
    address: RedisAddress;
    holder: string;
    handlers: NudgeHandlers;
    log: Logger;
    faults?: OutsideFaults;
  },
): Workers {
  const { handlers, log, holder, faults = NO_FAULTS } = options;
  const connection = workerConnection(options.address, log);
  // BullMQ hands the signal over only to a function that declares three parameters.
  const process = async (job: { data: unknown }, _token?: string, signal?: AbortSignal): Promise<void> => {
    const payload = NudgePayload.safeParse(job.data);
    if (!payload.success) {
      log.warn({ queue }, "a job that is no nudge was dropped");
      return;
    }
    const { id, epoch } = payload.data;
    try {
      const given = signal ?? new AbortController().signal;
      await faults.around("queue.take", () => handlers[queue](id, epoch, given));
    } catch (error) {
      log.error({ queue, id, epoch, err: error }, "a nudge could not be handled");
    }
  };
  const worker = new Worker(queue, process, {
    connection,
    prefix: KEY_PREFIX,
    name: holder.replace("/", "-"),
    autorun: false,
    concurrency: 4,
    lockDuration: 12_000,
    lockRenewTime: 4000,
    stalledInterval: 4000,
    maxStalledCount: 1000, // BullMQ must never give a build up; the database counts
    drainDelay: 5,
    runRetryDelay: 1000,
    removeOnComplete: { count: 1000, age: 3600 },
    removeOnFail: { count: 5000, age: 86_400 },
  });
  worker.on("error", throttled(log, "worker failed"));
  worker.on("lockRenewalFailed", (ids) => {
    for (const id of ids) worker.cancelJob(id, "lock lost");
  });
  let stopping = false;
  worker.run().catch((error: unknown) => {
    if (!stopping) log.error({ queue, err: error }, "worker ended");
  });
  return {
    stop: async () => {
      stopping = true;
      await stopWorker(worker, connection.status === "ready");
      connection.disconnect();
    },
  };
}

// A plain close waits for handlers, and for Redis, without limit; a close cannot be made a forced one later. What a
// forced one leaves undone is found as stalled after a while, or by the reconciler.
async function stopWorker(worker: Worker, redisAnswers: boolean): Promise<void> {
  const given = new AbortController();
  const closing = worker.close(!redisAnswers).catch(() => {});
  const patience = pause(STOP_PATIENCE_MS, undefined, { signal: given.signal }).catch(() => {});
  await Promise.race([closing, patience]);
  given.abort();
  // Harmless after a close that succeeded; else it ends the connection on which the close waits.
  void worker.disconnect().catch(() => {});
}
