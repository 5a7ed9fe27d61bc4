import { PLAIN, readLine, type Span, type Style } from "./ansi.ts";

/** A piece of a log as the server gives it; the fields of the API's `LogRange`. */
export interface Range {
  readonly startByte: number;
  readonly endByte: number;
  readonly sizeBytes: number;
  readonly firstLine: number;
  readonly text: string;
  readonly complete: boolean;
  readonly missingBytes: number;
}

/** One line, ready to be drawn. */
export interface LogLine {
  readonly number: number;
  readonly spans: readonly Span[];
}

/** Neighbouring lines that came in one answer; drawn, measured and forgotten together. */
export interface Block {
  readonly startByte: number;
  readonly endByte: number;
  readonly firstLine: number;
  readonly lines: readonly LogLine[];
  /** The style in which the next line begins. */
  readonly end: Style;
}

/**
 * The part of a step's log that the page holds: blocks that follow each other without a gap. A log may be a gigabyte;
 * the window moves over it and never grows beyond `MAX_LINES`.
 */
export interface LogWindow {
  readonly blocks: readonly Block[];
  readonly sizeBytes: number;
  /** True once the step has ended and its log grows no more. */
  readonly complete: boolean;
  /** How much of its end is lost. */
  readonly missingBytes: number;
}

/** How many lines the page holds at most. */
export const MAX_LINES = 40_000;
/** One line shows so many characters; the rest is in the raw log. */
export const MAX_LINE_LENGTH = 10_000;

const BLOCK_LINES = 500;

/** Nothing read yet. */
export const EMPTY: LogWindow = { blocks: [], sizeBytes: 0, complete: false, missingBytes: 0 };

/** The number of the last line held, 0 when none is. */
export function lastLine(window: LogWindow): number {
  const last = window.blocks.at(-1);
  return last === undefined ? 0 : last.firstLine + last.lines.length - 1;
}

/** The number of the first line held, 1 when none is. */
export function firstLine(window: LogWindow): number {
  return window.blocks[0]?.firstLine ?? 1;
}

/** Whether a line is held. */
export function holds(window: LogWindow, line: number): boolean {
  return window.blocks.length > 0 && line >= firstLine(window) && line <= lastLine(window);
}

/** Whether the window begins where the log begins. */
export function atStart(window: LogWindow): boolean {
  return (window.blocks[0]?.startByte ?? 0) === 0;
}

/** Whether the window ends where the log, as far as known, ends. */
export function atEnd(window: LogWindow): boolean {
  return (window.blocks.at(-1)?.endByte ?? 0) >= window.sizeBytes;
}

/** Lines of text; the empty one after a last line end is none. */
function linesOf(text: string): readonly string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function blockOf(range: Range, start: Style): Block {
  let style = start;
  const lines = linesOf(range.text).map((text, index) => {
    const { spans, end } = readLine(text.slice(0, MAX_LINE_LENGTH), style);
    style = end;
    return { number: range.firstLine + index, spans };
  });
  return {
    startByte: range.startByte,
    endByte: range.endByte,
    firstLine: range.firstLine,
    lines,
    end: style,
  };
}

/** The block without the lines from `line` on; undefined when nothing is left. */
function before(block: Block, line: number, endByte: number): Block | undefined {
  const kept = block.lines.slice(0, Math.max(0, line - block.firstLine));
  return kept.length === 0 ? undefined : { ...block, lines: kept, endByte };
}

function append(blocks: readonly Block[], range: Range): readonly Block[] {
  // A range begins at a line's beginning: an unfinished last line is read again as a whole and replaced.
  const kept = blocks.flatMap((block) => {
    if (block.firstLine + block.lines.length <= range.firstLine) return [block];
    return before(block, range.firstLine, range.startByte) ?? [];
  });
  const last = kept.at(-1);
  const added = blockOf(range, last?.end ?? PLAIN);
  if (added.lines.length === 0) return kept;
  if (last === undefined || last.lines.length + added.lines.length > BLOCK_LINES) return [...kept, added];
  // A log that grows line by line would become thousands of blocks; small neighbours are one.
  const joined = {
    ...added,
    startByte: last.startByte,
    firstLine: last.firstLine,
    lines: [...last.lines, ...added.lines],
  };
  return [...kept.slice(0, -1), joined];
}

function prepend(blocks: readonly Block[], range: Range): readonly Block[] {
  const first = blocks[0];
  if (first === undefined) return [blockOf(range, PLAIN)];
  const added = before(blockOf(range, PLAIN), first.firstLine, first.startByte);
  return added === undefined ? blocks : [added, ...blocks];
}

/** Keeps the window within `MAX_LINES` by forgetting whole blocks at the end the reader is away from. */
function trimmed(blocks: readonly Block[], forget: "first" | "last"): readonly Block[] {
  const kept = [...blocks];
  let count = kept.reduce((sum, block) => sum + block.lines.length, 0);
  while (count > MAX_LINES && kept.length > 1) {
    const gone = forget === "first" ? kept.shift() : kept.pop();
    count -= gone?.lines.length ?? 0;
  }
  return kept;
}

/**
 * Takes a range into the window. One that touches it extends it, at either end; one from elsewhere (a jump to a line)
 * takes its place.
 */
export function merge(window: LogWindow, range: Range): LogWindow {
  const first = window.blocks[0];
  const last = window.blocks.at(-1);
  const sizeBytes = Math.max(window.sizeBytes, range.sizeBytes);
  const { complete, missingBytes } = range;
  if (first === undefined || last === undefined) {
    const block = blockOf(range, PLAIN);
    return { blocks: block.lines.length === 0 ? [] : [block], sizeBytes, complete, missingBytes };
  }
  if (range.startByte >= first.startByte && range.startByte <= last.endByte) {
    if (range.endByte <= last.endByte) return { ...window, sizeBytes, complete, missingBytes };
    return { blocks: trimmed(append(window.blocks, range), "first"), sizeBytes, complete, missingBytes };
  }
  if (range.startByte < first.startByte && range.endByte >= first.startByte) {
    return { blocks: trimmed(prepend(window.blocks, range), "last"), sizeBytes, complete, missingBytes };
  }
  return { blocks: [blockOf(range, PLAIN)], sizeBytes, complete, missingBytes };
}
