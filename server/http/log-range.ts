import type { Request, Response } from "express";
import type { LogRange, LogSearch } from "./contract/builds.ts";
import type { WorldLogs } from "./world.ts";

/** How many lines each whole piece of a log holds. Logs only grow, so what was counted once stays true. */
export interface LineCounts {
  piecesOf(buildId: number, stepNo: number): number[];
}

const MAX_COUNTED = 500;

/** Makes a memory of line counts; it forgets the log that was asked for longest ago. */
export function createLineCounts(): LineCounts {
  const held = new Map<string, number[]>();
  return {
    piecesOf: (buildId, stepNo) => {
      const key = `${buildId}.${stepNo}`;
      const pieces = held.get(key) ?? [];
      held.delete(key);
      held.set(key, pieces);
      const [oldest] = held.keys();
      if (held.size > MAX_COUNTED && oldest !== undefined) held.delete(oldest);
      return pieces;
    },
  };
}

/** One step's log. */
export interface LogSource {
  readonly counts: LineCounts;
  readonly logs: WorldLogs;
  readonly buildId: number;
  readonly stepNo: number;
}

/** Bytes that one answer holds at most, and the piece by which a log is gone through. */
const MAX_RANGE = 1024 * 1024;
const PIECE = 256 * 1024;
const NEWLINE = 10;
/** How far before the place asked for a line's beginning is looked for. */
const LOOK_BACK = 64 * 1024;

type Range = Omit<LogRange, "complete" | "missingBytes">;

/** A range by bytes, begun at the beginning of a line. A negative `from` counts from the end. */
export async function readRange(source: LogSource, from: number, to: number | undefined): Promise<Range> {
  const sizeBytes = await source.logs.length(source.buildId, source.stepNo);
  const asked = from < 0 ? Math.max(0, sizeBytes + from) : Math.min(from, sizeBytes);
  const startByte = await lineBegin(source, asked);
  const wanted = Math.min(to ?? Number.MAX_SAFE_INTEGER, startByte + MAX_RANGE, sizeBytes);
  const bytes = await readExactly(source, startByte, Math.max(0, wanted - startByte));
  return {
    startByte,
    endByte: startByte + bytes.byteLength,
    sizeBytes,
    firstLine: (await countLines(source, startByte)) + 1,
    text: textOf(bytes),
  };
}

/** The lines around one, which stands a third of the way down. */
export async function lineRange(source: LogSource, line: number, lines: number): Promise<Range> {
  const first = Math.max(1, line - Math.floor(lines / 3));
  const startByte = await byteOfLine(source, first);
  const sizeBytes = await source.logs.length(source.buildId, source.stepNo);
  const bytes = await readExactly(source, startByte, Math.min(MAX_RANGE, sizeBytes - startByte));
  let end = 0;
  for (let left = lines; left > 0 && end < bytes.byteLength; left -= 1) {
    const at = bytes.indexOf(NEWLINE, end);
    end = at < 0 ? bytes.byteLength : at + 1;
  }
  const shown = bytes.subarray(0, end);
  return {
    startByte,
    endByte: startByte + end,
    sizeBytes,
    firstLine: startByte === 0 ? 1 : first,
    text: textOf(shown),
  };
}

/** Lines that hold the text, ignoring case; the count is true, the items are the first ones. */
export async function searchLog(source: LogSource, query: string, limit: number): Promise<LogSearch> {
  const wanted = query.toLowerCase();
  const items: LogSearch["items"] = [];
  let count = 0;
  for await (const { line, byte, text } of linesOf(source)) {
    if (!text.toLowerCase().includes(wanted)) continue;
    count += 1;
    if (items.length < limit) items.push({ line, byte, text: text.slice(0, 1000) });
  }
  return { count, items };
}

/** The raw bytes, whole or by one `Range: bytes=`. */
export async function sendLogBytes(source: LogSource, request: Request, response: Response): Promise<void> {
  const sizeBytes = await source.logs.length(source.buildId, source.stepNo);
  const asked = /^bytes=(\d{1,15})?-(\d{1,15})?$/u.exec(request.headers.range ?? "");
  const isSuffix = asked !== null && asked[1] === undefined;
  const first =
    asked === null ? 0 : isSuffix ? Math.max(0, sizeBytes - Number(asked[2] ?? 0)) : Number(asked[1]);
  const last =
    asked?.[2] === undefined || isSuffix ? sizeBytes - 1 : Math.min(Number(asked[2]), sizeBytes - 1);
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.setHeader("accept-ranges", "bytes");
  if (asked !== null && (first >= sizeBytes || last < first)) {
    response.status(416).setHeader("content-range", `bytes */${sizeBytes}`).end();
    return;
  }
  response.status(asked === null ? 200 : 206);
  if (asked !== null) response.setHeader("content-range", `bytes ${first}-${last}/${sizeBytes}`);
  response.setHeader("content-length", Math.max(0, last - first + 1));
  for (let at = first; at <= last && !response.destroyed;) {
    const bytes = await readExactly(source, at, Math.min(PIECE, last - at + 1));
    if (bytes.byteLength === 0) break;
    at += bytes.byteLength;
    if (!response.write(bytes)) await drained(response);
  }
  response.end();
}

async function drained(response: Response): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once("drain", resolve).once("close", resolve);
  await promise;
  response.off("drain", resolve).off("close", resolve);
}

async function readExactly(source: LogSource, from: number, length: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let left = length;
  while (left > 0) {
    const { bytes } = await source.logs.read(source.buildId, source.stepNo, from + length - left, left);
    if (bytes.byteLength === 0) break;
    parts.push(bytes);
    left -= bytes.byteLength;
  }
  return Buffer.concat(parts);
}

async function lineBegin(source: LogSource, at: number): Promise<number> {
  if (at === 0) return 0;
  const from = Math.max(0, at - LOOK_BACK);
  const before = await readExactly(source, from, at - from);
  const newline = before.lastIndexOf(NEWLINE);
  return newline < 0 ? (from === 0 ? 0 : at) : from + newline + 1;
}

async function countLines(source: LogSource, before: number): Promise<number> {
  const whole = Math.floor(before / PIECE);
  let count = 0;
  for (let piece = 0; piece < whole; piece += 1) count += await linesInPiece(source, piece);
  return count + newlines(await readExactly(source, whole * PIECE, before - whole * PIECE));
}

async function linesInPiece(source: LogSource, piece: number): Promise<number> {
  const known = source.counts.piecesOf(source.buildId, source.stepNo);
  const counted = known[piece];
  if (counted !== undefined) return counted;
  const bytes = await readExactly(source, piece * PIECE, PIECE);
  const count = newlines(bytes);
  if (bytes.byteLength === PIECE) known[piece] = count;
  return count;
}

function newlines(bytes: Buffer): number {
  let count = 0;
  for (let index = bytes.indexOf(NEWLINE); index >= 0; index = bytes.indexOf(NEWLINE, index + 1)) count += 1;
  return count;
}

/** Where a line begins; for a line beyond the end, where the last one does. */
async function byteOfLine(source: LogSource, line: number): Promise<number> {
  const sizeBytes = await source.logs.length(source.buildId, source.stepNo);
  let seen = 1;
  for (let piece = 0; piece * PIECE < sizeBytes; piece += 1) {
    const count = await linesInPiece(source, piece);
    if (seen + count < line) {
      seen += count;
      continue;
    }
    const bytes = await readExactly(source, piece * PIECE, PIECE);
    for (
      let index = bytes.indexOf(NEWLINE);
      index >= 0 && seen < line;
      index = bytes.indexOf(NEWLINE, index + 1)
    ) {
      seen += 1;
      if (seen === line) return piece * PIECE + index + 1;
    }
    if (seen === line) return piece * PIECE;
  }
  return await lineBegin(source, sizeBytes);
}

async function* linesOf(source: LogSource): AsyncGenerator<{ line: number; byte: number; text: string }> {
  let line = 1;
  let byte = 0;
  let rest: Buffer = Buffer.alloc(0);
  for (let at = 0; ;) {
    const bytes = await readExactly(source, at, PIECE);
    at += bytes.byteLength;
    const whole = Buffer.concat([rest, bytes]);
    let from = 0;
    for (let index = whole.indexOf(NEWLINE); index >= 0; index = whole.indexOf(NEWLINE, from)) {
      yield { line, byte: byte + from, text: textOf(whole.subarray(from, index)) };
      line += 1;
      from = index + 1;
    }
    rest = whole.subarray(from);
    byte += from;
    if (bytes.byteLength > 0) continue;
    if (rest.byteLength > 0) yield { line, byte, text: textOf(rest) };
    return;
  }
}

function textOf(bytes: Buffer): string {
  return bytes.toString("utf8").replaceAll("\u0000", "\uFFFD");
}
