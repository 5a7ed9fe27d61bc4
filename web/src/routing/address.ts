/** What the address bar says: the path, the query and the lines chosen. */
export interface Address {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly hash: string;
}

/** The named pieces of a path that fits a pattern such as `/p/:project/b/:number`; undefined when it does not fit. */
export function matchPath(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const wanted = pattern.split("/").filter((piece) => piece !== "");
  const given = path.split("/").filter((piece) => piece !== "");
  if (wanted.length !== given.length) return undefined;
  const values: Record<string, string> = {};
  for (const [index, piece] of wanted.entries()) {
    const value = decoded(given[index] ?? "");
    if (value === undefined) return undefined;
    if (piece.startsWith(":")) values[piece.slice(1)] = value;
    else if (piece !== value) return undefined;
  }
  return values;
}

function decoded(piece: string): string | undefined {
  try {
    return decodeURIComponent(piece);
  } catch {
    return undefined; // A stray percent sign, as people paste them: an unknown page, not a broken one.
  }
}

/** The id in an address, when it is one: a whole number above zero. */
export function parseId(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

/** Where to go back to after signing in: a path of this page only, never another host. */
export function safeReturn(wanted: string | null): string {
  if (wanted === null || !wanted.startsWith("/") || wanted.startsWith("//") || wanted.startsWith("/\\"))
    return "/";
  return wanted;
}
