import { constants } from "node:fs";
import { lchown, lstat, mkdir, open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";
import { RunnerFailure, codeOf } from "../failure.ts";
import { WORKSPACE, WORKSPACE_TEMP } from "../docker/create-options.ts";
import type { Slot } from "./slots.ts";

/** A path below one of the slot's two folders, not yet opened. */
export interface Place {
  readonly root: string;
  /** Parts below the root; none: the root itself. */
  readonly parts: readonly string[];
}

/** Where a path of the build lies on this machine: relative to `cwd`, or absolute below the workspace or its temporary folder. */
export function placeOf(slot: Slot, cwd: string, name: string): Place {
  if (name.includes("\0")) throw refused("a path contains a NUL byte");
  const absolute = path.posix.resolve(cwd, name);
  for (const [inside, root] of [
    [WORKSPACE, slot.src],
    [WORKSPACE_TEMP, slot.tmp],
  ] as const) {
    if (absolute === inside) return { root, parts: [] };
    if (absolute.startsWith(`${inside}/`))
      return { root, parts: absolute.slice(inside.length + 1).split("/") };
  }
  throw refused(
    `${absolute} is outside the workspace (${WORKSPACE}) and its temporary folder (${WORKSPACE_TEMP})`,
  );
}

/**
 * The folder that a place's last part is in, as a path through `/proc` on an open handle: the build can rename or link what
 * it likes meanwhile, this stays the folder that was checked. Every part must be a folder, none a link.
 */
export async function withParent<T>(
  place: Place,
  make: {
    readonly mode: number;
    readonly owner: { readonly uid: number; readonly gid: number } | null;
  } | null,
  work: (folder: string, name: string) => Promise<T>,
): Promise<T> {
  const handles: FileHandle[] = [];
  try {
    let folder = await openFolder(place.root);
    handles.push(folder);
    for (const part of place.parts.slice(0, -1)) {
      const next = `${through(folder)}/${part}`;
      if (make !== null) await mkdirIfAbsent(next, make);
      folder = await openFolder(next);
      handles.push(folder);
    }
    return await work(through(folder), place.parts.at(-1) ?? ".");
  } finally {
    for (const handle of handles) await handle.close();
  }
}

/** A folder below `root` by a relative path, refused if it leads out or through a link. */
export async function insideFolder(root: string, relative: string): Promise<string> {
  const parts = path.posix.normalize(relative).split("/");
  if (path.posix.isAbsolute(relative) || parts.includes(".."))
    throw refused(`${relative} is outside the workspace`);
  let folder = root;
  for (const part of parts) {
    folder = path.join(folder, part);
    try {
      if (!(await lstat(folder)).isDirectory())
        throw refused(`${relative} leads through something that is no folder`);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
    }
  }
  return folder;
}

/** Says whether an error means that there is no such file. */
export function isAbsent(error: unknown): boolean {
  return codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR";
}

function through(handle: FileHandle): string {
  return `/proc/self/fd/${String(handle.fd)}`;
}

async function openFolder(folder: string): Promise<FileHandle> {
  try {
    return await open(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if (await isLink(folder)) throw refused("a path leads through a link, which is not followed");
    throw error;
  }
}

async function isLink(file: string): Promise<boolean> {
  try {
    return (await lstat(file)).isSymbolicLink();
  } catch {
    return false;
  }
}

async function mkdirIfAbsent(
  folder: string,
  make: { mode: number; owner: { uid: number; gid: number } | null },
): Promise<void> {
  try {
    await mkdir(folder, { mode: make.mode });
    if (make.owner !== null && process.getuid?.() === 0) await lchown(folder, make.owner.uid, make.owner.gid);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

function refused(message: string): RunnerFailure {
  return new RunnerFailure("path_refused", "file", message);
}
