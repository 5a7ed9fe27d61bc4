import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { ForgeError } from "../errors.ts";
import { environment, FLAGS } from "./run.ts";

/** Contents above this are not read; only their size is known. */
const MAX_CONTENT_BYTES = 16 * 1024 * 1024;
/** A process that was not asked for so long ends. */
const IDLE_MS = 30_000;
const NEWLINE = 0x0a;

/** An object of a repository; `content` is null where it is larger than anybody wants to read. */
export interface GitObject {
  readonly id: string;
  readonly type: string;
  readonly sizeBytes: number;
  readonly content: Buffer | null;
}

/** The objects of one bare repository, read through one git that stays: starting one costs more than most answers. */
export interface GitObjects {
  /** The object of a name such as `<sha>^{tree}`, or null when it is not here. @throws {ForgeError} */
  read(name: string, signal: AbortSignal): Promise<GitObject | null>;
  /** Ends the process; the next reading starts another. */
  close(): void;
}

interface Waiting {
  readonly resolve: (object: GitObject | null) => void;
  readonly reject: (error: ForgeError) => void;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** Makes the reader. The process neither keeps ours alive nor outlives it: its input ends with us. */
export function openObjects(options: { gitDir: string; home: string }): GitObjects {
  let process: BatchProcess | undefined;
  const close = (): void => {
    process?.end(new ForgeError("away", "the reader of the mirror was closed"));
    process = undefined;
  };
  return {
    close,
    read: async (name, signal) => {
      if (signal.aborted) throw new ForgeError("away", "reading the mirror was given up");
      if (process === undefined || process.isOver) process = new BatchProcess(options);
      const current = process;
      const stop = (): void => current.end(new ForgeError("away", "reading the mirror took too long"));
      signal.addEventListener("abort", stop, { once: true });
      try {
        return await current.read(name);
      } finally {
        signal.removeEventListener("abort", stop);
      }
    },
  };
}

/** One `git cat-file --batch`: names go in, answers come in their order. Source: git-cat-file(1) */
class BatchProcess {
  isOver = false;
  readonly #child: Child;
  readonly #waiting: Waiting[] = [];
  readonly #idle: NodeJS.Timeout;
  #input: Buffer = Buffer.alloc(0);

  constructor({ gitDir, home }: { gitDir: string; home: string }) {
    this.#child = spawn("git", [...FLAGS, `--git-dir=${gitDir}`, "cat-file", "--batch"], {
      env: environment(home, undefined),
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.#idle = setTimeout(() => this.#endIdle(), IDLE_MS);
    this.#idle.unref();
    this.#child.stdout.on("data", (chunk: Buffer) => this.#take(chunk));
    this.#child.stdin.on("error", () => {});
    this.#child.on("error", (cause) =>
      this.end(new ForgeError("away", `git did not run: ${cause.message}`, { cause })),
    );
    this.#child.on("close", () => this.end(new ForgeError("away", "git ended while the mirror was read")));
  }

  read(name: string): Promise<GitObject | null> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#hold();
      this.#child.stdin.write(`${name}\n`);
    });
  }

  end(why: ForgeError): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.#idle);
    this.#child.kill("SIGKILL");
    for (const waiting of this.#waiting.splice(0)) waiting.reject(why);
  }

  #endIdle(): void {
    if (this.#waiting.length > 0) this.#idle.refresh();
    else this.end(new ForgeError("away", "the reader of the mirror had nothing to do"));
  }

  #take(chunk: Buffer): void {
    this.#input = this.#input.byteLength === 0 ? chunk : Buffer.concat([this.#input, chunk]);
    while (this.#waiting.length > 0 && this.#answerFirst());
    if (this.#waiting.length === 0) this.#release();
  }

  /** Answers the reading that waits longest, if its answer is here whole. */
  #answerFirst(): boolean {
    const end = this.#input.indexOf(NEWLINE);
    if (end < 0) return false;
    const head = this.#input.toString("utf8", 0, end);
    const found = /^([0-9a-f]{40,64}) (\w+) (\d+)$/u.exec(head);
    if (found === null) {
      this.#input = this.#input.subarray(end + 1);
      this.#waiting.shift()?.resolve(null);
      return true;
    }
    const [, id = "", type = "", size = "0"] = found;
    const sizeBytes = Number(size);
    if (sizeBytes > MAX_CONTENT_BYTES) {
      this.#waiting.shift()?.resolve({ id, type, sizeBytes, content: null });
      // It is on its way already; a new process is quicker than reading past it.
      this.end(new ForgeError("away", "git was stopped in the middle of a large object"));
      return false;
    }
    const from = end + 1;
    if (this.#input.byteLength <= from + sizeBytes) return false;
    const content = Buffer.from(this.#input.subarray(from, from + sizeBytes));
    this.#input = this.#input.subarray(from + sizeBytes + 1);
    this.#waiting.shift()?.resolve({ id, type, sizeBytes, content });
    return true;
  }

  /** While an answer is awaited the process counts as work of ours. */
  #hold(): void {
    this.#child.ref();
    refPipes(this.#child, true);
  }

  #release(): void {
    this.#idle.refresh();
    this.#child.unref();
    refPipes(this.#child, false);
  }
}

function refPipes({ stdin, stdout }: Child, held: boolean): void {
  for (const pipe of [stdin, stdout]) {
    if (!("ref" in pipe) || typeof pipe.ref !== "function") continue;
    if (!("unref" in pipe) || typeof pipe.unref !== "function") continue;
    if (held) pipe.ref();
    else pipe.unref();
  }
}
