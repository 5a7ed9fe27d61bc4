/** Lines somebody chose, 1-based, both ends included. */
export interface LineRange {
  readonly from: number;
  readonly to: number;
}

/** Reads `#L10` or `#L10-L20`; the ends may come in either order. Anything else is no choice. */
export function parseLineRange(hash: string): LineRange | undefined {
  const match = /^#L(\d{1,9})(?:-L?(\d{1,9}))?$/.exec(hash);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const second = match[2] === undefined ? first : Number(match[2]);
  if (first < 1 || second < 1) return undefined;
  return { from: Math.min(first, second), to: Math.max(first, second) };
}

/** The part of an address that says these lines. */
export function formatLineRange(range: LineRange): string {
  return range.from === range.to ? `#L${range.from}` : `#L${range.from}-L${range.to}`;
}

/** What a click on a line's number chooses: that line, or with Shift everything from the first chosen one to it. */
export function chooseLine(held: LineRange | undefined, line: number, extend: boolean): LineRange {
  if (!extend || held === undefined) return { from: line, to: line };
  return { from: Math.min(held.from, line), to: Math.max(held.from, line) };
}
