import type { Clock } from "./clock.ts";

/** A clock that lags so much more behind a steady one between two readings has stepped back. */
const STEP_MS = 5_000;

/** Counts how often a clock stepped back, by the times it gave. */
export interface ClockSteps {
  /** Takes a time that the clock gave just now; the same time. */
  note(nowMs: number): number;
  /** How often it stepped back by more than five seconds. */
  back(): number;
}

/**
 * Every time that is given has to be noted: one that stepped forward and back again between two looks has left waits that
 * begin in the future.
 */
export function createClockSteps(steadyMs: () => number = () => performance.now()): ClockSteps {
  let last: { readonly clockMs: number; readonly steadyMs: number } | undefined;
  let back = 0;
  return {
    note: (nowMs) => {
      const now = { clockMs: nowMs, steadyMs: steadyMs() };
      if (last !== undefined && now.clockMs - last.clockMs < now.steadyMs - last.steadyMs - STEP_MS)
        back += 1;
      last = now;
      return nowMs;
    },
    back: () => back,
  };
}

/** The same clock, with all that it gives noted. */
export function notedClock(clock: Clock, steps: ClockSteps): Clock {
  return { nowMs: () => steps.note(clock.nowMs()) };
}
