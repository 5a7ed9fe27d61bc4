import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "./folder.ts";
import { runToEnd } from "./process.ts";

/** A file system of its own that can be filled up without harm. Needs root. */
export interface SmallDisk {
  readonly path: string;
  /** Leaves so many bytes of room, of the whole disk less what its files take. */
  fill(bytesLeft: number): Promise<void>;
  empty(): Promise<void>;
  remove(): Promise<void>;
}

/** Mounts a disk of that size, in memory. */
export async function smallDisk(sizeBytes: number): Promise<SmallDisk> {
  const folder = await temporaryFolder("disk");
  await runToEnd("mount", ["-t", "tmpfs", "-o", `size=${sizeBytes}`, "sluice-test", folder.path]);
  const filler = join(folder.path, "filler");
  return {
    path: folder.path,
    fill: async (bytesLeft) => await writeFile(filler, Buffer.alloc(sizeBytes - bytesLeft)),
    empty: async () => await rm(filler, { force: true }),
    remove: async () => {
      await runToEnd("umount", ["-l", folder.path]);
      await folder.remove();
    },
  };
}
