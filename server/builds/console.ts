import { constants, createReadStream } from "node:fs";
import { mkdir, open, rm, rmdir, stat, truncate } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { Mark } from "../../pipelines/ports.ts";

/** One entry of the file of marks: a line of text, or the place where a step's log stands. */
const Entry = z.union([z.object({ t: z.string() }), z.object({ l: z.int().positive() })]);

/** Where the files of builds stand below the data folder. */
export interface BuildFiles {
  consoleOf(buildId: number): string;
  logOf(buildId: number, stepNo: number): string;
  folderOf(buildId: number): string;
}

export function createBuildFiles(dataFolder: string): BuildFiles {
  const folderOf = (buildId: number) =>
    join(dataFolder, "builds", `${Math.floor(buildId / 1000)}`, `${buildId}`);
  return {
    folderOf,
    consoleOf: (buildId) => join(folderOf(buildId), "console.ndjson"),
    logOf: (buildId, stepNo) => join(folderOf(buildId), "logs", `${stepNo}.log`),
  };
}

/**
 * The console's own lines. They are appended before the turn that made them is committed, and cut to the committed
 * length when the build is loaded: a crash in between leaves nothing twice.
 */
export interface ConsoleFile {
  /** Appends what the marks say and gives the length of the file afterwards. */
  append(marks: readonly Mark[]): Promise<number>;
}

/** Opens the console of a build at its committed length. */
export async function openConsole(path: string, committedLength: number): Promise<ConsoleFile> {
  await mkdir(dirname(path), { recursive: true });
  let length = await cutTo(path, committedLength);
  return {
    async append(marks) {
      const text = marks.map(lineOf).join("");
      if (text === "") return length;
      const bytes = Buffer.from(text);
      // At its place, not at the end: a host that lost the build unawares writes the same lines there again.
      const file = await open(path, constants.O_WRONLY | constants.O_CREAT);
      try {
        // A disk that fills up takes a part first, and refuses the rest.
        for (let done = 0; done < bytes.length;)
          done += (await file.write(bytes, done, bytes.length - done, length + done)).bytesWritten;
      } finally {
        await file.close();
      }
      length += bytes.length;
      return length;
    },
  };
}

async function cutTo(path: string, length: number): Promise<number> {
  const there = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (there > length) await truncate(path, length);
  return Math.min(there, length);
}

function lineOf(mark: Mark): string {
  if (mark.kind === "text") return `${JSON.stringify({ t: mark.text })}\n`;
  if (mark.kind === "log") return `${JSON.stringify({ l: mark.stepNo })}\n`;
  return "";
}

/** How long the logs of ended steps were, by the number of the step. */
export type RecordedLogs = ReadonlyMap<number, number>;

const BRING_BACK = "bring the file back from a copy of the data folder";

/**
 * The console as Jenkins would show it: its own lines, with each step's log where the step began. What is damaged or
 * shorter than it was recorded is said in its place.
 */
export async function* readConsole(
  files: BuildFiles,
  buildId: number,
  recorded: RecordedLogs = new Map(),
): AsyncGenerator<Buffer> {
  const path = files.consoleOf(buildId);
  const there = await stat(path).then(
    () => true,
    () => false,
  );
  if (!there) return;
  let broken = false;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    const entry = readEntry(line);
    if (entry === null) {
      // Said with the next good line: the last one of a file that is being written may be half of one.
      broken = true;
      continue;
    }
    if (broken) yield Buffer.from(`[Sluice: lines of this console cannot be read: ${BRING_BACK}]\n`);
    broken = false;
    if ("t" in entry) yield Buffer.from(`${entry.t}\n`);
    else yield* readLog(files.logOf(buildId, entry.l), recorded.get(entry.l) ?? 0);
  }
}

function readEntry(line: string): z.infer<typeof Entry> | null {
  try {
    return Entry.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

async function* readLog(path: string, recordedBytes: number): AsyncGenerator<Buffer> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  let last = 10;
  if (size > 0)
    for await (const piece of createReadStream(path)) {
      if (!Buffer.isBuffer(piece)) continue;
      last = piece.at(-1) ?? last;
      yield piece;
    }
  if (last !== 10) yield Buffer.from("\n");
  const missing = recordedBytes - size;
  if (missing > 0)
    yield Buffer.from(`[Sluice: the last ${missing} bytes of this log are not on disk: ${BRING_BACK}]\n`);
}

/** Writes text that no engine made: why a build could not start. */
export async function writeConsole(path: string, lines: readonly string[]): Promise<number> {
  const file = await openConsole(path, 0);
  return await file.append(lines.map((text, at) => ({ no: at + 1, kind: "text", text, stepNo: null })));
}

/** Removes everything a build left on disk. */
export async function removeBuildFiles(files: BuildFiles, buildId: number): Promise<void> {
  const folder = files.folderOf(buildId);
  await rm(folder, { recursive: true, force: true });
  // The folder of many builds goes with the last of them.
  await rmdir(dirname(folder)).catch(() => {});
}

/** The whole console as text, for tests and small tools. */
export async function consoleText(files: BuildFiles, buildId: number): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of readConsole(files, buildId)) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}
