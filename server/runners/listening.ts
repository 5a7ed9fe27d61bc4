/** Between two looks that are further apart we were asleep, or too busy to hear anybody. */
const GAP_MS = 10_000;
/** By so much two clocks may differ between two looks without one having stepped. */
const STEP_MS = 5_000;

/** Knows since when we have listened to runners without a break, so that our own sleep is not taken for their silence. */
export interface Listening {
  /**
   * Since when, by the database's clock, silence counts: from the start, or from the end of a sleep of ours, or from a
   * step of that clock. To be asked again and again, with both clocks as they are now; `passedMs` is what a test has let
   * pass on the first alone.
   */
  since(now: {
    readonly databaseMs: number;
    readonly monotonicMs: number;
    readonly passedMs?: number;
  }): number;
}

export function createListening(): Listening {
  let sinceMs = 0;
  let last: { readonly databaseMs: number; readonly monotonicMs: number } | null = null;
  return {
    since(now) {
      if (last === null || isBroken(last, now)) sinceMs = now.databaseMs;
      last = now;
      return sinceMs;
    },
  };
}

type Clocks = Parameters<Listening["since"]>[0];

function isBroken(last: Clocks, now: Clocks): boolean {
  const awakeMs = now.monotonicMs - last.monotonicMs;
  const passedMs = awakeMs + (now.passedMs ?? 0) - (last.passedMs ?? 0);
  return awakeMs > GAP_MS || Math.abs(now.databaseMs - last.databaseMs - passedMs) > STEP_MS;
}
