/** What one escape stands for and how many characters of the source it takes, or the problem with it. */
export type Escape = { readonly value: string; readonly length: number } | undefined;

const SIMPLE: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["b", "\b"],
  ["f", "\f"],
  ["\\", "\\"],
  ["'", "'"],
  ['"', '"'],
  ["$", "$"],
]);

const UNICODE = /\\u+([0-9a-fA-F]{4})/y;
const UNICODE_ANYWHERE = /\\u+([0-9a-fA-F]{4})/g;
const OCTAL = /\\([0-3][0-7]?[0-7]?|[4-7][0-7]?)/y;
const JOINED_LINES = /\\(?:\r\n|\n|\r)/y;

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** Reads the escape whose backslash is at `at`, as in quoted strings; undefined when Groovy knows no such escape. */
export function readEscape(text: string, at: number): Escape {
  const simple = SIMPLE.get(text[at + 1] ?? "");
  if (simple !== undefined) return { value: simple, length: 2 };
  const joined = readJoinedLines(text, at);
  if (joined !== undefined) return joined;
  const unicode = readUnicode(text, at);
  if (unicode !== undefined) return unicode;
  const octal = matchAt(OCTAL, text, at);
  if (octal === null) return undefined;
  return { value: String.fromCharCode(Number.parseInt(octal[1] ?? "0", 8)), length: octal[0].length };
}

/** Whether what stands at `at` begins as `\uXXXX` and has not its four digits. */
export function isBrokenUnicode(text: string, at: number): boolean {
  return text.startsWith("\\u", at) && text[at - 1] !== "\\" && readUnicode(text, at) === undefined;
}

/** Reads `\uXXXX`, the only letter escape that slashy strings know; none behind another backslash. */
export function readUnicode(text: string, at: number): Escape {
  const unicode = text[at - 1] === "\\" ? null : matchAt(UNICODE, text, at);
  if (unicode === null) return undefined;
  return { value: String.fromCharCode(Number.parseInt(unicode[1] ?? "0", 16)), length: unicode[0].length };
}

/** Reads a backslash at the end of a line, which vanishes together with the line end. */
export function readJoinedLines(text: string, at: number): Escape {
  const joined = matchAt(JOINED_LINES, text, at);
  return joined === null ? undefined : { value: "", length: joined[0].length };
}

/** A text whose `\uXXXX` are the characters they stand for, and where each place of it is in the text as written. */
export interface Resolved {
  readonly text: string;
  /** Offset in the text as written of an offset in this one. */
  readonly written: (offset: number) => number;
}

/**
 * Resolves `\uXXXX` wherever it stands, in names and signs too, as Groovy's reader does before anything else. A
 * backslash in front takes its meaning away. Source: Java Language Specification 3.3, which Groovy 2.4 follows.
 */
export function resolveUnicode(text: string): Resolved {
  let resolved = "";
  let from = 0;
  // Where what was shortened begins in the resolved text, and by how much everything behind it is off.
  const shifts: { readonly at: number; readonly by: number }[] = [];
  for (const match of text.matchAll(UNICODE_ANYWHERE)) {
    if (text[match.index - 1] === "\\") continue;
    resolved += text.slice(from, match.index) + String.fromCharCode(Number.parseInt(match[1] ?? "0", 16));
    from = match.index + match[0].length;
    shifts.push({ at: resolved.length, by: from - resolved.length });
  }
  resolved += text.slice(from);
  const written = (offset: number): number => {
    let low = 0;
    let high = shifts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((shifts[middle]?.at ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return offset + (shifts[low - 1]?.by ?? 0);
  };
  return { text: resolved, written };
}
