import fs from "node:fs";
import path from "node:path";
import { codeOf } from "../failure.ts";
import { LostAnswer } from "../faults.ts";
import type { Faults } from "../faults.ts";
import type { StepPoint } from "./points.ts";
import { readSmall } from "./segments.ts";
import type { RunFiles } from "./run-file.ts";

const { O_WRONLY, O_NONBLOCK, O_NOFOLLOW } = fs.constants;

/** How often we look even though nothing was reported: the kernel may drop or merge file events. */
const LOOK_EVERY_MS = 1000;

/** Who follows a step: `kick` after its output changed, `look` once a second. */
export interface Follows {
  kick(): void;
  look(): void;
}

/**
 * One container's supervisor as the runner sees it: files and a FIFO, no Docker. The build can write to `folder` (mounted
 * read-write) and not to `inFolder` (mounted read-only below it).
 */
export class Supervised {
  readonly folder: string;
  readonly inFolder: string;
  readonly nonce: string;
  readonly #faults: Faults<StepPoint>;
  readonly #followers = new Map<string, Follows>();
  #watcher: fs.FSWatcher | null = null;
  #timer: NodeJS.Timeout | null = null;
  #ctl: number | null = null;
  /** Called when a line finds no reader: somebody should look at the container. */
  onUnheard: () => void = () => undefined;

  constructor(options: { folder: string; inFolder: string; nonce: string; faults: Faults<StepPoint> }) {
    this.#faults = options.faults;
    this.folder = options.folder;
    this.inFolder = options.inFolder;
    this.nonce = options.nonce;
  }

  /** Makes the folders. Any user of the image can work in them; the parents let no other user of this machine in. */
  prepare(): void {
    for (const name of ["", "out", "st"]) {
      fs.mkdirSync(path.join(this.folder, name), { recursive: true });
      fs.chmodSync(path.join(this.folder, name), 0o777);
    }
    fs.mkdirSync(path.join(this.folder, "in"), { recursive: true });
    fs.mkdirSync(this.inFolder, { recursive: true });
    fs.chmodSync(this.inFolder, 0o755);
  }

  /** Before a start (again): what an earlier supervisor said does not count. */
  forgetReady(): void {
    fs.rmSync(path.join(this.folder, "ready"), { force: true });
    this.#closeCtl();
  }

  /** Waits until the supervisor has opened its FIFO; watch from before the start, the file comes before Docker's answer. */
  async ready(signal: AbortSignal): Promise<void> {
    const file = path.join(this.folder, "ready");
    let watcher: fs.FSWatcher | null = null;
    let timer: NodeJS.Timeout | null = null;
    let stop: (() => void) | null = null;
    try {
      await new Promise<void>((resolve, reject) => {
        const check = (): void => {
          if (fs.existsSync(file)) resolve();
        };
        stop = () => reject(signal.reason instanceof Error ? signal.reason : new Error("stopped"));
        if (signal.aborted) return stop();
        signal.addEventListener("abort", stop);
        watcher = fs.watch(this.folder, check);
        timer = setInterval(check, LOOK_EVERY_MS);
        check();
      });
    } finally {
      if (stop !== null) signal.removeEventListener("abort", stop);
      closeWatcher(watcher);
      if (timer !== null) clearInterval(timer);
    }
    this.tell(`hello ${this.nonce}`);
  }

  /** What the supervisor found out about its user: ids from the owner of its file, HOME as the engine set it. */
  user(): { uid: number; gid: number; home: string } {
    const { uid, gid } = fs.lstatSync(path.join(this.folder, "ready"));
    return { uid, gid, home: (readSmall(path.join(this.folder, "home"), 4096) ?? "").trim() };
  }

  /** Starts a written step, at most once, however often it is said. Returns false if nobody reads. */
  start(n: number, capture: boolean): boolean {
    this.#faults.before("step.start");
    const isHeard = this.tell(`run ${String(n)}${capture ? " cap" : ""}`);
    try {
      this.#faults.after("step.start");
    } catch (error) {
      // Nobody answers such a line: the next look says it again if nothing has come of it.
      if (!(error instanceof LostAnswer)) throw error;
    }
    return isHeard;
  }

  /** Sends one line. Returns false if nobody reads: the supervisor, and with it the container, is gone. */
  tell(line: string): boolean {
    try {
      this.#ctl ??= openFifo(path.join(this.folder, "ctl"));
      if (this.#ctl === null) {
        this.onUnheard();
        return false;
      }
      fs.writeSync(this.#ctl, `${line}\n`);
      return true;
    } catch (error) {
      const code = codeOf(error);
      // A full FIFO: the line is sent again by the next look.
      if (code === "EAGAIN") return true;
      if (code === "EPIPE" || code === "ENXIO" || code === "ENOENT") {
        this.#closeCtl();
        this.onUnheard();
        return false;
      }
      throw error;
    }
  }

  /** Writes a step's files, the run file last and whole: its presence says that the step is to run. */
  writeStep(n: number, files: RunFiles): void {
    if (files.script !== null) {
      fs.writeFileSync(path.join(this.inFolder, `${String(n)}.sh`), files.script, { mode: 0o755 });
    }
    const temporary = path.join(this.inFolder, `${String(n)}.tmp`);
    fs.writeFileSync(temporary, files.run, { mode: 0o644 });
    fs.renameSync(temporary, path.join(this.inFolder, `${String(n)}.run`));
  }

  isWritten(n: number): boolean {
    return fs.existsSync(path.join(this.inFolder, `${String(n)}.run`));
  }

  isClaimed(n: number): boolean {
    return fs.existsSync(path.join(this.folder, "st", `${String(n)}.pid`));
  }

  /** The step's process in the container, once it has one. */
  pidOf(n: number): number | null {
    const text = readSmall(path.join(this.folder, "st", `${String(n)}.pid`), 16) ?? "";
    return /^\d+\n/.test(text) ? Number.parseInt(text, 10) : null;
  }

  /** The waiter's second copy of the end: a code, or that the waiter was killed; null while there is none. */
  exitOf(n: number): { code: number | "lost"; oomKills: number | null } | null {
    const text = readSmall(path.join(this.folder, "st", `${String(n)}.exit`), 64) ?? "";
    const match = /^(\d{1,3}|lost) (\d+|-) end\n/.exec(text);
    if (match === null) return null;
    const [, code = "", kills = "-"] = match;
    return { code: code === "lost" ? "lost" : Number(code), oomKills: kills === "-" ? null : Number(kills) };
  }

  /** The container's memory as it was when a step ended in which processes were killed for it; null where nobody says. */
  memoryOf(n: number): { limitBytes: number | null; peakBytes: number | null } | null {
    const text = readSmall(path.join(this.folder, "st", `${String(n)}.mem`), 64) ?? "";
    const match = /^(\d{1,15}|-|max|\d{16,}) (\d{1,15}|-) end\n/.exec(text);
    if (match === null) return null;
    const [, limit = "", peak = ""] = match;
    return { limitBytes: bytesOf(limit), peakBytes: bytesOf(peak) };
  }

  /** How many processes the last sweep of a step met; null before it is done. */
  sweptOf(n: number): number | null {
    const text = readSmall(path.join(this.folder, "st", `${String(n)}.swept`), 32) ?? "";
    return /^\d+ end\n/.test(text) ? Number.parseInt(text, 10) : null;
  }

  forgetSweep(n: number): void {
    fs.rmSync(path.join(this.folder, "st", `${String(n)}.swept`), { force: true });
  }

  /** Removes the step's input, which may hold secrets. */
  forgetInput(n: number): void {
    for (const name of [`${String(n)}.sh`, `${String(n)}.run`]) {
      fs.rmSync(path.join(this.inFolder, name), { force: true });
    }
  }

  /** Removes the step's output too. The claim stays: a start line that comes late must find it. */
  forget(n: number): void {
    this.forgetInput(n);
    const prefix = `${String(n)}.`;
    const out = path.join(this.folder, "out");
    for (const name of fs.readdirSync(out)) {
      if (name.startsWith(prefix)) fs.rmSync(path.join(out, name), { force: true, recursive: true });
    }
  }

  follow(n: number, follower: Follows): void {
    this.#followers.set(String(n), follower);
    this.#watch();
  }

  unfollow(n: number): void {
    this.#followers.delete(String(n));
  }

  /** Stops following; the supervisor and its steps go on. */
  close(): void {
    closeWatcher(this.#watcher);
    this.#watcher = null;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#followers.clear();
    this.#closeCtl();
  }

  #watch(): void {
    if (this.#watcher !== null) return;
    this.#watcher = fs.watch(path.join(this.folder, "out"), (_event, name) => {
      if (name !== null) this.#followers.get(name.slice(0, name.indexOf(".")))?.kick();
    });
    // A folder that is removed under the watch ends with the session, by other ways.
    this.#watcher.on("error", () => closeWatcher(this.#watcher));
    this.#timer = setInterval(() => {
      for (const follower of this.#followers.values()) follower.look();
    }, LOOK_EVERY_MS);
  }

  #closeCtl(): void {
    if (this.#ctl !== null) fs.closeSync(this.#ctl);
    this.#ctl = null;
  }
}

// A container without a limit has a word or an astronomic number there.
function bytesOf(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function openFifo(file: string): number | null {
  const fd = fs.openSync(file, O_WRONLY | O_NONBLOCK | O_NOFOLLOW);
  if (fs.fstatSync(fd).isFIFO()) return fd;
  fs.closeSync(fd);
  return null;
}

function closeWatcher(watcher: fs.FSWatcher | null): void {
  watcher?.close();
}
