import { mkdir, rename, rm } from "node:fs/promises";
import { runToEnd } from "../../test/support/services/process.ts";

/** Room for what a campaign of some hours writes, and small enough to be filled within a second. */
const SIZE = "512m";

/**
 * Makes each folder a file system of its own, in memory, so that it can be filled up without harm. Gives how to take them
 * away again, or undefined where this needs rights that we have not: then they are plain folders.
 */
export async function mountSmall(folders: readonly string[]): Promise<(() => Promise<void>) | undefined> {
  for (const folder of folders) await mkdir(folder, { recursive: true });
  if (process.getuid?.() !== 0) return undefined;
  const mounted: string[] = [];
  // What was there stays for whoever looks into a failure; what is still open goes when its last user does.
  const unmount = async (): Promise<void> => {
    for (const folder of mounted.splice(0).toReversed()) {
      const kept = `${folder}.kept`;
      await runToEnd("cp", ["--archive", "--sparse=always", folder, kept]);
      await runToEnd("umount", ["-l", folder]);
      await rm(folder, { recursive: true });
      await rename(kept, folder);
    }
  };
  try {
    for (const folder of folders) {
      await runToEnd("mount", ["-t", "tmpfs", "-o", `size=${SIZE},mode=0700`, "sluice-campaign", folder]);
      mounted.push(folder);
    }
    return unmount;
  } catch {
    await unmount();
    return undefined;
  }
}
