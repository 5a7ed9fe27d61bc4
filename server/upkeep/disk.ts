import { statfs } from "node:fs/promises";
import type { Hold } from "../builds/journal/claim-build.ts";

/** Below this part of the disk no new build starts; what runs may end. */
export const LEAST_FREE = 0.04;

/** The free part of the disk that holds a folder, as an ordinary user may fill it. */
export async function freePart(folder: string): Promise<number> {
  const disk = await statfs(folder);
  return disk.bavail / disk.blocks;
}

/** Why nothing may start while so little is free; null when there is room. */
export function holdForDisk(free: number): Hold | null {
  if (free > LEAST_FREE) return null;
  return {
    cause: {
      cause: "disk",
      freePercent: Math.round(free * 100),
      leastPercent: Math.round(LEAST_FREE * 100),
    },
  };
}

/** `4 %`, as people read it. */
export function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}
