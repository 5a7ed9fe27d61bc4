import { readFileSync, readdirSync } from "node:fs";

import { until } from "../../test/support/services/until.ts";
import { FOLDER } from "./settings.ts";

/**
 * Ends processes of an earlier demo that was killed: the server's Redis lives on by design, to be found again. They are
 * known by their command line, which names a file of the demo.
 */
export async function endLeftovers(): Promise<void> {
  for (const pid of leftovers()) process.kill(pid, "SIGTERM");
  await until("processes of an earlier demo have ended", () => leftovers().length === 0);
}

function leftovers(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && commandOf(pid).includes(`${FOLDER}/`));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // it has ended meanwhile
  }
}
