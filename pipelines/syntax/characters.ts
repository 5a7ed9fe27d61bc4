/** True for a letter as Groovy sees one: ASCII, `_`, and everything from U+00C0 on but the two signs × and ÷. */
export function isLetter(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    code === 95 ||
    (code >= 0xc0 && code !== 0xd7 && code !== 0xf7 && code !== 0xffff)
  );
}

/** True for `0` to `9`. */
export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** The offsets at which the lines of a text begin; `\n`, `\r\n` and `\r` end one. */
export function lineStartsOf(text: string): readonly number[] {
  const starts = [0];
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 10 || (code === 13 && text.charCodeAt(i + 1) !== 10)) starts.push(i + 1);
  }
  return starts;
}
