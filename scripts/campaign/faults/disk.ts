import { open, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Fault, World } from "../fault.ts";

const STAYS_MS = [2_000, 10_000] as const;
const PIECE = Buffer.alloc(1024 * 1024, 1);
const FILLER = "filler";

/** Full disks: a file takes all the room that is left, and goes away again. */
export const DISK_FAULTS: readonly Fault[] = [
  diskFault("fill the server's disk", "server", ({ serverData }) => [serverData]),
  diskFault("fill a runner's disk", "runner", ({ runnerData }) => runnerData),
];

function diskFault(
  name: string,
  touched: "server" | "runner",
  foldersOf: (world: World) => readonly string[],
): Fault {
  return {
    name,
    weight: 5,
    touches: ["disk", touched],
    permits: ["disk"],
    possible: ({ isDataMounted }) => isDataMounted,
    inject: async (world, random) => {
      const staysMs = random.between(...STAYS_MS);
      const path = join(random.pick(foldersOf(world)), FILLER);
      const before = pidsOf(world, touched);
      try {
        await fillUp(path);
        await pause(staysMs);
      } finally {
        await rm(path, { force: true });
      }
      const after = pidsOf(world, touched);
      // A full disk is borne: whoever ends over it would end again at each start.
      for (const [part, pid] of before)
        if (after.get(part) !== pid) throw new Error(`${part} ended while the disk was full`);
      return `for ${staysMs} ms`;
    },
  };
}

/** Takes all the room below a file system's limit, again and again while others give some back. */
export async function fillUp(path: string): Promise<void> {
  const file = await open(path, "a");
  try {
    for (let size = PIECE.length; size >= 1;) {
      try {
        const { bytesWritten } = await file.write(PIECE.subarray(0, size));
        if (bytesWritten === 0) return;
      } catch (error) {
        if (!isFull(error)) throw error;
        size = Math.floor(size / 16);
      }
    }
  } finally {
    await file.close();
  }
}

/** Whether nothing can be written below a folder. */
export async function isFullDisk(folder: string): Promise<boolean> {
  return (await statfs(folder)).bavail === 0;
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOSPC";
}

// The others may be struck meanwhile.
function pidsOf({ server, runners }: World, touched: "server" | "runner"): Map<string, number> {
  const parts = touched === "server" ? [server] : runners;
  return new Map(parts.filter((part) => part.isRunning()).map((part) => [part.name, part.pid()]));
}
