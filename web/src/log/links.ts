/** A piece of text that is a web address, or is not. */
export interface Piece {
  readonly text: string;
  readonly href: string | undefined;
}

const ADDRESS = /https?:\/\/[^\s<>"'`\u3000-\u303f\uff00-\uffef]+/g;

/** What belongs to the sentence around an address rather than to it: trailing punctuation, and a bracket it did not open. */
function trimmed(address: string): string {
  let end = address.replace(/[.,;:!?]+$/, "");
  for (const [open, close] of [
    ["(", ")"],
    ["[", "]"],
  ] as const) {
    while (end.endsWith(close) && end.split(close).length > end.split(open).length) end = end.slice(0, -1);
  }
  return end;
}

/** Splits text at the addresses in it, so that each can be a link. */
export function piecesOf(text: string): readonly Piece[] {
  if (!text.includes("http")) return [{ text, href: undefined }];
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), href: undefined });
    pieces.push({ text: address, href: address });
    from = match.index + address.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), href: undefined });
  return pieces;
}
