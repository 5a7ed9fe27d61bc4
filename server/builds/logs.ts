import { mkdir, open, stat, writeFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf } from "../store/errors.ts";
import type { BuildFiles } from "./console.ts";
import { LOG_HEAD_BYTES, LOG_TAIL_BYTES } from "./log-limits.ts";

/** Somebody who wants to know that a log grew. */
export type LogListener = (said: {
  readonly buildId: number;
  readonly stepNo: number;
  readonly sizeBytes: number;
}) => void;

/** What a write at an offset gave: stored, or refused with the offset that is right. */
export type LogWrite =
  | { readonly kind: "stored"; readonly length: number }
  | { readonly kind: "wrong-offset"; readonly length: number }
  /** Longer than a runner may send: nothing more of it is taken. */
  | { readonly kind: "full"; readonly length: number };

/** How long a log is; a last line without its end counts. */
export interface LogSize {
  readonly bytes: number;
  readonly lines: number;
}

const PIECE_BYTES = 1024 * 1024;
/** What a runner stores of a step at most, its cut and notices with it; one that sends more is not to be trusted. */
const MOST_BYTES = LOG_HEAD_BYTES + LOG_TAIL_BYTES + 1024 * 1024;
const NEWLINE = 10;

/** The logs of steps: one append-only file each, whose length is the only truth about how far a runner has come. */
export interface StepLogs {
  /** Appends bytes that belong at `at`; bytes that are there already are not written twice. */
  write(buildId: number, stepNo: number, at: number, bytes: Uint8Array): Promise<LogWrite>;
  /** The whole log of a step that no runner carries out; writing it again leaves the same. */
  put(buildId: number, stepNo: number, text: string): Promise<void>;
  /** At most `limit` bytes from `from`, and the length of the whole. */
  read(
    buildId: number,
    stepNo: number,
    from: number,
    limit: number,
  ): Promise<{ bytes: Uint8Array; length: number }>;
  length(buildId: number, stepNo: number): Promise<number>;
  /** Size and number of lines of a log that has come to its end. */
  measure(buildId: number, stepNo: number): Promise<LogSize>;
  /** When the build last printed anything, by this process's clock; null when it has not. */
  lastOutputAtMs(buildId: number): number | null;
  onAppended(listener: LogListener): () => void;
  forget(buildId: number): void;
}

/** A log that somebody has taken away is an empty one: its build and its page go on without it. */
async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

export function createStepLogs(files: BuildFiles, nowMs: () => number, mostBytes = MOST_BYTES): StepLogs {
  const lengths = new Map<string, number>();
  const lastOutput = new Map<number, number>();
  const full = new Set<string>();
  const listeners = new Set<LogListener>();
  // One write at a time for each log: two readers of one session may post at once, and only one of them is right.
  const queues = new Map<string, Promise<unknown>>();

  async function length(buildId: number, stepNo: number): Promise<number> {
    const key = `${buildId}.${stepNo}`;
    const known = lengths.get(key);
    if (known !== undefined) return known;
    return await stat(files.logOf(buildId, stepNo)).then(
      (found) => found.size,
      () => 0,
    );
  }

  async function append(buildId: number, stepNo: number, at: number, bytes: Uint8Array): Promise<LogWrite> {
    const key = `${buildId}.${stepNo}`;
    const stored = await length(buildId, stepNo);
    if (at > stored || at + bytes.length < stored) return { kind: "wrong-offset", length: stored };
    if (full.has(key)) return { kind: "full", length: stored };
    const isFull = at + bytes.length > mostBytes;
    if (isFull) full.add(key);
    const fresh = isFull ? Buffer.from(fullNotice(mostBytes)) : bytes.subarray(stored - at);
    if (fresh.length === 0) return { kind: "stored", length: stored };
    const path = files.logOf(buildId, stepNo);
    if (stored === 0) await mkdir(dirname(path), { recursive: true });
    const file = await open(path, "a");
    try {
      // All of it: a disk that fills up takes a part first.
      await file.appendFile(fresh);
    } catch (error) {
      lengths.delete(key); // the file knows how much it has taken
      throw error;
    } finally {
      await file.close();
    }
    const now = stored + fresh.length;
    lengths.set(key, now);
    lastOutput.set(buildId, nowMs());
    for (const listener of listeners) listener({ buildId, stepNo, sizeBytes: now });
    return { kind: isFull ? "full" : "stored", length: now };
  }

  async function measure(buildId: number, stepNo: number): Promise<LogSize> {
    const bytes = await length(buildId, stepNo);
    const file = bytes === 0 ? null : await openIfThere(files.logOf(buildId, stepNo));
    if (file === null) return { bytes: 0, lines: 0 };
    try {
      let lines = 0;
      let last = NEWLINE;
      const piece = new Uint8Array(Math.min(PIECE_BYTES, bytes));
      for (let at = 0; at < bytes;) {
        const { bytesRead } = await file.read(piece, 0, Math.min(piece.length, bytes - at), at);
        if (bytesRead === 0) break;
        for (const byte of piece.subarray(0, bytesRead)) if (byte === NEWLINE) lines += 1;
        last = piece[bytesRead - 1] ?? NEWLINE;
        at += bytesRead;
      }
      return { bytes, lines: last === NEWLINE ? lines : lines + 1 };
    } finally {
      await file.close();
    }
  }

  return {
    length,
    measure,
    async write(buildId, stepNo, at, bytes) {
      const key = `${buildId}.${stepNo}`;
      const before = queues.get(key) ?? Promise.resolve();
      const mine = before.then(() => append(buildId, stepNo, at, bytes));
      const settled = mine.catch(() => {});
      queues.set(key, settled);
      try {
        return await mine;
      } finally {
        if (queues.get(key) === settled) queues.delete(key);
      }
    },
    async put(buildId, stepNo, text) {
      const path = files.logOf(buildId, stepNo);
      const bytes = Buffer.from(text);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, bytes);
      lengths.set(`${buildId}.${stepNo}`, bytes.length);
      for (const listener of listeners) listener({ buildId, stepNo, sizeBytes: bytes.length });
    },
    async read(buildId, stepNo, from, limit) {
      const whole = await length(buildId, stepNo);
      const size = Math.max(0, Math.min(limit, whole - from));
      if (size === 0) return { bytes: new Uint8Array(), length: whole };
      const file = await openIfThere(files.logOf(buildId, stepNo));
      if (file === null) return { bytes: new Uint8Array(), length: 0 };
      try {
        const { buffer, bytesRead } = await file.read(new Uint8Array(size), 0, size, from);
        return { bytes: buffer.subarray(0, bytesRead), length: whole };
      } finally {
        await file.close();
      }
    },
    lastOutputAtMs: (buildId) => lastOutput.get(buildId) ?? null,
    onAppended(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    forget(buildId) {
      lastOutput.delete(buildId);
      for (const keys of [lengths, full])
        for (const key of keys.keys()) if (key.startsWith(`${buildId}.`)) keys.delete(key);
    },
  };
}

function fullNotice(mostBytes: number): string {
  return `\n[Sluice: the runner sent more than the ${mostBytes} bytes that a step's log may have; the rest is not kept]\n`;
}
