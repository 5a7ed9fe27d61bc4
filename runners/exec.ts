import { forgetAppend } from "./workspace/append-once.ts";
import { sharedFolder, shareFile, unshareFile } from "./shared-files.ts";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { RunnerFailure, codeOf, failureOf } from "./failure.ts";
import type { Link, Caller } from "./link.ts";
import { pause } from "./pause.ts";
import { SecretRef } from "./protocol.ts";
import type { Data, EnvMap, ExecCommand, ExecValue, MemoryUse, Outcome } from "./protocol.ts";
import { SESSION_FOLDER, runFiles } from "./step/run-file.ts";
import type { RunFiles } from "./step/run-file.ts";
import { StepFollower } from "./step/follower.ts";
import type { StepResult } from "./step/follower.ts";
import type { Supervised } from "./step/supervised.ts";
import { killedText } from "./memory-text.ts";
import { StepLog, readCheckpoint } from "./step-log.ts";
import type { LogLimits } from "./step-log.ts";
import { TeeSpool } from "./tee-spool.ts";
import type { SessionSecrets } from "./session-secrets.ts";
import { refsOfExec } from "./session-secrets.ts";

/** What a later process must know of a step besides its files in the session directory. Holds no secret. */
export const ExecRecord = z.strictObject({
  id: z.string(),
  n: z.int().positive(),
  container: z.string(),
  capture: z.boolean(),
  masks: z.array(SecretRef),
  token: z.string(),
  cancelled: z.boolean(),
  /** Files of the workspace that get its text as well. */
  tees: z.array(z.string()).optional(),
});
export type ExecRecord = z.infer<typeof ExecRecord>;

/** Where a step's process runs. */
export interface ExecPlace {
  readonly supervised: Supervised;
  readonly uid: number;
  readonly gid: number;
  /** Set where the image's user has no home of its own. */
  readonly env: EnvMap;
}

/** Appends a file of ours to one of the workspace, once for its id. */
export type AppendText = (path: string, id: string, from: string) => Promise<void>;

const MAX_INLINE_BYTES = 1024 * 1024;
// Rounds of looking for processes that left the step's group, after its KILL.
const SWEEPS = 20;
const SWEEP_PAUSE_MS = 50;
const STEP_MS = 20;

/** One step: begun here, or taken up from what an earlier process left. */
export class Exec {
  readonly record: ExecRecord;
  readonly #folder: string;
  readonly #caller: Caller;
  readonly #link: Link;
  readonly #secrets: SessionSecrets;
  readonly #limits: LogLimits;
  readonly #append: AppendText;
  readonly #tee: TeeSpool | null;
  readonly #stopped = new AbortController();
  #follower: StepFollower | null = null;
  #log: StepLog | null = null;
  #place: ExecPlace | null = null;
  #cancelling: Promise<void> | null = null;
  /** Known places of secret files that this step uses. */
  readonly #shared: string[] = [];
  /** Set when the container is gone, maybe before anybody follows. */
  #gone: RunnerFailure | null = null;

  constructor(options: {
    record: ExecRecord;
    /** The session's own folder, which no container sees. */
    folder: string;
    caller: Caller;
    link: Link;
    secrets: SessionSecrets;
    limits: LogLimits;
    append: AppendText;
  }) {
    this.record = options.record;
    this.#append = options.append;
    const { n, tees } = options.record;
    this.#tee =
      tees === undefined ? null : new TeeSpool(path.join(options.folder, "log", `${String(n)}.tee`));
    this.#folder = options.folder;
    this.#caller = options.caller;
    this.#link = options.link;
    this.#secrets = options.secrets;
    this.#limits = options.limits;
  }

  /** Writes the step's files and runs it to its end. */
  async begin(place: ExecPlace, command: ExecCommand): Promise<Outcome> {
    if (this.record.cancelled) return cancelledBefore();
    const { n } = this.record;
    this.#saveRecord();
    place.supervised.writeStep(n, this.#files(place, command));
    return this.follow(place);
  }

  /** Whether an earlier process came as far as writing the step's files. */
  isWritten(supervised: Supervised): boolean {
    return supervised.isWritten(this.record.n);
  }

  /** Follows a written step to its end; sends the start line, which starts it at most once. */
  async follow(place: ExecPlace): Promise<Outcome> {
    this.#place = place;
    const { n, capture, masks, id } = this.record;
    const file = path.join(this.#folder, "log", `${String(n)}.json`);
    const checkpoint = readCheckpoint(file);
    const log = new StepLog({
      put: (at, bytes) => this.#link.putLog(this.#caller, id, at, bytes),
      needles: this.#secrets.needles(masks),
      file,
      limits: this.#limits,
      checkpoint,
      tee: this.#tee,
    });
    this.#log = log;
    // A step just begun has nothing at the server; one that was may have.
    const isNew = checkpoint.segment === 0 && !place.supervised.isClaimed(n);
    if (!isNew) await log.resume();
    const follower = new StepFollower({
      supervised: place.supervised,
      n,
      capture,
      sink: log,
      from: { segment: checkpoint.segment, offset: checkpoint.offset },
      raw: checkpoint.raw,
    });
    this.#follower = follower;
    log.onDone = (segment) => follower.removeBefore(segment);
    log.onRoom = () => follower.kick();
    if (this.#stopped.signal.aborted) throw new Error("stopped");
    follower.start();
    if (this.#gone !== null) follower.containerGone(this.#gone);
    else if (this.record.cancelled) this.cancel(0);
    return this.#finish(log, follower);
  }

  /** TERM, after the grace KILL, then whatever left the group. Asked again, the shorter grace wins only before TERM. */
  cancel(graceMs: number): void {
    if (!this.record.cancelled) {
      this.record.cancelled = true;
      if (this.#place !== null) this.#saveRecord();
    }
    const place = this.#place;
    const follower = this.#follower;
    if (place === null || follower === null) return;
    this.#cancelling ??= this.#kill(place.supervised, follower, graceMs).catch(() => undefined);
  }

  /** The container is gone. */
  containerGone(reason: RunnerFailure): void {
    this.#gone = reason;
    this.#follower?.containerGone(reason);
  }

  /** Stops following; the step goes on, and its files stay for the next process. */
  stop(): void {
    this.#stopped.abort();
    this.#follower?.stop();
    this.#log?.abandon();
    this.#tee?.close();
  }

  /** The result is with the server: nothing of the step is needed any more. */
  forget(): void {
    this.#place?.supervised.forget(this.record.n);
    this.#log?.forget();
    this.#tee?.remove();
    for (const file of this.record.tees ?? []) forgetAppend(this.#folder, appendId(this.record, file));
    fs.rmSync(this.#recordFile(), { force: true });
    fs.rmSync(this.#secretFolder(this.#place?.supervised), { recursive: true, force: true });
    for (const folder of this.#shared.splice(0)) unshareFile(folder);
  }

  async #finish(log: StepLog, follower: StepFollower): Promise<Outcome> {
    let result: StepResult;
    try {
      result = await follower.ended;
    } catch (error) {
      await this.#cancelling;
      await log.end();
      await this.#writeTees();
      return { ok: false, failure: failureOf(error) };
    }
    await this.#cancelling;
    if (result.incomplete) {
      log.say("\n[Sluice: the end of this step's output may be missing: what carried it was killed]\n");
    }
    const { oomKills } = result;
    const memory = this.#memoryIf((oomKills ?? 0) > 0);
    // A script may go on without what was killed, and even end well: whoever reads its log must know.
    if (oomKills !== null && oomKills > 0) log.say(`\n[Sluice: ${killedText(oomKills, memory)}]\n`);
    await log.end();
    const failure = await this.#writeTees();
    this.#place?.supervised.forgetInput(this.record.n);
    if (failure !== null) return { ok: false, failure };
    return { ok: true, result: { of: "exec", value: await this.#valueOf(result, memory) } };
  }

  /** Why a file could not be written to; null where all is well. */
  async #writeTees(): Promise<ReturnType<typeof failureOf> | null> {
    const { tees = [] } = this.record;
    if (this.#tee === null || this.#stopped.signal.aborted) return null;
    this.#tee.close();
    try {
      for (const file of tees) await this.#append(file, appendId(this.record, file), this.#tee.file);
      if (this.#tee.isCut)
        throw new RunnerFailure(
          "no_space",
          "sluice",
          `no space left for what tee writes to ${tees.join(", ")}`,
        );
      return null;
    } catch (error) {
      return failureOf(error);
    }
  }

  #memoryIf(killed: boolean): MemoryUse | null {
    return killed ? (this.#place?.supervised.memoryOf(this.record.n) ?? null) : null;
  }

  async #valueOf(result: StepResult, memory: MemoryUse | null): Promise<ExecValue> {
    const { cancelled } = this.record;
    return {
      exit: Math.min(result.code, 255),
      signal: SIGNALS.get(result.code) ?? null,
      oom: (result.oomKills ?? 0) > 0,
      ...(memory === null ? {} : { memory }),
      cancelled,
      incomplete: result.incomplete,
      out: result.out === null ? null : await this.#dataOf(result.out),
    };
  }

  async #dataOf(bytes: Buffer): Promise<Data> {
    // Bytes that are no UTF-8 become U+FFFD.
    if (bytes.length <= MAX_INLINE_BYTES) return { kind: "text", text: bytes.toString("utf8") };
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const file = path.join(this.#folder, `out-${String(this.record.n)}`);
    fs.writeFileSync(file, bytes);
    try {
      await this.#link.putBlob(this.#caller, sha256, file, bytes.length);
    } finally {
      fs.rmSync(file, { force: true });
    }
    return { kind: "blob", blob: sha256, bytes: bytes.length };
  }

  async #kill(supervised: Supervised, follower: StepFollower, graceMs: number): Promise<void> {
    const { n, token } = this.record;
    const { signal } = this.#stopped;
    let over = false;
    const ended = follower.ended.then(
      () => (over = true),
      () => (over = true),
    );
    const isOver = (): boolean => over || signal.aborted;
    // The process has its number a moment after the step is claimed.
    while (!isOver() && supervised.pidOf(n) === null) await pause(STEP_MS, signal);
    for (const [word, waitMs] of [
      ["TERM", graceMs],
      ["KILL", 2000],
    ] as const) {
      if (isOver()) break;
      supervised.tell(`kill ${String(n)} ${word}`);
      const waiting = new AbortController();
      const stop = (): void => waiting.abort();
      signal.addEventListener("abort", stop);
      await Promise.race([ended, pause(waitMs, waiting.signal)]);
      signal.removeEventListener("abort", stop);
      waiting.abort();
    }
    for (let round = 0; round < SWEEPS && !signal.aborted; round += 1) {
      supervised.forgetSweep(n);
      if (!supervised.tell(`sweep ${String(n)} KILL ${token}`)) return;
      let met: number | null = null;
      for (let i = 0; i < 500 && met === null && !signal.aborted; i += 1) {
        await pause(STEP_MS, signal);
        met = supervised.sweptOf(n);
      }
      if (met === null || met === 0) return;
      await pause(SWEEP_PAUSE_MS, signal);
    }
  }

  #files(place: ExecPlace, command: ExecCommand): RunFiles {
    const env: EnvMap = { ...place.env, ...command.env };
    for (const [i, secret] of command.secrets.entries()) {
      const value = this.#secrets.valueOf(secret.ref);
      env[secret.variable] =
        secret.as === "value"
          ? value.toString("utf8")
          : this.#writeSecret(place, { i, ref: secret.ref, name: secret.fileName ?? "secret" }, value);
    }
    const { n, token } = this.record;
    return runFiles({ n, run: command.run, cwd: command.cwd, env, token });
  }

  // Read by nobody but the container's user; gone with the step.
  #writeSecret(place: ExecPlace, as: { i: number; ref: string; name: string }, value: Buffer): string {
    const { name } = as;
    if (name.includes("/") || name === "." || name === ".." || name.includes("\0")) {
      throw new RunnerFailure("refused", "file", `"${name}" cannot be the name of a secret file`);
    }
    const folder = path.join(this.#secretFolder(place.supervised), String(as.i));
    fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
    const file = path.join(folder, name);
    fs.writeFileSync(file, value, { mode: 0o400 });
    if (process.getuid?.() === 0) fs.chownSync(file, place.uid, place.gid);
    const shared = sharedFolder(as.ref);
    if (shared === null) return `${SESSION_FOLDER}/in/f/${String(this.record.n)}/${String(as.i)}/${name}`;
    const known = path.join(place.supervised.inFolder, "f", shared);
    shareFile(file, known, name);
    this.#shared.push(known);
    return `${SESSION_FOLDER}/in/f/${shared}/${name}`;
  }

  #secretFolder(supervised: Supervised | undefined): string {
    return path.join(supervised?.inFolder ?? this.#folder, "f", String(this.record.n));
  }

  #recordFile(): string {
    return recordFile(this.#folder, this.record.n);
  }

  #saveRecord(): void {
    const file = this.#recordFile();
    fs.writeFileSync(`${file}.new`, JSON.stringify(this.record));
    fs.renameSync(`${file}.new`, file);
  }
}

function appendId({ id }: ExecRecord, file: string): string {
  return `${id} ${file}`;
}

/** The record of a new step. The token, in the environment of every process of the step, is no secret. */
export function recordOf(
  command: ExecCommand,
  sessionMasks: readonly SecretRef[],
  nonce: string,
): ExecRecord {
  const hash = createHash("sha256")
    .update(`${nonce}\n${String(command.seq)}`)
    .digest("hex");
  return {
    id: command.id,
    n: command.seq,
    container: command.container,
    capture: command.capture === "stdout",
    masks: [...new Set([...sessionMasks, ...refsOfExec(command.secrets, command.masks)])],
    token: `${hash.slice(0, 24)}.${String(command.seq)}`,
    cancelled: false,
    ...(command.tees === undefined ? {} : { tees: command.tees }),
  };
}

/** Folders that execs need in a session's own folder. */
export function prepareExecFolders(folder: string): void {
  for (const name of ["exec", "log"]) fs.mkdirSync(path.join(folder, name), { recursive: true });
}

/** Records of the steps that an earlier process left. */
export function readExecRecords(folder: string): ExecRecord[] {
  const records: ExecRecord[] = [];
  for (const name of namesIn(path.join(folder, "exec"))) {
    if (!name.endsWith(".json")) continue;
    const text = fs.readFileSync(path.join(folder, "exec", name), "utf8");
    records.push(ExecRecord.parse(JSON.parse(text)));
  }
  return records.sort((a, b) => a.n - b.n);
}

/** Forgets a record whose step never got its files: the command comes again. */
export function dropExecRecord(folder: string, n: number): void {
  fs.rmSync(recordFile(folder, n), { force: true });
}

function recordFile(folder: string, n: number): string {
  return path.join(folder, "exec", `${String(n)}.json`);
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

function cancelledBefore(): Outcome {
  const message = "cancelled before it began";
  return { ok: false, failure: { code: "cancelled", message, fault: "person" } };
}

// A shell says that a signal ended the command by 128 and the signal's number.
const SIGNALS = new Map([
  [129, "HUP"],
  [130, "INT"],
  [131, "QUIT"],
  [134, "ABRT"],
  [136, "FPE"],
  [137, "KILL"],
  [139, "SEGV"],
  [141, "PIPE"],
  [143, "TERM"],
]);
