import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import type { Stats } from "node:fs";
import { lstat, open, rm, unlink, writeFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";
import { RunnerFailure } from "../failure.ts";
import type { Data, FileCommand, FileFact, FileOperation, FileValue } from "../protocol.ts";
import { unreachable } from "../unreachable.ts";
import { appendOnce, pieceOf } from "./append-once.ts";
import { emptyFolder } from "./checkout.ts";
import { GlobSet } from "./globs.ts";
import { giveTo, inFolderOf, notAFile } from "./own-file.ts";
import { isAbsent, placeOf, withParent } from "./paths.ts";
import type { Place } from "./paths.ts";
import { openFile, walk } from "./walk.ts";
import type { Work } from "./work.ts";

/** A file that a step reads or writes may be this large; above, the step uses a shell. */
export const MAX_FILE_BYTES = 16 * 1024 * 1024;
const MAX_INLINE_BYTES = 1024 * 1024;
const MAX_FOUND = 20_000;

const { O_WRONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;

/** What is done with single files and folders. */
export type PlainOperation = Exclude<FileOperation, { op: "pack" | "unpack" }>;

/** Does it in the session's workspace; no link is followed, nothing outside is touched. */
export async function plainFileWork(
  { id, cwd }: Pick<FileCommand, "id" | "cwd">,
  operation: PlainOperation,
  work: Work,
): Promise<FileValue> {
  switch (operation.op) {
    case "read":
      return { kind: "data", data: await read(placeOf(work.slot, cwd, operation.path), operation, work) };
    case "write":
      return write(placeOf(work.slot, cwd, operation.path), operation, id, work);
    case "exists":
      return { kind: "done", done: (await statOf(placeOf(work.slot, cwd, operation.path))) !== null };
    case "touch":
      return touch(placeOf(work.slot, cwd, operation.path), operation.atMs, work);
    case "mkdir":
      return makeFolder(placeOf(work.slot, cwd, operation.path), work);
    case "delete":
      return remove(placeOf(work.slot, cwd, operation.path));
    case "find":
      return { kind: "files", files: await find(placeOf(work.slot, cwd, "."), new GlobSet(operation.globs)) };
    case "read-all":
      return readAll(placeOf(work.slot, cwd, "."), operation);
    default:
      return unreachable(operation);
  }
}

async function read(
  place: Place,
  { path: name, as }: Extract<FileOperation, { op: "read" }>,
  work: Work,
): Promise<Data> {
  const bytes = await withFile(place, name, async (handle) => {
    const { size } = await handle.stat();
    if (size > MAX_FILE_BYTES) throw tooLarge(name, size);
    return handle.readFile();
  });
  if (bytes.length > MAX_INLINE_BYTES) return putBytes(bytes, work);
  if (as === "base64") return { kind: "base64", base64: bytes.toString("base64") };
  return { kind: "text", text: bytes.toString("utf8") };
}

async function write(
  place: Place,
  operation: Extract<FileOperation, { op: "write" }>,
  id: string,
  work: Work,
): Promise<FileValue> {
  const bytes = await bytesOf(operation.data, work);
  if (operation.append) {
    await appendOnce(place, id, pieceOf(bytes), work);
    return DONE;
  }
  await inFolderOf(place, work, async (file) => {
    const handle = await open(file, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o644);
    try {
      if (!(await handle.stat()).isFile()) throw notAFile(operation.path);
      await handle.truncate(0);
      let at = 0;
      while (at < bytes.length) at += (await handle.write(bytes, at, bytes.length - at, at)).bytesWritten;
      await giveTo(handle, work);
    } finally {
      await handle.close();
    }
  });
  return DONE;
}

async function touch(place: Place, atMs: number | null, work: Work): Promise<FileValue> {
  await inFolderOf(place, work, async (file) => {
    const handle = await open(file, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o644);
    try {
      const time = atMs === null ? new Date() : new Date(atMs);
      await handle.utimes(time, time);
      await giveTo(handle, work);
    } finally {
      await handle.close();
    }
  });
  return DONE;
}

/** Makes a folder and those above it as the build's user. */
export async function makeFolder(place: Place, work: Work): Promise<FileValue> {
  await inFolderOf({ ...place, parts: [...place.parts, "."] }, work, async () => undefined);
  return DONE;
}

async function remove(place: Place): Promise<FileValue> {
  if (place.parts.length === 0) {
    // It is mounted: emptied, not removed.
    await emptyFolder(place.root);
    return DONE;
  }
  try {
    await withParent(place, null, async (folder, name) => {
      await rm(`${folder}/${name}`, { recursive: true, force: true });
    });
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  return DONE;
}

/** Everything that matches, folders left out. */
export async function find(place: Place, globs: GlobSet): Promise<FileFact[]> {
  const files: FileFact[] = [];
  await walk(place, {
    enter: (folder) => !globs.prunes(folder),
    meet: async (met) => {
      if (met.kind !== "file" || !globs.matches(met.path)) return;
      if (files.length >= MAX_FOUND) {
        throw new RunnerFailure("limit", "file", `more than ${String(MAX_FOUND)} files match`);
      }
      files.push(factOf(met.path, met.stats));
    },
  });
  return files;
}

async function readAll(
  place: Place,
  operation: Extract<FileOperation, { op: "read-all" }>,
): Promise<FileValue> {
  const globs = new GlobSet(operation.globs);
  const texts: Extract<FileValue, { kind: "texts" }>["texts"] = [];
  let bytes = 0;
  let left = 0;
  await walk(place, {
    enter: (folder) => !globs.prunes(folder),
    meet: async (met, openMet) => {
      if (met.kind !== "file" || !globs.matches(met.path)) return;
      const handle = await openMet();
      if (handle === null) return;
      try {
        const { size, mtimeMs } = await handle.stat();
        if (texts.length >= operation.maxFiles || bytes + size > operation.maxBytes) {
          left += 1;
          return;
        }
        bytes += size;
        const text = (await handle.readFile()).toString("utf8");
        texts.push({
          path: met.path.join("/"),
          modifiedAtMs: Math.floor(mtimeMs),
          data: { kind: "text", text },
        });
      } finally {
        await handle.close();
      }
    },
  });
  return { kind: "texts", texts, left };
}

/** Opens a regular file of the workspace for reading. @throws {RunnerFailure} `file_missing` */
export async function withFile<T>(
  place: Place,
  name: string,
  work: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  let handle: FileHandle | null = null;
  try {
    return await withParent(place, null, async (folder, last) => {
      const file = `${folder}/${last}`;
      handle = await openFile(file);
      if (handle === null) throw (await isThere(file)) ? notAFile(name) : missing(name);
      return work(handle);
    });
  } catch (error) {
    if (isAbsent(error)) throw missing(name);
    throw error;
  } finally {
    await closeIfOpen(handle);
  }
}

/** The bytes that came with a command. */
export async function bytesOf(data: Data, work: Work): Promise<Buffer> {
  switch (data.kind) {
    case "text":
      return Buffer.from(data.text);
    case "base64":
      return Buffer.from(data.base64, "base64");
    case "blob": {
      const parts: Buffer[] = [];
      for await (const part of work.context.link.getBlob(work.caller, data.blob, work.signal))
        parts.push(part);
      return Buffer.concat(parts);
    }
    default:
      return unreachable(data);
  }
}

/** Stores bytes as a blob. */
export async function putBytes(
  bytes: Buffer,
  work: Pick<Work, "context" | "caller" | "folder">,
): Promise<Data> {
  const blob = createHash("sha256").update(bytes).digest("hex");
  const file = path.join(work.folder, `put-${randomBytes(8).toString("hex")}`);
  await writeFile(file, bytes);
  try {
    await work.context.link.putBlob(work.caller, blob, file, bytes.length);
  } finally {
    await unlink(file);
  }
  return { kind: "blob", blob, bytes: bytes.length };
}

async function statOf(place: Place): Promise<Stats | null> {
  try {
    return await withParent(place, null, (folder, name) => lstat(`${folder}/${name}`));
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

async function isThere(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch {
    return false;
  }
}

async function closeIfOpen(handle: FileHandle | null): Promise<void> {
  await handle?.close();
}

function factOf(parts: readonly string[], stats: Stats): FileFact {
  return {
    name: parts.at(-1) ?? "",
    path: parts.join("/"),
    directory: stats.isDirectory(),
    bytes: stats.size,
    modifiedAtMs: Math.floor(stats.mtimeMs),
  };
}

function missing(name: string): RunnerFailure {
  return new RunnerFailure("file_missing", "file", `there is no file ${name}`);
}

function tooLarge(name: string, size: number): RunnerFailure {
  const message = `${name} has ${String(size)} bytes; a step reads at most ${String(MAX_FILE_BYTES)}`;
  return new RunnerFailure("limit", "file", message);
}

const DONE = { kind: "done", done: true } as const;
