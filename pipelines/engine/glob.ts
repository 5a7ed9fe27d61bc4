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
    reachable =
      part === "**"
        ? fromFirst(reachable, path.length)
        : stepped(reachable, (at) => {
            const segment = path[at];
            return segment !== undefined && segmentMatches(part, segment);
          });
  }
  return reachable.has(path.length);
}

function segmentMatches(pattern: string, text: string): boolean {
  let reachable = new Set([0]);
  for (const c of pattern)
    reachable =
      c === "*"
        ? fromFirst(reachable, text.length)
        : stepped(reachable, (at) => at < text.length && (c === "?" || c === text.charAt(at)));
  return reachable.has(text.length);
}

/** Everything from the first place reached to the end. */
function fromFirst(reachable: ReadonlySet<number>, end: number): Set<number> {
  const next = new Set<number>();
  // Places are added in rising order, so the first one is the least.
  const [first] = reachable;
  if (first !== undefined) for (let i = first; i <= end; i += 1) next.add(i);
  return next;
}

function stepped(reachable: ReadonlySet<number>, fits: (at: number) => boolean): Set<number> {
  const next = new Set<number>();
  for (const at of reachable) if (fits(at)) next.add(at + 1);
  return next;
}
