import { setTimeout as pause } from "node:timers/promises";

/** How long `until` waits for a fact, and how often it looks. */
export interface Patience {
  readonly deadlineMs?: number;
  readonly everyMs?: number;
}

/**
 * Waits for a fact: asks `probe` until it answers something other than `undefined` and `false`, and gives that answer.
 * A probe that throws counts as "not yet". The deadline is far beyond what the fact takes on a busy machine, so that
 * no test depends on speed.
 * @throws {Error} after the deadline, naming the fact and what the probe said last.
 */
export async function until<T>(
  fact: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  { deadlineMs = 60_000, everyMs = 50 }: Patience = {},
): Promise<T> {
  const endsAtMs = Date.now() + deadlineMs;
  let last: unknown = "it was never so";
  for (;;) {
    try {
      const answer = await within(endsAtMs - Date.now(), probe());
      if (answer !== undefined && answer !== false) return answer;
      last = "it was not yet so";
    } catch (error) {
      last = error;
    }
    if (Date.now() >= endsAtMs) throw untrue(fact, deadlineMs, last);
    await pause(everyMs);
  }
}

function untrue(fact: string, deadlineMs: number, last: unknown): Error {
  const text = last instanceof Error ? last.message : String(last);
  return new Error(`not within ${deadlineMs} ms: ${fact} (last: ${text})`, { cause: last });
}

// A probe that hangs must not outlive the deadline.
async function within<T>(leftMs: number, answer: T | Promise<T>): Promise<T> {
  const done = new AbortController();
  const limit = pause(Math.max(leftMs, 1), undefined, { signal: done.signal }).then(() => {
    throw new Error("the probe did not answer");
  });
  try {
    return await Promise.race([answer, limit]);
  } finally {
    done.abort();
    limit.catch(() => {});
  }
}
