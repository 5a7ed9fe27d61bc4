import { Redis } from "ioredis";
import type { Logger } from "pino";

/** Where Redis listens: a URL, or the path of a unix socket. */
export type RedisAddress = string;

// BullMQ's own back-off is 1 to 20 s, which keeps failing seconds after Redis is back.
function retryStrategy(attempt: number): number {
  return Math.min(100 * 2 ** attempt, 2000);
}

/** For adding jobs: fails at once while Redis is away. */
export function queueConnection(address: RedisAddress, log: Logger): Redis {
  return connection(address, log, { maxRetriesPerRequest: 1, enableOfflineQueue: false });
}

/** For workers: waits until Redis is back, for ever. */
export function workerConnection(address: RedisAddress, log: Logger): Redis {
  return connection(address, log, { maxRetriesPerRequest: null });
}

function connection(
  address: RedisAddress,
  log: Logger,
  options: { maxRetriesPerRequest: number | null; enableOfflineQueue?: boolean },
): Redis {
  const redis = new Redis(address, { connectTimeout: 3000, retryStrategy, ...options });
  redis.on("error", throttled(log, "redis connection failed"));
  return redis;
}

/** Logs an error at most once a second per message: a full disk makes thousands of them. */
export function throttled(log: Logger, text: string): (error: Error) => void {
  const saidAtMs = new Map<string, number>();
  return (error) => {
    const nowMs = performance.now();
    if (nowMs - (saidAtMs.get(error.message) ?? Number.NEGATIVE_INFINITY) < 1000) return;
    if (saidAtMs.size > 100) saidAtMs.clear();
    saidAtMs.set(error.message, nowMs);
    log.warn({ err: error }, text);
  };
}

/** What a Redis must be told before Sluice trusts its nudges to it; empty when all is well. */
export async function settingsProblems(redis: Redis): Promise<string[]> {
  const problems: string[] = [];
  const policy = await setting(redis, "maxmemory-policy");
  if (policy !== undefined && policy !== "noeviction") {
    problems.push(`maxmemory-policy is ${policy}: set noeviction, or jobs vanish when memory is full`);
  }
  const appendOnly = await setting(redis, "appendonly");
  if (appendOnly === "no") {
    problems.push("appendonly is no: set yes, or what waits in the queues is lost when Redis ends");
  }
  return problems;
}

// A managed Redis may forbid CONFIG: then INFO has to do, and persistence stays unknown.
async function setting(redis: Redis, name: string): Promise<string | undefined> {
  try {
    const answer: unknown = await redis.config("GET", name);
    return Array.isArray(answer) && typeof answer[1] === "string" ? answer[1] : undefined;
  } catch {
    const info = await redis.info("memory");
    return new RegExp(`^${name.replaceAll("-", "_")}:(\\S+)`, "m").exec(info)?.[1];
  }
}
