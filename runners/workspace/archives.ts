import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";
import { PassThrough, type Transform, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { RunnerFailure, codeOf } from "../failure.ts";
import type { FileFact, FileOperation, FileValue } from "../protocol.ts";
import { checkLimits, eachFile, exactly, safeParts, writeEntry } from "./entries.ts";
import type { ArchiveWriter } from "./entries.ts";
import { makeFolder, withFile } from "./files.ts";
import { GlobSet } from "./globs.ts";
import { placeOf } from "./paths.ts";
import { TAR_END, readTar, tarHeader, tarPadding } from "./tar.ts";
import type { Work } from "./work.ts";
import { createZipWriter, readZip } from "./zip.ts";

/** What a step may read of an archive into its script. */
const MAX_READ_BYTES = 16 * 1024 * 1024;

/** Makes an archive of files of the workspace. It is written whole before it takes its place, which may be among them. */
export async function packArchive(
  cwd: string,
  { path: name, format, globs }: Extract<FileOperation, { op: "pack" }>,
  work: Work,
): Promise<FileValue> {
  const file = path.join(work.folder, `pack-${randomBytes(8).toString("hex")}`);
  const target = placeOf(work.slot, cwd, name);
  const source = placeOf(work.slot, cwd, ".");
  const own = target.root === source.root ? target.parts.slice(source.parts.length).join("/") : "";
  const isBelow = source.parts.every((part, at) => target.parts[at] === part);
  const files: FileFact[] = [];
  try {
    const out = createWriteStream(file, { mode: 0o600 });
    const writer = format === "zip" ? createZipWriter(out) : createTarWriter(out, format === "tgz");
    let bytes = 0;
    await eachFile(source, globs, work, async (entryName, handle) => {
      if (isBelow && entryName === own) return;
      const { size, mode, mtimeMs } = await handle.stat();
      bytes += size;
      checkLimits(files.length + 1, bytes);
      const modifiedAtMs = Math.floor(mtimeMs);
      const entry = {
        path: entryName,
        kind: "file",
        executable: (mode & 0o100) !== 0,
        modifiedAtMs,
        content: () => exactly(handle, size),
      } as const;
      await writer.add(entry, size);
      files.push(factOf(entryName, size, modifiedAtMs));
    });
    await writer.end();
    const content = () => createReadStream(file);
    await writeEntry(target, { executable: false, content }, work);
    return { kind: "files", files };
  } finally {
    await rm(file, { force: true });
  }
}

/** Writes, reads or tests what an archive of the workspace holds. No entry leaves the folder, no link is made. */
export async function unpackArchive(
  cwd: string,
  operation: Extract<FileOperation, { op: "unpack" }>,
  work: Work,
): Promise<FileValue> {
  const { path: name, purpose } = operation;
  return await withFile(placeOf(work.slot, cwd, name), name, async (handle) => {
    try {
      return await unpackFrom(handle, cwd, operation, work);
    } catch (error) {
      const isDamage = !(error instanceof RunnerFailure) || error.code === "internal";
      // A full disk, say, is no damage.
      if (!isDamage || SYSTEM_ERROR.test(codeOf(error) ?? "")) throw error;
      if (purpose === "test") return { kind: "done", done: false };
      const said = error instanceof Error ? error.message : String(error);
      throw new RunnerFailure("refused", "file", `${name} cannot be read as ${operation.format}: ${said}`);
    }
  });
}

const SYSTEM_ERROR = /^E[A-Z]+$/u;

async function unpackFrom(
  handle: FileHandle,
  cwd: string,
  { path: name, format, globs, purpose }: Extract<FileOperation, { op: "unpack" }>,
  work: Work,
): Promise<FileValue> {
  const place = placeOf(work.slot, cwd, ".");
  const wanted = new GlobSet(globs);
  const files: FileFact[] = [];
  const texts: Extract<FileValue, { kind: "texts" }>["texts"] = [];
  let bytes = 0;
  for await (const entry of format === "zip" ? readZip(handle) : readTar(await tarStream(handle))) {
    if (work.signal.aborted) throw new RunnerFailure("cancelled", "person", "cancelled");
    if (entry.kind === "link" || entry.path === "" || entry.path === ".") continue;
    const parts = safeParts(entry.path);
    if (!wanted.matches(parts)) continue;
    const inside = { ...place, parts: [...place.parts, ...parts] };
    if (entry.kind === "folder") {
      if (purpose === "write") await makeFolder(inside, work);
      continue;
    }
    const before = bytes;
    const counted = async function* (): AsyncGenerator<Buffer> {
      for await (const part of entry.content()) {
        bytes += part.length;
        checkLimits(files.length + 1, bytes);
        if (purpose === "read" && bytes > MAX_READ_BYTES) throw tooMuch(name);
        yield part;
      }
    };
    checkLimits(files.length + 1, bytes);
    if (purpose === "write")
      await writeEntry(inside, { executable: entry.executable, content: counted }, work);
    else {
      const read: Buffer[] = [];
      for await (const part of counted()) if (purpose === "read") read.push(part);
      const text = Buffer.concat(read).toString("utf8");
      if (purpose === "read")
        texts.push({
          path: entry.path,
          modifiedAtMs: entry.modifiedAtMs,
          data: { kind: "text", text },
        });
    }
    files.push(factOf(entry.path, bytes - before, entry.modifiedAtMs));
  }
  if (purpose === "test") return { kind: "done", done: true };
  return purpose === "read" ? { kind: "texts", texts, left: 0 } : { kind: "files", files };
}

/** The bytes of a tar, unpacked if gzip packed them. */
async function tarStream(handle: FileHandle): Promise<AsyncIterable<Buffer>> {
  const head = Buffer.alloc(2);
  await handle.read(head, 0, 2, 0);
  const bytes = handle.createReadStream({ start: 0, autoClose: false });
  if (head[0] !== 0x1f || head[1] !== 0x8b) return bytes;
  const plain = createGunzip();
  // Whoever reads the end of it hears of the error.
  pipeline(bytes, plain).catch(() => {});
  return plain;
}

function createTarWriter(out: Writable, isPacked: boolean): ArchiveWriter {
  const tar: Transform = isPacked ? createGzip() : new PassThrough();
  const written = pipeline(tar, out);
  written.catch(() => {});
  const put = async (bytes: Buffer): Promise<void> => {
    if (tar.destroyed) return await written;
    // Nobody reads on where the output has failed.
    if (!tar.write(bytes)) await Promise.race([once(tar, "drain"), written]);
  };
  return {
    async add(entry, size) {
      await put(tarHeader({ ...entry, bytes: size, target: "" }));
      for await (const part of entry.content()) await put(part);
      await put(tarPadding(size));
    },
    async end() {
      tar.end(TAR_END);
      await written;
    },
  };
}

function factOf(name: string, bytes: number, modifiedAtMs: number): FileFact {
  return { name: name.split("/").at(-1) ?? name, path: name, directory: false, bytes, modifiedAtMs };
}

function tooMuch(name: string): RunnerFailure {
  const most = String(MAX_READ_BYTES);
  return new RunnerFailure("limit", "file", `${name} holds more than the ${most} bytes that a step reads`);
}
