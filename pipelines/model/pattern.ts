/**
 * What is plainly wrong with a regular expression: a quantifier with nothing before it, or brackets that do not match.
 * Anything else is left to the engine that runs it.
 */
export function problemOfPattern(pattern: string): string | undefined {
  const groups: number[] = [];
  let inClass = -1;
  let quantifiable = false;
  for (let i = 0; i < pattern.length; i += 1) {
    const c = pattern[i] ?? "";
    if (c === "\\") {
      if (i + 1 >= pattern.length) return `Unexpected end of the pattern near index ${i}`;
      if (pattern[i + 1] === "Q") i = endOfQuote(pattern, i);
      else i += 1;
      quantifiable = true;
    } else if (inClass >= 0) {
      if (c === "]" && i > inClass + 1) inClass = -1;
    } else if (c === "[") {
      inClass = pattern[i + 1] === "^" ? i + 1 : i;
      quantifiable = true;
    } else if (c === "(") {
      groups.push(i);
      quantifiable = false;
      i = behindGroupHead(pattern, i);
    } else if (c === ")") {
      if (groups.pop() === undefined) return `Unmatched closing ')' near index ${i}`;
      quantifiable = true;
    } else if (c === "|") quantifiable = false;
    else if ("*+?{".includes(c) && !quantifiable) {
      return c === "{"
        ? `Illegal repetition near index ${i}`
        : `Dangling meta character '${c}' near index ${i}`;
    } else quantifiable = true;
  }
  if (inClass >= 0) return `Unclosed character class near index ${pattern.length - 1}`;
  return groups.length > 0 ? `Unclosed group near index ${pattern.length}` : undefined;
}

function endOfQuote(pattern: string, at: number): number {
  const end = pattern.indexOf("\\E", at + 2);
  return end < 0 ? pattern.length : end + 1;
}

/** The last character of `(`, `(?:`, `(?=`, `(?<name>`, `(?i)` and their like; flags alone close their own bracket. */
function behindGroupHead(pattern: string, at: number): number {
  const head = /^\(\?(?:<[A-Za-z]\w*>|<?[=!]|[:>]|[a-zA-Z-]*:?)/.exec(pattern.slice(at));
  return head === null ? at : at + head[0].length - 1;
}
