import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import type { Writable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { fromFd } from "yauzl";
import type { Entry, ZipFile } from "yauzl";
import { ZipFile as ZipWriter } from "yazl";
import type { ArchiveEntry, ArchiveWriter } from "./entries.ts";

const FILE_TYPE = 0o170000;
const LINK = 0o120000;

/** Reads a zip's entries in the order of its directory. Names that lead out of it are refused by the library too. */
export async function* readZip(handle: FileHandle): AsyncGenerator<ArchiveEntry> {
  const zip = await new Promise<ZipFile>((resolve, reject) => {
    fromFd(handle.fd, { lazyEntries: true, autoClose: false }, (error, opened) =>
      error === null ? resolve(opened) : reject(error),
    );
  });
  for (;;) {
    const entry = await nextEntry(zip);
    if (entry === null) return;
    // Systems that know modes keep them in the upper half.
    const mode = entry.externalFileAttributes >>> 16;
    const isLink = (mode & FILE_TYPE) === LINK;
    yield {
      path: entry.fileName.replace(/\/+$/u, ""),
      kind: entry.fileName.endsWith("/") ? "folder" : isLink ? "link" : "file",
      executable: (mode & 0o100) !== 0,
      modifiedAtMs: entry.getLastModDate().getTime(),
      content: () => contentOf(zip, entry),
    };
  }
}

function nextEntry(zip: ZipFile): Promise<Entry | null> {
  return new Promise((resolve, reject) => {
    const onEntry = (entry: Entry): void => settle(() => resolve(entry));
    const onEnd = (): void => settle(() => resolve(null));
    const onError = (error: Error): void => settle(() => reject(error));
    const settle = (give: () => void): void => {
      zip.off("entry", onEntry).off("end", onEnd).off("error", onError);
      give();
    };
    zip.on("entry", onEntry).on("end", onEnd).on("error", onError);
    zip.readEntry();
  });
}

async function* contentOf(zip: ZipFile, entry: Entry): AsyncGenerator<Buffer> {
  const stream = await new Promise<Readable>((resolve, reject) => {
    zip.openReadStream(entry, (error, opened) => (error === null ? resolve(opened) : reject(error)));
  });
  yield* stream;
}

/** Writes a zip, file by file. What goes wrong with `out` is thrown by whichever call comes next. */
export function createZipWriter(out: Writable): ArchiveWriter {
  const zip = new ZipWriter();
  const written = pipeline(zip.outputStream, out);
  written.catch(() => {});
  // It passes on what went wrong with a content, which `add` hears of by itself.
  zip.on("error", () => {});
  return {
    async add(entry) {
      const content = Readable.from(entry.content(), { objectMode: false });
      zip.addReadStream(content, entry.path, {
        mtime: new Date(entry.modifiedAtMs),
        mode: entry.executable ? 0o100755 : 0o100644,
      });
      // Nobody reads on where the output has failed.
      await Promise.race([finished(content), written]);
    },
    async end() {
      zip.end();
      await written;
    },
  };
}
