import fs from "node:fs";
import path from "node:path";
import { codeOf } from "../failure.ts";

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** A place in a step's raw output. */
export interface Position {
  readonly segment: number;
  readonly offset: number;
}

// One buffer for all readers: a chunk is used up before the next read.
const shared = Buffer.allocUnsafe(256 * 1024);

/**
 * Reads one stream of a step from its segment files, in order, from any position. The build can write into that folder:
 * only regular files are read, never through a link, and whatever they hold harms only this step's own log.
 */
export class SegmentReader {
  readonly #folder: string;
  readonly #prefix: string;
  #segment: number;
  #offset: number;
  #fd: number | null = null;

  constructor(folder: string, prefix: string, from: Position) {
    this.#folder = folder;
    this.#prefix = prefix;
    this.#segment = from.segment;
    this.#offset = from.offset;
  }

  /** Where the next byte comes from. */
  get position(): Position {
    return { segment: this.#segment, offset: this.#offset };
  }

  /**
   * Hands what is there to `take`, at most about `budget` bytes. A chunk is valid during the call only.
   * Returns true if there may be more.
   */
  read(budget: number, take: (chunk: Buffer) => void): boolean {
    let left = budget;
    for (;;) {
      this.#fd ??= openRegular(this.#pathOf(this.#segment));
      if (this.#fd === null) return false;
      const got = fs.readSync(this.#fd, shared, 0, shared.length, this.#offset);
      if (got > 0) {
        this.#offset += got;
        left -= got;
        take(shared.subarray(0, got));
        if (left <= 0) return true;
        if (got === shared.length) continue;
      }
      if (!this.#next()) return false;
    }
  }

  /** Removes the segments before `segment`: the server has what they held. */
  removeBefore(segment: number): void {
    for (let k = segment - 1; k >= 0; k -= 1) {
      if (!remove(this.#pathOf(k))) return;
    }
  }

  close(): void {
    if (this.#fd !== null) fs.closeSync(this.#fd);
    this.#fd = null;
  }

  // The next segment exists: this one is final, and read to its end unless it grew since.
  #next(): boolean {
    if (this.#fd === null || !fs.existsSync(this.#pathOf(this.#segment + 1))) return false;
    if (fs.fstatSync(this.#fd).size > this.#offset) return true;
    this.close();
    this.#segment += 1;
    this.#offset = 0;
    return true;
  }

  #pathOf(segment: number): string {
    return path.join(this.#folder, `${this.#prefix}.${String(segment)}`);
  }
}

/** The number of the first segment that still exists, 0 if there is none. */
export function firstSegment(folder: string, prefix: string): number {
  let first: number | null = null;
  for (const name of fs.readdirSync(folder)) {
    if (!name.startsWith(`${prefix}.`)) continue;
    const number = Number(name.slice(prefix.length + 1));
    if (Number.isSafeInteger(number) && (first === null || number < first)) first = number;
  }
  return first ?? 0;
}

/** Opens a file that the build may have replaced: null if it is absent, a link, or anything but a regular file. */
export function openRegular(file: string): number | null {
  let fd: number;
  try {
    fd = fs.openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (["ENOENT", "ELOOP", "ENXIO", "EACCES"].includes(codeOf(error) ?? "")) return null;
    throw error;
  }
  if (fs.fstatSync(fd).isFile()) return fd;
  fs.closeSync(fd);
  return null;
}

/** The first `limit` bytes of such a file as text, or null. */
export function readSmall(file: string, limit: number): string | null {
  const fd = openRegular(file);
  if (fd === null) return null;
  try {
    const buffer = Buffer.alloc(limit);
    return buffer.toString("latin1", 0, fs.readSync(fd, buffer, 0, limit, 0));
  } finally {
    fs.closeSync(fd);
  }
}

function remove(file: string): boolean {
  try {
    fs.unlinkSync(file);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}
