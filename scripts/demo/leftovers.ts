import { readFileSync, readdirSync } from "node:fs";

import { until } from "../../test/support/services/until.ts";
import { FOLDER, PID_FILE } from "./settings.ts";

/**
 * Ends processes of an earlier demo that was killed: the server's Redis lives on by design, to be found again. They are
 * known by their command line, which names a file of the demo.
 */
export async function endLeftovers(): Promise<void> {
  for (const pid of leftovers()) process.kill(pid, "SIGTERM");
  await until("processes of an earlier demo have ended", () => leftovers().length === 0);
}

/** The process of a demo that runs now, if one does. */
export function runningDemo(): number | undefined {
  const pid = Number(textOf(PID_FILE));
  if (pid <= 0 || pid === process.pid) return undefined;
  // The number may be another process's by now.
  return commandOf(pid).includes("scripts/demo/main.ts") ? pid : undefined;
}

function leftovers(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && commandOf(pid).includes(`${FOLDER}/`));
}

function commandOf(pid: number): string {
  return textOf(`/proc/${pid}/cmdline`);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // no demo was here, or the process has ended meanwhile
  }
}
