import { existsSync } from "node:fs";
import type { RunnerContext } from "./context.ts";
import { DiskKeeper } from "./disk-keeper.ts";
import { INSTANCE_LABEL } from "./docker/containers.ts";
import { RunnerFailure } from "./failure.ts";
import type { Session } from "./session.ts";

/** Watches the disks of a runner: its own folder's, and the engine's where that is this machine's. */
export function watchDisk(
  context: RunnerContext,
  instance: string,
  sessions: () => readonly Session[],
): DiskKeeper {
  const { engine, folders, images, ledger, link, log, slots } = context;
  let root: string | null | undefined;

  async function foldersOf(): Promise<string[]> {
    root ??= await engine.rootFolder().catch(() => undefined);
    return root === undefined || root === null || !existsSync(root) ? [folders.data] : [folders.data, root];
  }

  async function endLargest(freePercent: number): Promise<string | null> {
    const written = await engine.written(`${INSTANCE_LABEL}=${instance}`);
    const sizeOf = (session: Session) =>
      session.containerIds.reduce((sum, id) => sum + (written.get(id) ?? 0), 0);
    const [largest] = sessions().toSorted((a, b) => sizeOf(b) - sizeOf(a));
    if (largest === undefined) return null;
    const message = `${freePercent} % of the runner's disk is free, and this agent has written most: it was ended`;
    await largest.giveUp(new RunnerFailure("no_space", "sluice", message));
    return largest.id;
  }

  return new DiskKeeper({
    folders: foldersOf,
    ledger,
    images,
    needed: (spare) => link.imagesNeeded(spare.map((image) => ({ ...image, digests: [...image.digests] }))),
    slots,
    endLargest,
    tell: (freePercent) => link.diskFree(freePercent),
    log,
    freeOf: context.freeDisk,
  });
}
