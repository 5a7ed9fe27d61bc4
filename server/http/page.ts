/** One page of rows that were asked for with one more than the limit, newest first by `id`. */
export function pageOf<Row extends { readonly id: number }>(
  rows: readonly Row[],
  limit: number,
): { readonly rows: readonly Row[]; readonly next: string | null } {
  if (rows.length <= limit) return { rows, next: null };
  const shown = rows.slice(0, limit);
  return { rows: shown, next: String(shown.at(-1)?.id ?? "") };
}

/** The id below which the page goes on; above every id when there is no cursor. */
export function cursorId(after: string | undefined): number {
  const id = Number(after ?? "");
  return after !== undefined && Number.isSafeInteger(id) && id > 0 ? id : Number.MAX_SAFE_INTEGER;
}
