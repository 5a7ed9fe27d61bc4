import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { link, mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Files that left a session: stashes, archived files, large outputs. One folder for each build. */
export interface Blobs {
  /** Stores what comes under its own hash; a repeat changes nothing. False when the bytes have another hash. */
  put(buildId: number, sha256: string, bytes: AsyncIterable<Uint8Array>): Promise<boolean>;
  open(buildId: number, sha256: string): Promise<{ size: number; stream: NodeJS.ReadableStream } | null>;
  read(buildId: number, sha256: string): Promise<Uint8Array>;
  /** Copies a blob of an older build: stashes outlive it in the builds that restart it. */
  has(buildId: number, sha256: string): Promise<boolean>;
  /** Gives a build what another one has, at no cost of space; false where that has no such blob any more. */
  share(from: number, to: number, sha256: string): Promise<boolean>;
  pathOf(buildId: number, sha256: string): string;
  remove(buildId: number, sha256: string): Promise<void>;
  removeAll(buildId: number): Promise<void>;
}

export function createBlobs(dataFolder: string): Blobs {
  const folderOf = (buildId: number) => join(dataFolder, "blobs", `${buildId}`);
  const pathOf = (buildId: number, sha256: string) => join(folderOf(buildId), sha256);
  const has = (buildId: number, sha256: string) =>
    stat(pathOf(buildId, sha256)).then(
      () => true,
      () => false,
    );
  return {
    pathOf,
    has,
    async put(buildId, sha256, bytes) {
      const path = pathOf(buildId, sha256);
      await mkdir(dirname(path), { recursive: true });
      const temporary = `${path}.${randomUUID()}.part`;
      const hash = createHash("sha256");
      const through = new Transform({
        transform(chunk: Uint8Array, _encoding, done) {
          hash.update(chunk);
          done(null, chunk);
        },
      });
      try {
        await pipeline(bytes, through, createWriteStream(temporary, { mode: 0o600 }));
        if (hash.digest("hex") !== sha256) return false;
        await rename(temporary, path);
        return true;
      } finally {
        await rm(temporary, { force: true });
      }
    },
    async open(buildId, sha256) {
      const path = pathOf(buildId, sha256);
      const found = await stat(path).catch(() => null);
      return found === null ? null : { size: found.size, stream: createReadStream(path) };
    },
    async share(from, to, sha256) {
      await mkdir(folderOf(to), { recursive: true });
      try {
        await link(pathOf(from, sha256), pathOf(to, sha256));
        return true;
      } catch (error) {
        if (isCode(error, "EEXIST")) return true;
        if (isCode(error, "ENOENT")) return await has(to, sha256);
        throw error;
      }
    },
    read: (buildId, sha256) => readFile(pathOf(buildId, sha256)),
    remove: (buildId, sha256) => rm(pathOf(buildId, sha256), { force: true }),
    removeAll: (buildId) => rm(folderOf(buildId), { recursive: true, force: true }),
  };
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
