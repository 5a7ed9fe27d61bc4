import type { RelatedSpan, Span } from "../../diagnostic.ts";
import type { Token } from "../token.ts";

/**
 * Where a brace was probably forgotten or is one too many: the first closing brace at the start of a line that does not
 * stand under the beginning of the line it closes. Both places, or nothing when the indentation tells nothing.
 */
export function suspectBraces(tokens: readonly Token[]): RelatedSpan[] {
  const open: Open[] = [];
  let indent = 1;
  let line = 0;
  for (const token of tokens) {
    const isFirst = token.kind !== "newline" && token.span.line !== line;
    if (isFirst) indent = token.span.column;
    if (token.kind !== "newline") line = token.span.endLine;
    if (token.kind !== "operator") continue;
    if (token.text === "{") open.push({ span: token.span, indent });
    else if (token.text === "}") {
      const opener = open.pop();
      if (opener !== undefined && isFirst && token.span.column !== opener.indent)
        return pair(opener, token.span);
    }
  }
  return [];
}

type Open = { readonly span: Span; readonly indent: number };

function pair(opener: Open, closer: Span): RelatedSpan[] {
  return [
    { message: "by its indentation, this closes another block than it should", span: closer },
    { message: "it closes the one that begins here", span: opener.span },
  ];
}
