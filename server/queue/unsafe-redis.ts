/** The Redis that is named to us would lose what waits in its queues. `exitCode` is for the process: a person must act. */
export class UnsafeRedisError extends Error {
  readonly code = "redis_unsafe";
  readonly exitCode = 78;

  constructor(problems: readonly string[]) {
    super(
      `REDIS_URL: ${problems.join("; ")}. Change that in its redis.conf, or start with --allow-unsafe-redis: then nudges may be lost, and builds begin later than they could`,
    );
    this.name = "UnsafeRedisError";
  }
}

/** The error to stop the start with, or null where nothing is wrong with the settings of Redis. */
export function unsafeRedis(problems: readonly string[]): UnsafeRedisError | null {
  return problems.length === 0 ? null : new UnsafeRedisError(problems);
}
