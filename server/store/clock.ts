import { readFileSync } from "node:fs";

/** Where the time comes from; tests hand in their own. */
export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
}

/** A clock that is moved while it runs, as far as a database with a clock of its own must hear of it. */
export interface MovedClock extends Clock {
  /** How far it is from the machine's, now. */
  offsetMs(): number;
}

/** The machine's clock. */
export const systemClock: Clock = { nowMs: () => Date.now() };

/** A step is seen this soon. */
const LOOK_MS = 20;

/**
 * The machine's clock moved by the milliseconds that a file holds, which may change at any time: a clock that steps. For
 * tests of such clocks; without the file, or with something else in it, the machine's.
 */
export function clockMovedBy(file: string): MovedClock {
  let offsetMs = 0;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  const look = (): number => {
    if (performance.now() - lookedAtMs < LOOK_MS) return offsetMs;
    lookedAtMs = performance.now();
    offsetMs = offsetIn(file);
    return offsetMs;
  };
  return { nowMs: () => Date.now() + look(), offsetMs: look };
}

function offsetIn(file: string): number {
  try {
    const offsetMs = Number(readFileSync(file, "utf8").trim());
    return Number.isSafeInteger(offsetMs) ? offsetMs : 0;
  } catch {
    return 0;
  }
}
