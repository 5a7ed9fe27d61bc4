import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Fault } from "../fault.ts";

const STEPS_MS = [120_000, -120_000, 3_600_000] as const;
const STAYS_MS = [1_000, 6_000] as const;

/** What SLUICE_FAULT of the server holds all the time, so that its clock can be moved while it runs. */
export function clockItem(folder: string): string {
  return `clock=${clockFile(folder)}`;
}

function clockFile(folder: string): string {
  return join(folder, "clock");
}

/**
 * Steps of the one clock that the server's program and database read: away for some seconds, then back, which is a step
 * the other way. Limits are by that clock, so a step forward may end what has one.
 */
export const CLOCK_FAULTS: readonly Fault[] = STEPS_MS.map((stepMs) => ({
  name: `step the clock ${stepMs > 0 ? "forward" : "back"} by ${Math.abs(stepMs) / 1000} s`,
  weight: 4,
  touches: ["clock"],
  permits: stepMs > 0 ? ["timeout", "expired"] : [],
  possible: () => true,
  inject: async ({ folder }, random) => {
    const staysMs = random.between(...STAYS_MS);
    await writeFile(clockFile(folder), String(stepMs));
    try {
      await pause(staysMs);
    } finally {
      await writeFile(clockFile(folder), "0");
    }
    return `for ${staysMs} ms`;
  },
}));
