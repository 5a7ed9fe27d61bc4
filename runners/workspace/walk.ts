import { constants } from "node:fs";
import type { Stats } from "node:fs";
import { lstat, open, readdir, readlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { RunnerFailure, codeOf } from "../failure.ts";
import { withParent } from "./paths.ts";
import type { Place } from "./paths.ts";

/** Something met below a folder. `path` is relative to where the walk began. */
export type Met =
  | { readonly kind: "file" | "folder"; readonly path: readonly string[]; readonly stats: Stats }
  | {
      readonly kind: "link";
      readonly path: readonly string[];
      readonly stats: Stats;
      readonly target: string;
    };

/** What to do on the way: read a met file through `openFile`, and say which folders to skip. */
export interface Walking {
  enter(path: readonly string[]): boolean;
  meet(met: Met, openFile: () => Promise<FileHandle | null>): Promise<void>;
}

/**
 * Walks a folder in order of names. Every folder is read through a handle that was opened without following links, so that
 * a build that swaps things meanwhile cannot lead us out of its workspace.
 */
export async function walk(place: Place, walking: Walking): Promise<void> {
  await withParent(place, null, async (folder, name) => {
    const handle = await openFolder(`${folder}/${name}`);
    if (handle === null)
      throw new RunnerFailure("file_missing", "file", `there is no folder ${place.parts.join("/")}`);
    try {
      await walkHandle(handle, [], walking);
    } finally {
      await handle.close();
    }
  });
}

async function walkHandle(handle: FileHandle, at: readonly string[], walking: Walking): Promise<void> {
  const folder = `/proc/self/fd/${String(handle.fd)}`;
  for (const name of (await readdir(folder)).sort()) {
    const file = `${folder}/${name}`;
    const path = [...at, name];
    const stats = await statOf(file);
    if (stats === null) continue;
    if (stats.isDirectory()) {
      if (!walking.enter(path)) continue;
      await walking.meet({ kind: "folder", path, stats }, nothing);
      const inner = await openFolder(file);
      if (inner === null) continue;
      try {
        await walkHandle(inner, path, walking);
      } finally {
        await inner.close();
      }
    } else if (stats.isSymbolicLink()) {
      const target = await readlink(file).catch(() => null);
      if (target !== null) await walking.meet({ kind: "link", path, stats, target }, nothing);
    } else if (stats.isFile()) {
      await walking.meet({ kind: "file", path, stats }, () => openFile(file));
    }
  }
}

/** Opens a regular file without following a link; null if it is gone or something else by now. */
export async function openFile(file: string): Promise<FileHandle | null> {
  let handle: FileHandle;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (["ENOENT", "ELOOP", "ENXIO", "ENOTDIR"].includes(codeOf(error) ?? "")) return null;
    throw error;
  }
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  return null;
}

async function openFolder(file: string): Promise<FileHandle | null> {
  try {
    return await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_DIRECTORY);
  } catch (error) {
    if (["ENOENT", "ELOOP", "ENOTDIR"].includes(codeOf(error) ?? "")) return null;
    throw error;
  }
}

async function statOf(file: string): Promise<Stats | null> {
  try {
    return await lstat(file);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

async function nothing(): Promise<null> {
  return null;
}
