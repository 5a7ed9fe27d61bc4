/** A colour as a program asked for it: one of the sixteen named ones, which follow the theme, or an exact one. */
export type Colour =
  | { readonly kind: "named"; readonly name: string }
  | { readonly kind: "exact"; readonly red: number; readonly green: number; readonly blue: number };

/** How text is to look; carried from line to line, because programs set a style once and print many lines. */
export interface Style {
  readonly ink?: Colour | undefined;
  readonly ground?: Colour | undefined;
  readonly bold?: boolean;
  readonly dim?: boolean;
  readonly italic?: boolean;
  readonly underlined?: boolean;
  readonly inverse?: boolean;
  readonly struck?: boolean;
}

/** A run of text in one style, perhaps a link the program declared (OSC 8; http and https only). */
export interface Span {
  readonly text: string;
  readonly style: Style;
  readonly href?: string | undefined;
}

/** The style at the beginning of a log. */
export const PLAIN: Style = {};

const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
const ESC = 0x1b;
const BEL = 0x07;
const BIDI = new Set([
  0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069,
]);

function named(index: number, bright: boolean): Colour {
  return { kind: "named", name: `${bright ? "bright-" : ""}${NAMES[index] ?? "white"}` };
}

/** The 256-colour palette of xterm: 16 named, a 6x6x6 cube, 24 greys. */
function indexed(index: number): Colour {
  if (index < 8) return named(index, false);
  if (index < 16) return named(index - 8, true);
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return { kind: "exact", red: grey, green: grey, blue: grey };
  }
  const level = (step: number): number => (step === 0 ? 0 : 55 + step * 40);
  const cube = index - 16;
  return {
    kind: "exact",
    red: level(Math.floor(cube / 36)),
    green: level(Math.floor(cube / 6) % 6),
    blue: level(cube % 6),
  };
}

/** Reads `5;n` or `2;r;g;b` after a 38 or 48; gives the colour and how many numbers it took. */
function extended(codes: readonly number[], at: number): { colour: Colour | undefined; used: number } {
  if (codes[at] === 5) return { colour: indexed(Math.min(255, codes[at + 1] ?? 0)), used: 2 };
  if (codes[at] === 2) {
    const byte = (value: number | undefined): number => Math.min(255, value ?? 0);
    const colour: Colour = {
      kind: "exact",
      red: byte(codes[at + 1]),
      green: byte(codes[at + 2]),
      blue: byte(codes[at + 3]),
    };
    return { colour, used: 4 };
  }
  return { colour: undefined, used: 1 };
}

/** Applies one "select graphic rendition". Codes we do not draw are passed over. */
function restyled(style: Style, parameters: string): Style {
  // A colon form, 38:2::r:g:b, has an empty colour space between; it is dropped, so that both forms read alike.
  const flat = parameters.replaceAll(/([34]8):2:[^:;]*:(\d+:\d+:\d+)/g, "$1:2:$2").replaceAll(":", ";");
  const codes = flat.split(";").map((code) => (code === "" ? 0 : Number(code)));
  let next: Style = style;
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 0) next = PLAIN;
    else if (code === 1) next = { ...next, bold: true };
    else if (code === 2) next = { ...next, dim: true };
    else if (code === 3) next = { ...next, italic: true };
    else if (code === 4) next = { ...next, underlined: true };
    else if (code === 7) next = { ...next, inverse: true };
    else if (code === 9) next = { ...next, struck: true };
    else if (code === 22) next = { ...next, bold: false, dim: false };
    else if (code === 23) next = { ...next, italic: false };
    else if (code === 24) next = { ...next, underlined: false };
    else if (code === 27) next = { ...next, inverse: false };
    else if (code === 29) next = { ...next, struck: false };
    else if (code >= 30 && code <= 37) next = { ...next, ink: named(code - 30, false) };
    else if (code >= 90 && code <= 97) next = { ...next, ink: named(code - 90, true) };
    else if (code >= 40 && code <= 47) next = { ...next, ground: named(code - 40, false) };
    else if (code >= 100 && code <= 107) next = { ...next, ground: named(code - 100, true) };
    else if (code === 39) next = { ...next, ink: undefined };
    else if (code === 49) next = { ...next, ground: undefined };
    else if (code === 38 || code === 48) {
      const { colour, used } = extended(codes, at + 1);
      next = code === 38 ? { ...next, ink: colour } : { ...next, ground: colour };
      at += used;
    }
  }
  return next;
}

/** Where the control sequence beginning at `at` (an escape) ends, exclusive; the text's length when it is unfinished. */
function endOfSequence(text: string, at: number): number {
  const kind = text[at + 1];
  if (kind === undefined) return text.length;
  if (kind === "[") {
    let end = at + 2;
    while (end < text.length) {
      const code = text.charCodeAt(end);
      end += 1;
      if (code >= 0x40 && code <= 0x7e) return end;
    }
    return text.length;
  }
  if (kind === "]" || kind === "P" || kind === "X" || kind === "^" || kind === "_") {
    for (let end = at + 2; end < text.length; end += 1) {
      const code = text.charCodeAt(end);
      if (code === BEL) return end + 1;
      if (code === ESC && text[end + 1] === "\\") return end + 2;
    }
    return text.length;
  }
  let end = at + 1;
  while (end < text.length && text.charCodeAt(end) >= 0x20 && text.charCodeAt(end) <= 0x2f) end += 1;
  return Math.min(text.length, end + 1);
}

/** The address of an OSC 8 link, or undefined where it closes one or names something other than a web page. */
function linkOf(sequence: string): string | undefined {
  const address = sequence.split(";").slice(2).join(";").replaceAll(String.fromCharCode(BEL), "");
  const bare = address.endsWith(`${String.fromCharCode(ESC)}\\`) ? address.slice(0, -2) : address;
  return /^https?:\/\//i.test(bare) ? bare : undefined;
}

/**
 * One line of a log as spans, and the style in which the next line begins. A carriage return starts the line over (only
 * the last state of a progress bar is shown), a backspace takes a character back, other control sequences are dropped,
 * and what would turn the direction of reading is shown by its number instead of obeyed.
 */
export function readLine(
  line: string,
  start: Style,
): { readonly spans: readonly Span[]; readonly end: Style } {
  let spans: Span[] = [];
  let style = start;
  let href: string | undefined;
  let text = "";
  let restart = false;
  const flush = (): void => {
    if (text !== "") spans.push({ text, style, href });
    text = "";
  };
  const put = (piece: string): void => {
    if (restart) {
      spans = [];
      text = "";
      restart = false;
    }
    text += piece;
  };
  for (let at = 0; at < line.length; at += 1) {
    const code = line.charCodeAt(at);
    if (code === ESC) {
      const end = endOfSequence(line, at);
      const sequence = line.slice(at, end);
      if (sequence.startsWith("\u001b[") && sequence.endsWith("m")) {
        flush();
        style = restyled(style, sequence.slice(2, -1));
      } else if (sequence.startsWith("\u001b]8;")) {
        flush();
        href = linkOf(sequence);
      } else if (sequence === "\u001b[2K" || sequence === "\u001b[1K") {
        spans = [];
        text = "";
      }
      at = end - 1;
    } else if (code === 0x0d) {
      flush();
      restart = true;
    } else if (code === 0x08) {
      if (text !== "") text = text.slice(0, -1);
      else {
        const last = spans.pop();
        if (last !== undefined && last.text.length > 1) spans.push({ ...last, text: last.text.slice(0, -1) });
      }
    } else if (code === 0x09 || (code >= 0x20 && code !== 0x7f && !(code >= 0x80 && code <= 0x9f))) {
      put(BIDI.has(code) ? `[U+${code.toString(16).toUpperCase()}]` : line.charAt(at));
    } else if (code === 0) put("\ufffd");
  }
  flush();
  return { spans, end: style };
}

/** The same line without any style: what is searched, copied and read aloud. */
export function plainText(line: string): string {
  return readLine(line, PLAIN)
    .spans.map((span) => span.text)
    .join("");
}
