import { createHash } from "node:crypto";
import { constants, rmSync } from "node:fs";
import { open, readFile, writeFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";
import { codeOf } from "../failure.ts";
import { KeyedLock } from "../keyed-lock.ts";
import { giveTo, inFolderOf, notAFile } from "./own-file.ts";
import type { Place } from "./paths.ts";
import type { Work } from "./work.ts";

const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
const PIECE_BYTES = 1024 * 1024;

/** Branches may append to one file. */
const turns = new KeyedLock();

/** What is appended, read piece by piece from any place; empty at its end. */
export type Piece = (at: number) => Promise<Buffer>;

/** A piece of bytes in memory. */
export function pieceOf(bytes: Buffer): Piece {
  return async (at) => bytes.subarray(at, at + PIECE_BYTES);
}

/** The pieces of a file of ours; nothing where there is none. */
export async function withPieces<T>(file: string, work: (piece: Piece) => Promise<T>): Promise<T> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(file, "r").catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") return null;
      throw error;
    });
    const from = handle;
    return await work(async (at) => {
      if (from === null) return Buffer.alloc(0);
      const piece = Buffer.allocUnsafe(PIECE_BYTES);
      const { bytesRead } = await from.read(piece, 0, piece.length, at);
      return piece.subarray(0, bytesRead);
    });
  } finally {
    await handle?.close();
  }
}

/**
 * Appends to a file of the workspace, once for `id`: where it begins is written down in the session's folder before, so
 * that a process that does not know how far an earlier one came finds what is there already and adds the rest.
 */
export async function appendOnce(
  place: Place,
  id: string,
  piece: Piece,
  work: Pick<Work, "owner" | "folder">,
): Promise<void> {
  const note = noteOf(work.folder, id);
  await turns.run(`${place.root}/${place.parts.join("/")}`, () =>
    inFolderOf(place, work, async (file) => {
      const handle = await open(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o644);
      try {
        const stats = await handle.stat();
        if (!stats.isFile()) throw notAFile(place.parts.join("/"));
        const noted = await readNote(note);
        const isOurs = noted !== null && noted <= stats.size && (await standsAt(handle, noted, piece));
        const start = isOurs ? noted : stats.size;
        if (!isOurs) await writeFile(note, String(start));
        await copyTo(handle, start, piece);
        await giveTo(handle, work);
      } finally {
        await handle.close();
      }
    }),
  );
}

/** The server knows that it was appended: nobody asks for it again. */
export function forgetAppend(folder: string, id: string): void {
  rmSync(noteOf(folder, id), { force: true });
}

function noteOf(folder: string, id: string): string {
  return path.join(folder, `append-${createHash("sha256").update(id).digest("hex").slice(0, 32)}`);
}

/** Whether the file goes on from there as what is appended begins. */
async function standsAt(handle: FileHandle, start: number, piece: Piece): Promise<boolean> {
  for (let at = 0; ;) {
    const wanted = await piece(at);
    if (wanted.length === 0) return true;
    const there = Buffer.allocUnsafe(wanted.length);
    const { bytesRead } = await handle.read(there, 0, there.length, start + at);
    if (!there.subarray(0, bytesRead).equals(wanted.subarray(0, bytesRead))) return false;
    if (bytesRead < wanted.length) return true;
    at += bytesRead;
  }
}

async function copyTo(handle: FileHandle, start: number, piece: Piece): Promise<void> {
  for (let at = 0; ;) {
    const bytes = await piece(at);
    if (bytes.length === 0) return;
    for (let done = 0; done < bytes.length;)
      done += (await handle.write(bytes, done, bytes.length - done, start + at + done)).bytesWritten;
    at += bytes.length;
  }
}

async function readNote(file: string): Promise<number | null> {
  try {
    const text = await readFile(file, "utf8");
    return /^\d+$/.test(text) ? Number(text) : null;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}
