import type { FileHandle } from "node:fs/promises";
import { RunnerFailure, codeOf } from "../failure.ts";
import { withParent } from "./paths.ts";
import type { Place } from "./paths.ts";
import type { Work } from "./work.ts";

/** Makes the folders above a place as the build's user, and works on its last part. */
export async function inFolderOf<T>(
  place: Place,
  work: Pick<Work, "owner">,
  then: (file: string) => Promise<T>,
): Promise<T> {
  return withParent(place, { mode: 0o755, owner: work.owner }, async (folder, name) => {
    try {
      return await then(`${folder}/${name}`);
    } catch (error) {
      if (codeOf(error) === "ELOOP") {
        throw new RunnerFailure(
          "path_refused",
          "file",
          `${place.parts.join("/")} is a link, which is not followed`,
        );
      }
      if (codeOf(error) === "EISDIR") throw notAFile(place.parts.join("/"));
      throw error;
    }
  });
}

/** Makes a file the build's own. */
export async function giveTo(handle: FileHandle, { owner }: Pick<Work, "owner">): Promise<void> {
  if (owner !== null && process.getuid?.() === 0) await handle.chown(owner.uid, owner.gid);
}

/** A folder, a device or a link stands where a file should. */
export function notAFile(name: string): RunnerFailure {
  return new RunnerFailure("path_refused", "file", `${name} is no regular file`);
}
