/** What a masked secret becomes. */
export const MASK = Buffer.from("****");

/** Shorter values would shred logs; secrets that short are refused when they are saved. */
export const MIN_NEEDLE_BYTES = 6;

const ESC = 0x1b;
// An escape sequence longer than this is taken for text.
const MAX_ESCAPE_BYTES = 64;

/**
 * The forms in which a secret shows up by accident: as it is, trimmed, line by line, base64 at each alignment, hex,
 * percent-encoded, quoted for JSON, XML and shells. Line breaks are left out: the masker does not see them.
 */
export function needlesOf(value: Buffer): Buffer[] {
  const found = new Map<string, Buffer>();
  const add = (bytes: Buffer): void => {
    const needle = withoutSkipped(bytes);
    if (needle.length >= MIN_NEEDLE_BYTES) found.set(needle.toString("latin1"), needle);
  };
  const text = value.toString("utf8");
  const isText = Buffer.from(text).equals(value);
  const forms = [value];
  if (isText) {
    forms.push(Buffer.from(text.trim()));
    for (const line of text.split(/\r?\n/)) forms.push(Buffer.from(line), Buffer.from(line.trim()));
  }
  for (const form of forms) {
    if (form.length < MIN_NEEDLE_BYTES) continue;
    add(form);
    // Whole, with its padding; the loop gives what is the same whatever stands beside it.
    add(Buffer.from(form.toString("base64")));
    for (const encoded of base64Forms(form)) add(encoded);
    add(Buffer.from(form.toString("hex")));
    add(Buffer.from(form.toString("hex").toUpperCase()));
    if (!isText) continue;
    for (const written of textForms(form.toString("utf8"))) add(Buffer.from(written));
  }
  return [...found.values()];
}

function textForms(text: string): string[] {
  const percent = encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const lower = percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  return [
    percent,
    lower,
    encodeURIComponent(text),
    encodeURI(text),
    percent.replaceAll("%20", "+"),
    lower.replaceAll("%20", "+"),
    JSON.stringify(text).slice(1, -1),
    text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;"),
    text.replaceAll("'", `'\\''`),
    text.replaceAll("'", `'"'"'`),
    text.replaceAll("$", "$$$$"),
    text.replaceAll("\\", "\\\\"),
    text.replace(/["$`\\]/g, "\\$&"),
  ];
}

// Encodes behind 0, 1 and 2 other bytes and leaves out the characters that depend on the neighbours.
function base64Forms(bytes: Buffer): Buffer[] {
  const forms: Buffer[] = [];
  for (const before of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    const stable = encoded.slice(
      before === 0 ? 0 : before + 1,
      Math.floor(((before + bytes.length) * 8) / 6),
    );
    forms.push(Buffer.from(stable), Buffer.from(stable.replaceAll("+", "-").replaceAll("/", "_")));
  }
  return forms;
}

function withoutSkipped(bytes: Buffer): Buffer {
  const kept: number[] = [];
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0;
    if (byte === ESC) {
      const size = escapeSize(bytes, i, bytes.length);
      if (size > 0) {
        i += size - 1;
        continue;
      }
    }
    if (byte !== 10 && byte !== 13) kept.push(byte);
  }
  return Buffer.from(kept);
}

/**
 * Length of the escape sequence at `at`; 0 if it is none; -1 if the end came before it was decided.
 */
function escapeSize(data: Buffer, at: number, end: number): number {
  if (at + 1 >= end) return -1;
  const kind = data[at + 1] ?? 0;
  const limit = Math.min(end, at + MAX_ESCAPE_BYTES);
  if (kind === 0x5b) {
    for (let i = at + 2; i < limit; i += 1) {
      const byte = data[i] ?? 0;
      if (byte >= 0x40 && byte <= 0x7e) return i + 1 - at;
      if (byte < 0x20 || byte > 0x3f) return 0;
    }
    return limit === end && end - at < MAX_ESCAPE_BYTES ? -1 : 0;
  }
  if (kind === 0x5d) {
    for (let i = at + 2; i < limit; i += 1) {
      const byte = data[i] ?? 0;
      if (byte === 7) return i + 1 - at;
      if (byte === ESC) {
        if (i + 1 >= end) return -1;
        return data[i + 1] === 0x5c ? i + 2 - at : 0;
      }
    }
    return limit === end && end - at < MAX_ESCAPE_BYTES ? -1 : 0;
  }
  return kind >= 0x40 && kind <= 0x5f ? 2 : 0;
}

/** A finished set of needles: an Aho-Corasick automaton over the bytes that occur in them. */
export class Needles {
  /** Class of a byte; 0: in no needle. */
  readonly classes = new Uint8Array(256);
  readonly classCount: number;
  /** Next state, at `state * classCount + class`. */
  readonly next: Int32Array;
  readonly depth: Int32Array;
  /** Length of the longest needle that ends in this state, 0 if none. */
  readonly match: Int32Array;
  readonly longest: number;

  constructor(needles: readonly Buffer[]) {
    let classCount = 1;
    let size = 1;
    let longest = 0;
    for (const needle of needles) {
      size += needle.length;
      longest = Math.max(longest, needle.length);
      for (const byte of needle) {
        // 255 other bytes and the class "none" fit; a 256th would not, and then shares the last class: it masks too much, never too little.
        if (this.classes[byte] === 0) this.classes[byte] = Math.min(classCount, 255);
        if (this.classes[byte] === classCount) classCount += 1;
      }
    }
    this.classCount = Math.min(classCount, 256);
    this.longest = longest;
    this.next = new Int32Array(size * this.classCount);
    this.depth = new Int32Array(size);
    this.match = new Int32Array(size);
    this.#link(this.#insert(needles));
  }

  // The trie; 0 is both the root and "no edge". Returns the number of states.
  #insert(needles: readonly Buffer[]): number {
    let states = 1;
    for (const needle of needles) {
      let state = 0;
      for (const byte of needle) {
        const edge = state * this.classCount + (this.classes[byte] ?? 0);
        let target = this.next[edge] ?? 0;
        if (target === 0) {
          target = states;
          states += 1;
          this.next[edge] = target;
          this.depth[target] = (this.depth[state] ?? 0) + 1;
        }
        state = target;
      }
      this.match[state] = needle.length;
    }
    return states;
  }

  // Breadth first: where the trie has no edge, go on from the longest suffix that is a beginning.
  #link(states: number): void {
    const fail = new Int32Array(states);
    const queue = new Int32Array(states);
    let tail = 0;
    for (let c = 0; c < this.classCount; c += 1) {
      const child = this.next[c] ?? 0;
      if (child !== 0) queue[tail++] = child;
    }
    for (let head = 0; head < tail; head += 1) {
      const state = queue[head] ?? 0;
      const back = fail[state] ?? 0;
      if (this.match[state] === 0) this.match[state] = this.match[back] ?? 0;
      for (let c = 0; c < this.classCount; c += 1) {
        const edge = state * this.classCount + c;
        const onward = this.next[back * this.classCount + c] ?? 0;
        const child = this.next[edge] ?? 0;
        if (child === 0) this.next[edge] = onward;
        else {
          fail[child] = onward;
          queue[tail++] = child;
        }
      }
    }
  }
}

/** The needles of many values in one automaton. */
export function needlesFor(values: readonly Buffer[]): Needles {
  return new Needles(values.flatMap((value) => needlesOf(value)));
}

/**
 * Replaces secrets in a stream of bytes. Line breaks and terminal escapes inside a secret do not hide it. What may be the
 * beginning of a secret is held back; starting again at `heldBytes` before the end of what was pushed gives the same bytes.
 */
export class Masker {
  readonly #needles: Needles;
  /** Raw bytes not given on, and the place of the first of them in the stream. */
  #data: Buffer = EMPTY;
  #base = 0;
  #state = 0;
  /** Places of the last bytes that the automaton has taken, as a ring. */
  readonly #ring: Float64Array;
  #seen = 0;
  /** How far the automaton has looked; behind it only an undecided escape. */
  #looked = 0;
  /** Secrets found and not yet given, in order, apart from each other. */
  #found: { from: number; to: number }[] = [];

  constructor(needles: Needles) {
    this.#needles = needles;
    this.#ring = new Float64Array(needles.longest + 1);
  }

  get heldBytes(): number {
    return this.#data.length;
  }

  /** Gives what is decided. The result may share memory with `chunk`. */
  push(chunk: Buffer): Buffer {
    if (this.#needles.longest === 0) return chunk;
    this.#data = this.#data.length === 0 ? chunk : Buffer.concat([this.#data, chunk]);
    this.#scan();
    return this.#give(this.#begun());
  }

  /** The stream is over: gives the rest. */
  flush(): Buffer {
    const rest = this.#give(this.#base + this.#data.length);
    this.#state = 0;
    this.#looked = this.#base;
    return rest;
  }

  // Where the text begins that may yet become a secret: the automaton's state is exactly that text.
  #begun(): number {
    const depth = this.#needles.depth[this.#state] ?? 0;
    return depth === 0 ? this.#looked : (this.#ring[(this.#seen - depth) % this.#ring.length] ?? 0);
  }

  #scan(): void {
    const { classes, classCount, next, match } = this.#needles;
    const data = this.#data;
    const ring = this.#ring;
    const base = this.#base;
    let state = this.#state;
    let at = this.#looked - base;
    while (at < data.length) {
      const byte = data[at] ?? 0;
      if (byte === ESC) {
        const escape = escapeSize(data, at, data.length);
        if (escape < 0) break;
        if (escape > 0) {
          at += escape;
          continue;
        }
      }
      if (byte === 10 || byte === 13) {
        at += 1;
        continue;
      }
      state = next[state * classCount + (classes[byte] ?? 0)] ?? 0;
      if (state !== 0) {
        ring[this.#seen % ring.length] = base + at;
        this.#seen += 1;
        const matched = match[state] ?? 0;
        if (matched > 0) {
          this.#note(ring[(this.#seen - matched) % ring.length] ?? 0, base + at + 1);
        }
      }
      at += 1;
    }
    this.#looked = base + at;
    this.#state = state;
  }

  // Secrets that overlap become one.
  #note(from: number, to: number): void {
    let start = from;
    for (;;) {
      const last = this.#found.at(-1);
      if (last === undefined || last.to <= start) break;
      start = Math.min(start, last.from);
      this.#found.pop();
    }
    this.#found.push({ from: start, to });
  }

  // Gives everything before `begun`, but for a secret that reaches beyond it: that one may yet grow.
  #give(begun: number): Buffer {
    const out: Buffer[] = [];
    const data = this.#data;
    let given = this.#base;
    let settled = 0;
    let until = begun;
    for (const { from, to } of this.#found) {
      if (to > begun) {
        until = Math.min(begun, from);
        break;
      }
      if (from > given) out.push(data.subarray(given - this.#base, from - this.#base));
      out.push(MASK);
      given = to;
      settled += 1;
    }
    if (settled > 0) this.#found = this.#found.slice(settled);
    if (until > given) {
      out.push(data.subarray(given - this.#base, until - this.#base));
      given = until;
    }
    const rest = data.subarray(given - this.#base);
    // The chunk's memory is the reader's: what is held is copied.
    this.#data = rest.length === 0 ? EMPTY : Buffer.from(rest);
    this.#base = given;
    return out.length === 1 ? (out[0] ?? EMPTY) : Buffer.concat(out);
  }
}

const EMPTY = Buffer.alloc(0);
