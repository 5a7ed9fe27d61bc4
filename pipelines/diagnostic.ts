/**
 * A stretch of a source text. `start` and `end` are offsets in UTF-16 units, `end` just behind the last one, so that
 * `text.slice(start, end)` is the stretch; lines and columns are 1-based and count UTF-16 units, as Jenkins does.
 */
export type Span = {
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
};

/** Another place that a diagnostic speaks of: the other half of a clash. */
export type RelatedSpan = { readonly message: string; readonly span: Span };

/** What a diagnostic does to the file: an error refuses it, a warning is only said. */
export type Severity = "error" | "warning";

/**
 * One thing to tell the author of a file. `code` is stable and searchable, `message` reads as Jenkins' own where
 * Jenkins has one, `hint` says how to put it right. Without `severity` it is an error.
 */
export type Diagnostic = {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly severity?: Severity;
  readonly span: Span;
  readonly related?: readonly RelatedSpan[];
};

/** True for a diagnostic that refuses the file. */
export function isError(diagnostic: Diagnostic): boolean {
  return (diagnostic.severity ?? "error") === "error";
}

/** The stretch from the beginning of one span to the end of another that does not lie before it. */
export function joinSpans(from: Span, to: Span): Span {
  return {
    start: from.start,
    end: to.end,
    line: from.line,
    column: from.column,
    endLine: to.endLine,
    endColumn: to.endColumn,
  };
}
