import type { Fault } from "./fault.ts";
import { KILL_FAULTS } from "./faults/kills.ts";

/** All ways in which a campaign strikes. */
export function allFaults(): Fault[] {
  return [...KILL_FAULTS];
}
