import { constants } from "node:fs";
import { open, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { RunnerFailure } from "../failure.ts";
import type { Globs } from "../protocol.ts";
import { giveTo, inFolderOf } from "./own-file.ts";
import { GlobSet } from "./globs.ts";
import type { Place } from "./paths.ts";
import { walk } from "./walk.ts";
import type { Work } from "./work.ts";

/** What one archive may hold; above, the step uses the image's own tool. */
export const MAX_ENTRIES = 20_000;
/** What its files may have together. */
export const MAX_BYTES = 2 * 1024 ** 3;

const { O_WRONLY, O_CREAT, O_NOFOLLOW, O_TRUNC, O_NONBLOCK } = constants;

/** One file of an archive; `content` must be read to its end before the next is asked for. */
export interface ArchiveEntry {
  readonly path: string;
  readonly kind: "file" | "folder" | "link";
  readonly executable: boolean;
  readonly modifiedAtMs: number;
  content(): AsyncIterable<Buffer>;
}

/** Takes the files of an archive one after another. */
export interface ArchiveWriter {
  add(entry: ArchiveEntry, size: number): Promise<void>;
  /** Done when all of it is written. */
  end(): Promise<void>;
}

/** Gives each file that matches, opened. Links are left out; gives how many these were. */
export async function eachFile(
  place: Place,
  globs: Globs,
  work: Pick<Work, "signal">,
  take: (name: string, handle: FileHandle) => Promise<void>,
): Promise<number> {
  const set = new GlobSet(globs);
  let links = 0;
  await walk(place, {
    enter: (folder) => !set.prunes(folder),
    meet: async (met, openMet) => {
      if (work.signal.aborted) throw new RunnerFailure("cancelled", "person", "cancelled");
      if (met.kind === "folder" || !set.matches(met.path)) return;
      if (met.kind === "link") {
        links += 1;
        return;
      }
      const handle = await openMet();
      if (handle === null) return;
      try {
        await take(met.path.join("/"), handle);
      } finally {
        await handle.close();
      }
    },
  });
  return links;
}

/** The first `size` bytes. A file that shrinks or grows while it is read keeps the size that was announced for it. */
export async function* exactly(handle: FileHandle, size: number): AsyncGenerator<Buffer> {
  const buffer = Buffer.alloc(256 * 1024);
  let at = 0;
  while (at < size) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - at), at);
    const part =
      bytesRead === 0 ? Buffer.alloc(Math.min(buffer.length, size - at)) : buffer.subarray(0, bytesRead);
    yield Buffer.from(part);
    at += part.length;
  }
}

/** Writes a file as the build's own. Whatever stands there makes way: a link must not be written through. */
export async function writeEntry(
  place: Place,
  entry: Pick<ArchiveEntry, "executable"> & { content(): AsyncIterable<Buffer> },
  work: Pick<Work, "owner">,
): Promise<void> {
  await inFolderOf(place, work, async (file) => {
    const mode = entry.executable ? 0o755 : 0o644;
    await rm(file, { recursive: true, force: true });
    const handle = await open(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, mode);
    try {
      for await (const part of entry.content()) await handle.writeFile(part);
      await handle.chmod(mode);
      await giveTo(handle, work);
    } finally {
      await handle.close();
    }
  });
}

/** The parts of a name in an archive. @throws {RunnerFailure} when it leads out of the folder it is unpacked in */
export function safeParts(name: string): string[] {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  const isBad = name.startsWith("/") || name.includes("\0") || name.length > 4096;
  if (isBad || parts.length === 0 || parts.some((part) => part === ".." || Buffer.byteLength(part) > 255)) {
    throw new RunnerFailure("path_refused", "file", `the archive names a file outside its folder: ${name}`);
  }
  return parts;
}

/** @throws {RunnerFailure} `limit` */
export function checkLimits(count: number, bytes: number): void {
  if (count > MAX_ENTRIES) throw new RunnerFailure("limit", "file", `more than ${String(MAX_ENTRIES)} files`);
  if (bytes > MAX_BYTES) throw new RunnerFailure("limit", "file", `more than ${String(MAX_BYTES)} bytes`);
}
