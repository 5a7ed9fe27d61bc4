import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { codeOf } from "./failure.ts";

/**
 * Makes sure that one runner uses a data folder. The file names the process by number and start time, so that a number used
 * again after a crash is not taken for the old one.
 * @throws {Error} naming the process that holds it.
 */
export function lockDataFolder(folder: string): { release(): void } {
  const file = path.join(folder, "runner.lock");
  for (;;) {
    try {
      writeFileSync(file, identityOf(process.pid) ?? "", { flag: "wx" });
      return { release: () => rmSync(file, { force: true }) };
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
    const holder = readFileSync(file, "utf8");
    const pid = Number.parseInt(holder, 10);
    if (Number.isSafeInteger(pid) && pid > 0 && identityOf(pid) === holder) {
      throw new Error(`another runner (process ${String(pid)}) uses ${folder}`);
    }
    rmSync(file, { force: true });
  }
}

// "PID START", the start in clock ticks since boot (proc(5), field 22 of stat); null if there is no such process.
function identityOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    // The name in brackets may hold anything, spaces too.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return `${String(pid)} ${fields[19] ?? ""}`;
  } catch {
    return null;
  }
}
