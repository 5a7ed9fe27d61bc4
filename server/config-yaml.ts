import { LineCounter, isMap, isNode, isPair, isScalar, parseDocument } from "yaml";

/** A YAML document read, and the line at which each of its values stands. */
export type YamlResult =
  | { readonly ok: true; readonly value: unknown; lineOf(path: readonly PropertyKey[]): number }
  | { readonly ok: false; readonly problems: readonly { readonly line: number; readonly text: string }[] };

/** Aliases that one document may use; more is a bomb. */
const MAX_ALIASES = 50;

/** Reads one document without custom tags and merge keys. Lines count from 1. */
export function readYaml(text: string): YamlResult {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    merge: false,
    uniqueKeys: true,
    prettyErrors: false,
  });
  const problems = [...document.errors, ...document.warnings].map((error) => ({
    line: lines.linePos(error.pos[0]).line,
    text: error.message,
  }));
  if (problems.length > 0) return { ok: false, problems };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    return {
      ok: false,
      problems: [{ line: 1, text: cause instanceof Error ? cause.message : String(cause) }],
    };
  }
  return { ok: true, value, lineOf };

  /** The line of the innermost part of the path that is written down. */
  function lineOf(path: readonly PropertyKey[]): number {
    for (let depth = path.length; depth > 0; depth -= 1) {
      const offset = offsetOf(
        path.slice(0, depth).map((part) => (typeof part === "number" ? part : String(part))),
      );
      if (offset !== null) return lines.linePos(offset).line;
    }
    return 1;
  }

  function offsetOf(path: readonly (string | number)[]): number | null {
    const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
    const last = path.at(-1);
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === last);
      return pair !== undefined && isNode(pair.key) ? (pair.key.range?.[0] ?? null) : null;
    }
    const node = document.getIn(path, true);
    return isNode(node) ? (node.range?.[0] ?? null) : null;
  }
}
