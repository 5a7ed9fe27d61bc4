/** Ant's patterns: `*` and `?` within a segment, `**` for any number of segments. */
export function globMatches(
  pattern: string,
  path: string,
  options: { readonly ignoreCase: boolean },
): boolean {
  const fold = (text: string): string => (options.ignoreCase ? text.toLowerCase() : text);
  const wanted = fold(pattern.endsWith("/") ? `${pattern}**` : pattern).split("/");
  return segmentsMatch(wanted, fold(path).split("/"));
}

/** Row by row over the pattern, so that many `**` cost no more than pattern times path. */
function segmentsMatch(pattern: readonly string[], path: readonly string[]): boolean {
  let reachable = new Set([0]);
  for (const part of pattern) {
    const next = new Set<number>();
    for (const at of reachable) {
      if (part === "**") for (let i = at; i <= path.length; i += 1) next.add(i);
      else {
        const segment = path[at];
        if (segment !== undefined && segmentMatches(part, segment)) next.add(at + 1);
      }
    }
    reachable = next;
  }
  return reachable.has(path.length);
}

function segmentMatches(pattern: string, text: string): boolean {
  let reachable = new Set([0]);
  for (const c of pattern) {
    const next = new Set<number>();
    for (const at of reachable) {
      if (c === "*") for (let i = at; i <= text.length; i += 1) next.add(i);
      else if (at < text.length && (c === "?" || c === text.charAt(at))) next.add(at + 1);
    }
    reachable = next;
  }
  return reachable.has(text.length);
}
