import { setFlagsFromString } from "node:v8";

/**
 * Keeps the part of the heap small where new objects lie: for a command that runs one script. By default it grows to
 * more than a script may hold, for the sake of long-lived programs.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}
