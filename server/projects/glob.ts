/**
 * Whether the whole name matches the glob, case-sensitively: `*` stands for any run within a segment, `**` for any
 * run across segments, `?` for one character of a segment. Never a regular expression: a hostile pattern or name
 * costs at most pattern times name.
 */
export function matchesGlob(glob: string, name: string): boolean {
  const parts = tokens(glob);
  // reach[i]: the first i parts can cover the name up to here.
  let reach = [
    true,
    ...parts.map((_, index) =>
      parts.slice(0, index + 1).every((part) => part.kind !== "one" && part.kind !== "text"),
    ),
  ];
  for (const char of name) {
    const next: boolean[] = [false];
    for (const [index, part] of parts.entries()) {
      const stays = isRun(part) && covers(part, char) && (reach[index + 1] ?? false);
      const steps = covers(part, char) && (reach[index] ?? false);
      const skips = isRun(part) && (next[index] ?? false);
      next.push(stays || steps || skips);
    }
    reach = next;
  }
  return reach.at(-1) ?? false;
}

type Part = { kind: "text"; char: string } | { kind: "one" } | { kind: "run" } | { kind: "deep" };

function tokens(glob: string): Part[] {
  const parts: Part[] = [];
  const chars = Array.from(glob);
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at] ?? "";
    if (char === "*" && chars[at + 1] === "*") {
      parts.push({ kind: "deep" });
      at += 1;
    } else if (char === "*") parts.push({ kind: "run" });
    else if (char === "?") parts.push({ kind: "one" });
    else parts.push({ kind: "text", char });
  }
  return parts;
}

function isRun(part: Part): boolean {
  return part.kind === "run" || part.kind === "deep";
}

function covers(part: Part, char: string): boolean {
  if (part.kind === "text") return part.char === char;
  return part.kind === "deep" || char !== "/";
}
