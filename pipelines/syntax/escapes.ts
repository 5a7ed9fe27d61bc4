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

/** Reads `\uXXXX`, the only letter escape that slashy strings know. */
export function readUnicode(text: string, at: number): Escape {
  const unicode = matchAt(UNICODE, text, at);
  if (unicode === null) return undefined;
  return { value: String.fromCharCode(Number.parseInt(unicode[1] ?? "0", 16)), length: unicode[0].length };
}

/** Reads a backslash at the end of a line, which vanishes together with the line end. */
export function readJoinedLines(text: string, at: number): Escape {
  const joined = matchAt(JOINED_LINES, text, at);
  return joined === null ? undefined : { value: "", length: joined[0].length };
}
