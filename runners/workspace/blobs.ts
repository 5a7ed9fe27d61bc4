import { createHash, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { once } from "node:events";
import { RunnerFailure } from "../failure.ts";
import type { BlobCommand, BlobValue, Globs } from "../protocol.ts";
import { unreachable } from "../unreachable.ts";
import { checkLimits, eachFile, exactly, safeParts, writeEntry } from "./entries.ts";
import { placeOf } from "./paths.ts";
import type { Place } from "./paths.ts";
import { TAR_END, readTar, tarHeader, tarPadding } from "./tar.ts";
import type { SayingWork } from "./work.ts";

/** Carries out a blob command: files of the workspace into the server's store, or back. */
export async function blobWork(command: BlobCommand, work: SayingWork): Promise<BlobValue> {
  const { operation, cwd } = command;
  const place = placeOf(work.slot, cwd, ".");
  switch (operation.op) {
    case "stash":
      return pack(place, operation.globs, operation.allowEmpty, work);
    case "cache-save":
      return pack(place, operation.globs, true, work);
    case "archive":
      return archive(place, operation.globs, operation.allowEmpty, work);
    case "fetch":
      return fetchFiles(place, operation.files, work);
    case "unstash":
    case "cache-restore":
      return unpack(place, operation.blob, work);
    default:
      return unreachable(operation);
  }
}

/** Packs what matches into one tar and stores it. */
async function pack(place: Place, globs: Globs, allowEmpty: boolean, work: SayingWork): Promise<BlobValue> {
  const file = path.join(work.folder, `pack-${randomBytes(8).toString("hex")}`);
  const out = new HashedFile(file);
  let count = 0;
  try {
    const links = await eachFile(place, globs, work, async (name, handle) => {
      const { size, mode, mtimeMs } = await handle.stat();
      count += 1;
      checkLimits(count, out.bytes + size);
      const executable = (mode & 0o100) !== 0;
      const head = {
        path: name,
        kind: "file",
        bytes: size,
        executable,
        modifiedAtMs: mtimeMs,
        target: "",
      } as const;
      await out.write(tarHeader(head));
      for await (const bytes of exactly(handle, size)) await out.write(bytes);
      await out.write(tarPadding(size));
    });
    sayLinks(links, work);
    if (count === 0 && !allowEmpty) throw nothingMatches(globs);
    await out.write(TAR_END);
    const sha256 = await out.end();
    await work.context.link.putBlob(work.caller, sha256, file, out.bytes);
    work.say(`Stored ${String(count)} file(s)\n`);
    return { blob: sha256, bytes: out.bytes, count, files: [] };
  } finally {
    out.close();
    await rm(file, { force: true });
  }
}

/** Stores what matches, file by file. */
async function archive(
  place: Place,
  globs: Globs,
  allowEmpty: boolean,
  work: SayingWork,
): Promise<BlobValue> {
  const files: BlobValue["files"] = [];
  let total = 0;
  const links = await eachFile(place, globs, work, async (name, handle) => {
    const file = path.join(work.folder, `archive-${randomBytes(8).toString("hex")}`);
    const out = new HashedFile(file);
    try {
      const { size } = await handle.stat();
      total += size;
      checkLimits(files.length + 1, total);
      for await (const bytes of exactly(handle, size)) await out.write(bytes);
      const blob = await out.end();
      await work.context.link.putBlob(work.caller, blob, file, size);
      files.push({ path: name, bytes: size, blob });
    } finally {
      out.close();
      await rm(file, { force: true });
    }
  });
  sayLinks(links, work);
  if (files.length === 0 && !allowEmpty) throw nothingMatches(globs);
  work.say(`Archived ${String(files.length)} file(s)\n`);
  return { blob: null, bytes: total, count: files.length, files };
}

/** Writes single stored files; whatever stands there makes way. */
async function fetchFiles(
  place: Place,
  files: readonly { readonly path: string; readonly blob: string }[],
  work: SayingWork,
): Promise<BlobValue> {
  let bytes = 0;
  for (const [at, { path: name, blob }] of files.entries()) {
    const hash = createHash("sha256");
    const stream = work.context.link.getBlob(work.caller, blob, work.signal);
    const content = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of stream) {
        hash.update(chunk);
        bytes += chunk.length;
        checkLimits(at + 1, bytes);
        yield chunk;
      }
    };
    const to = { ...place, parts: [...place.parts, ...safeParts(name)] };
    await writeEntry(to, { executable: false, content }, work);
    if (hash.digest("hex") !== blob)
      throw new RunnerFailure("internal", "sluice", `the stored ${name} is damaged`);
  }
  return { blob: null, bytes, count: files.length, files: [] };
}

async function unpack(place: Place, blob: string, work: SayingWork): Promise<BlobValue> {
  let count = 0;
  let bytes = 0;
  const hash = createHash("sha256");
  const stream = work.context.link.getBlob(work.caller, blob, work.signal);
  const hashed = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of stream) {
      hash.update(chunk);
      yield chunk;
    }
  };
  const source = hashed();
  for await (const entry of readTar(source)) {
    if (work.signal.aborted) throw new RunnerFailure("cancelled", "person", "cancelled");
    if (entry.kind !== "file") continue;
    count += 1;
    bytes += entry.bytes;
    checkLimits(count, bytes);
    await writeEntry({ ...place, parts: [...place.parts, ...safeParts(entry.path)] }, entry, work);
  }
  // The archive's end comes before the stream's.
  for await (const rest of source) void rest;
  if (hash.digest("hex") !== blob)
    throw new RunnerFailure("internal", "sluice", "a stored archive is damaged");
  work.say(`Restored ${String(count)} file(s)\n`);
  return { blob, bytes, count, files: [] };
}

function sayLinks(links: number, work: SayingWork): void {
  if (links > 0) work.say(`${String(links)} link(s) left out\n`);
}

function nothingMatches(globs: Globs): RunnerFailure {
  return new RunnerFailure("file_missing", "file", `no file matches ${globs.include.join(", ") || "**"}`);
}

/** A file that is hashed as it is written. */
class HashedFile {
  readonly #stream: ReturnType<typeof createWriteStream>;
  readonly #hash = createHash("sha256");
  bytes = 0;

  constructor(file: string) {
    this.#stream = createWriteStream(file, { mode: 0o600 });
    // Reported by the next write or the end.
    this.#stream.on("error", () => undefined);
  }

  async write(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    this.#hash.update(bytes);
    this.bytes += bytes.length;
    if (this.#stream.errored !== null) throw this.#stream.errored;
    if (!this.#stream.write(bytes)) await once(this.#stream, "drain");
  }

  /** The hash of all that was written, once it is in the file. */
  async end(): Promise<string> {
    this.#stream.end();
    await once(this.#stream, "close");
    if (this.#stream.errored !== null) throw this.#stream.errored;
    return this.#hash.digest("hex");
  }

  close(): void {
    this.#stream.destroy();
  }
}
