import { RunnerFailure } from "../failure.ts";

const BLOCK = 512;

/** One entry of a tar archive, as POSIX pax writes it. */
export interface TarHeader {
  readonly path: string;
  readonly kind: "file" | "folder" | "link";
  readonly bytes: number;
  readonly executable: boolean;
  readonly modifiedAtMs: number;
  /** Where a link leads. */
  readonly target: string;
}

/** The blocks that go before an entry's content. */
export function tarHeader(header: TarHeader): Buffer {
  const name = header.kind === "folder" ? `${header.path}/` : header.path;
  const records: [string, string][] = [];
  if (Buffer.byteLength(name) > 100) records.push(["path", name]);
  if (Buffer.byteLength(header.target) > 100) records.push(["linkpath", header.target]);
  if (header.bytes > 0o77777777777) records.push(["size", String(header.bytes)]);
  const main = block(name, header);
  if (records.length === 0) return main;
  const body = Buffer.concat(records.map(([key, value]) => paxRecord(key, value)));
  const before = block("./pax", { ...header, kind: "file", bytes: body.length, target: "" }, "x");
  return Buffer.concat([before, body, tarPadding(body.length), main]);
}

/** What fills an entry's content up to whole blocks. */
export function tarPadding(bytes: number): Buffer {
  return Buffer.alloc((BLOCK - (bytes % BLOCK)) % BLOCK);
}

/** What ends an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

function block(name: string, header: TarHeader, type?: string): Buffer {
  const out = Buffer.alloc(BLOCK);
  out.write(name.slice(0, 100), 0, 100, "utf8");
  const mode = header.kind === "folder" || header.executable ? 0o755 : 0o644;
  writeOctal(out, mode, 100, 8);
  writeOctal(out, 0, 108, 8);
  writeOctal(out, 0, 116, 8);
  writeOctal(out, header.kind === "file" ? Math.min(header.bytes, 0o77777777777) : 0, 124, 12);
  writeOctal(out, Math.max(0, Math.floor(header.modifiedAtMs / 1000)), 136, 12);
  out.write(type ?? TYPES[header.kind], 156, 1, "latin1");
  out.write(header.target.slice(0, 100), 157, 100, "utf8");
  out.write("ustar\u000000", 257, 8, "latin1");
  out.fill(0x20, 148, 156);
  let sum = 0;
  for (const byte of out) sum += byte;
  out.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148, 8, "latin1");
  return out;
}

const TYPES = { file: "0", folder: "5", link: "2" } as const;

function writeOctal(out: Buffer, value: number, at: number, size: number): void {
  out.write(`${value.toString(8).padStart(size - 1, "0")}\u0000`, at, size, "latin1");
}

// "LENGTH key=value\n", where LENGTH counts itself.
function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let size = bytes + String(bytes).length;
  if (bytes + String(size).length !== size) size = bytes + String(size).length;
  return Buffer.from(`${String(size)}${rest}`);
}

/** Takes the entries of an archive one after another; `content` must be read to its end before the next is asked for. */
export interface TarEntry extends TarHeader {
  content(): AsyncGenerator<Buffer>;
}

/** Reads an archive as it comes. Entries that are neither file, folder nor link are left out. */
export async function* readTar(stream: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const bytes = new ByteReader(stream);
  let pax = new Map<string, string>();
  for (;;) {
    const head = await bytes.take(BLOCK);
    if (head === null || head.every((byte) => byte === 0)) return;
    const type = String.fromCharCode(head[156] ?? 0);
    const size = Number(pax.get("size") ?? octal(head, 124, 12));
    if (!Number.isSafeInteger(size) || size < 0) throw broken();
    if (type === "x" || type === "g") {
      const body = await bytes.take(size);
      await bytes.take(tarPadding(size).length);
      if (body === null || size > 1024 * 1024) throw broken();
      if (type === "x") pax = paxRecords(body);
      continue;
    }
    const kind =
      type === "5" ? "folder" : type === "2" ? "link" : type === "0" || type === "\u0000" ? "file" : null;
    const prefix = text(head, 345, 155);
    const short = text(head, 0, 100);
    const path = (pax.get("path") ?? (prefix === "" ? short : `${prefix}/${short}`)).replace(/\/+$/, "");
    let left = size;
    const content = async function* (): AsyncGenerator<Buffer> {
      while (left > 0) {
        const part = await bytes.some(left);
        if (part === null) throw broken();
        left -= part.length;
        yield part;
      }
    };
    if (kind !== null) {
      const modifiedAtMs = Number(octal(head, 136, 12)) * 1000;
      const executable = (Number(octal(head, 100, 8)) & 0o100) !== 0;
      const target = pax.get("linkpath") ?? text(head, 157, 100);
      yield { path, kind, bytes: size, executable, modifiedAtMs, target, content };
    }
    for await (const part of content()) void part;
    await bytes.take(tarPadding(size).length);
    pax = new Map();
  }
}

class ByteReader {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.#source = stream[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes; null if the stream ended before the first of them. */
  async take(count: number): Promise<Buffer | null> {
    while (this.#rest.length < count) {
      const next = await this.#source.next();
      if (next.done === true) {
        if (this.#rest.length === 0) return null;
        throw broken();
      }
      this.#rest = Buffer.concat([this.#rest, next.value]);
    }
    const taken = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    return taken;
  }

  /** Between one byte and `most`. */
  async some(most: number): Promise<Buffer | null> {
    if (this.#rest.length === 0) {
      const next = await this.#source.next();
      if (next.done === true) return null;
      this.#rest = next.value;
    }
    return this.take(Math.min(most, this.#rest.length));
  }
}

function paxRecords(body: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(0x20, at);
    const size = Number(body.toString("latin1", at, Math.max(space, at)));
    if (space < 0 || !Number.isSafeInteger(size) || size <= 0 || at + size > body.length) throw broken();
    const record = body.toString("utf8", space + 1, at + size - 1);
    const equals = record.indexOf("=");
    if (equals > 0) records.set(record.slice(0, equals), record.slice(equals + 1));
    at += size;
  }
  return records;
}

function octal(head: Buffer, at: number, size: number): string {
  const digits = text(head, at, size).trim();
  return digits === "" ? "0" : String(Number.parseInt(digits, 8));
}

function text(head: Buffer, at: number, size: number): string {
  const end = head.indexOf(0, at);
  return head.toString("utf8", at, end >= at && end < at + size ? end : at + size);
}

function broken(): RunnerFailure {
  return new RunnerFailure("internal", "sluice", "the archive is damaged");
}
