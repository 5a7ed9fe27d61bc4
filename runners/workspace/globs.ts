import type { Globs } from "../protocol.ts";

/** What Ant, and with it Jenkins, leaves out unless told otherwise (https://ant.apache.org/manual/dirtasks.html#defaultexcludes). */
const DEFAULT_EXCLUDES = [
  "**/*~",
  "**/#*#",
  "**/.#*",
  "**/%*%",
  "**/._*",
  "**/CVS",
  "**/CVS/**",
  "**/.cvsignore",
  "**/SCCS",
  "**/SCCS/**",
  "**/vssver.scc",
  "**/.svn",
  "**/.svn/**",
  "**/.DS_Store",
  "**/.git",
  "**/.git/**",
  "**/.gitattributes",
  "**/.gitignore",
  "**/.gitmodules",
  "**/.hg",
  "**/.hg/**",
  "**/.hgignore",
  "**/.hgsub",
  "**/.hgsubstate",
  "**/.hgtags",
  "**/.bzr",
  "**/.bzr/**",
  "**/.bzrignore",
];

/** Decides by Ant patterns which relative paths are meant. */
export class GlobSet {
  readonly #include: string[][];
  readonly #exclude: string[][];
  readonly #ignoreCase: boolean;

  constructor(globs: Globs) {
    this.#ignoreCase = globs.ignoreCase ?? false;
    const excluded = globs.defaultExcludes ? [...globs.exclude, ...DEFAULT_EXCLUDES] : globs.exclude;
    this.#include = (globs.include.length === 0 ? ["**"] : globs.include).map((one) =>
      this.#cased(partsOf(one)),
    );
    this.#exclude = excluded.map((pattern) => this.#cased(partsOf(pattern)));
  }

  #cased(parts: readonly string[]): string[] {
    return parts.map((part) => (this.#ignoreCase ? part.toLowerCase() : part));
  }

  matches(met: readonly string[]): boolean {
    const path = this.#cased(met);
    if (!this.#include.some((pattern) => matchesParts(pattern, path))) return false;
    return !this.#exclude.some((pattern) => matchesParts(pattern, path));
  }

  /** Whether everything below a folder is left out: it need not be read. */
  prunes(folder: readonly string[]): boolean {
    const inside = [...this.#cased(folder), "x", "x"];
    return this.#exclude.some((pattern) => pattern.at(-1) === "**" && matchesParts(pattern, inside));
  }
}

function partsOf(pattern: string): string[] {
  const clean = pattern
    .trim()
    .replaceAll("\\", "/")
    .replace(/^(\.\/)+/, "");
  // "dir/" means everything below.
  return (clean.endsWith("/") ? `${clean}**` : clean).split("/").filter((part) => part !== "");
}

/**
 * Whether pattern parts match path parts. `**` stands for any number of parts. The table keeps it linear in the product of
 * both lengths, whatever the pattern.
 */
export function matchesParts(pattern: readonly string[], path: readonly string[]): boolean {
  let reach = new Uint8Array(path.length + 1);
  reach[0] = 1;
  for (const part of pattern) {
    const next = new Uint8Array(path.length + 1);
    let any = 0;
    for (let i = 0; i <= path.length; i += 1) {
      if (part === "**") {
        any |= reach[i] ?? 0;
        next[i] = any;
      } else if (i > 0 && reach[i - 1] === 1) {
        next[i] = matchesName(part, path[i - 1] ?? "") ? 1 : 0;
      }
    }
    reach = next;
  }
  return reach[path.length] === 1;
}

/** Whether one name matches a pattern of `*` and `?`; goes back to the last `*` only, so it cannot explode. */
export function matchesName(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let from = 0;
  while (n < name.length) {
    if (p < pattern.length && pattern[p] === "*") {
      star = p;
      from = n;
      p += 1;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === name[n])) {
      p += 1;
      n += 1;
    } else if (star >= 0) {
      from += 1;
      n = from;
      p = star + 1;
    } else return false;
  }
  while (pattern[p] === "*") p += 1;
  return p === pattern.length;
}
