import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Backend, OnWritten } from "../backend.ts";
import type { Clock } from "../clock.ts";
import { StoreError, messageOf } from "../errors.ts";
import { tablesWritten } from "../names.ts";
import type { Durability, Query, StepResult } from "../procedure.ts";
import type { Answer, CallOutcome, ErrorMessage, GroupCall, Request, ThreadData } from "./messages.ts";

/** Transactions that may share one commit. */
const GROUP_LIMIT = 64;

/** How long a group waits for another program that writes to the file, as a copying tool does, before its callers are told. */
const LOCKED_MS = 30_000;

interface Waiting {
  call: GroupCall;
  durability: Durability;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

interface Reading {
  resolve(result: StepResult): void;
  reject(error: unknown): void;
}

/**
 * Opens the SQLite file of a data folder in its thread.
 * @throws {StoreError} `corrupt`, `newer_schema`.
 */
export async function openSqlite(options: {
  dataFolder: string;
  clock: Clock;
  procedures: readonly string[];
  onWritten: OnWritten;
}): Promise<Backend> {
  mkdirSync(options.dataFolder, { recursive: true, mode: 0o700 });
  const data: ThreadData = {
    file: join(options.dataFolder, "sluice.sqlite"),
    backupFolder: join(options.dataFolder, "backups"),
    procedures: options.procedures,
    nowMs: options.clock.nowMs(),
  };
  const thread = new Worker(new URL("./thread.ts", import.meta.url), { workerData: data, name: "database" });
  const durabilities = await readiness(thread);
  return new SqliteClient(thread, options.clock, durabilities, options.onWritten);
}

async function readiness(thread: Worker): Promise<ReadonlyMap<string, Durability>> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const ended = (): void => reject(new StoreError("away", "the database thread ended while starting"));
  thread.once("message", resolve).once("error", reject).once("exit", ended);
  const answer = await promise;
  // One by one: a Worker has listeners of its own.
  thread.off("error", reject).off("exit", ended);
  if (answer.kind === "ready") return answer.durabilities;
  if (answer.kind === "refused") throw toError(answer.error);
  throw new Error(`the database thread began with ${answer.kind}`);
}

/**
 * The main thread's side. One group is under way at a time; what arrives meanwhile is the next group, so a burst
 * shares commits and a lone transaction waits for nobody.
 */
class SqliteClient implements Backend {
  readonly #thread: Worker;
  readonly #clock: Clock;
  readonly #durabilities: ReadonlyMap<string, Durability>;
  readonly #onWritten: OnWritten;
  readonly #queue: Waiting[] = [];
  readonly #reads = new Map<number, Reading>();
  #group: Waiting[] = [];
  #lockedSince: number | undefined; // by the monotonic clock
  #lastId = 0;
  #closed: { promise: Promise<void>; resolve: () => void } | undefined;
  #failure: StoreError | undefined;

  constructor(
    thread: Worker,
    clock: Clock,
    durabilities: ReadonlyMap<string, Durability>,
    onWritten: OnWritten,
  ) {
    this.#thread = thread;
    this.#clock = clock;
    this.#durabilities = durabilities;
    this.#onWritten = onWritten;
    thread.on("message", (answer: Answer) => this.#receive(answer));
    thread.on("error", (error) =>
      this.#fail(new StoreError("away", `the database thread failed: ${messageOf(error)}`, error)),
    );
    thread.on("exit", () => this.#fail(new StoreError("closed", "the store is closed")));
  }

  query(query: Query): Promise<StepResult> {
    if (tablesWritten(query.sql).length === 0) return this.#read(query);
    return new Promise((resolve, reject) => {
      this.#enqueue({
        call: { kind: "statement", nowMs: this.#clock.nowMs(), query },
        durability: "full",
        resolve: (result) => resolve(isStepResult(result) ? result : { rows: [], changes: 0 }),
        reject,
      });
    });
  }

  call(name: string, input: unknown): Promise<unknown> {
    const durability = this.#durabilities.get(name);
    if (durability === undefined) {
      return Promise.reject(
        new StoreError("unknown_procedure", `procedure ${name} is in none of the modules given to openStore`),
      );
    }
    return new Promise((resolve, reject) => {
      const call: GroupCall = { kind: "procedure", nowMs: this.#clock.nowMs(), name, input };
      this.#enqueue({ call, durability, resolve, reject });
    });
  }

  async nowMs(): Promise<number> {
    return this.#clock.nowMs();
  }

  async close(): Promise<void> {
    if (this.#closed !== undefined) return this.#closed.promise;
    if (this.#failure !== undefined) return;
    const closed = Promise.withResolvers<void>();
    this.#closed = closed;
    // Behind the groups: what was accepted is committed first.
    this.#pump();
    return closed.promise;
  }

  #read(query: Query): Promise<StepResult> {
    const { promise, resolve, reject } = Promise.withResolvers<StepResult>();
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      reject(refusal);
      return promise;
    }
    const id = this.#nextId();
    this.#reads.set(id, { resolve, reject });
    try {
      this.#post({ kind: "read", id, query });
    } catch (error) {
      this.#reads.delete(id);
      reject(error);
    }
    return promise;
  }

  #enqueue(waiting: Waiting): void {
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      waiting.reject(refusal);
      return;
    }
    this.#queue.push(waiting);
    this.#pump();
  }

  #refusal(): StoreError | undefined {
    if (this.#failure !== undefined) return this.#failure;
    return this.#closed === undefined ? undefined : new StoreError("closed", "the store is closed");
  }

  #pump(): void {
    if (this.#group.length > 0) return;
    if (this.#queue.length > 0) this.#send(this.#queue.splice(0, GROUP_LIMIT));
    else if (this.#closed !== undefined) this.#post({ kind: "close", id: this.#nextId() });
  }

  #send(group: Waiting[]): void {
    const durability = group.some((waiting) => waiting.durability === "full") ? "full" : "normal";
    try {
      this.#post({
        kind: "group",
        id: this.#nextId(),
        durability,
        calls: group.map((waiting) => waiting.call),
      });
      this.#group = group;
    } catch (error) {
      this.#withoutUncloneable(group, error);
    }
  }

  /** One input that cannot cross the thread's border must not take its neighbours with it. */
  #withoutUncloneable(group: Waiting[], error: unknown): void {
    if (group.length === 1) {
      for (const waiting of group) waiting.reject(error);
    } else {
      const [good, bad] = parted(group, (waiting) => isCloneable(waiting.call));
      for (const waiting of bad) waiting.reject(error);
      this.#queue.unshift(...good);
    }
    this.#pump();
  }

  #receive(answer: Answer): void {
    switch (answer.kind) {
      case "locked":
        this.#againUnlessTooLong(answer.error);
        return;
      case "group":
        this.#lockedSince = undefined;
        this.#settle(answer.outcomes);
        if (answer.written.length > 0) this.#onWritten(answer.written);
        this.#pump();
        return;
      case "read":
        this.#settleRead(answer);
        return;
      case "closed":
        this.#closed?.resolve();
        return;
      case "ready":
      case "refused":
        return;
    }
  }

  /** Reads that came meanwhile are before the group in the thread's queue: they need no lock. */
  #againUnlessTooLong(error: ErrorMessage): void {
    const group = this.#group;
    this.#group = [];
    this.#lockedSince ??= performance.now();
    if (performance.now() - this.#lockedSince < LOCKED_MS) {
      this.#send(group);
      return;
    }
    for (const waiting of group) waiting.reject(toError(error));
    this.#pump();
  }

  #settle(outcomes: readonly CallOutcome[]): void {
    const group = this.#group;
    this.#group = [];
    for (const [at, waiting] of group.entries()) {
      const outcome = outcomes[at];
      if (outcome === undefined) waiting.reject(new Error("the database thread left a call without outcome"));
      else if (outcome.ok) waiting.resolve(outcome.result);
      else waiting.reject(toError(outcome.error));
    }
  }

  #settleRead(answer: Extract<Answer, { kind: "read" }>): void {
    const reading = this.#reads.get(answer.id);
    this.#reads.delete(answer.id);
    if (answer.outcome.ok) reading?.resolve(answer.outcome.result);
    else reading?.reject(toError(answer.outcome.error));
  }

  #fail(error: StoreError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    const lost = [...this.#group, ...this.#queue.splice(0), ...this.#reads.values()];
    this.#group = [];
    this.#reads.clear();
    for (const waiting of lost) waiting.reject(error);
    this.#closed?.resolve();
  }

  #post(request: Request): void {
    this.#thread.postMessage(request);
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }
}

function parted<T>(items: readonly T[], isGood: (item: T) => boolean): [T[], T[]] {
  const good: T[] = [];
  const bad: T[] = [];
  for (const item of items) (isGood(item) ? good : bad).push(item);
  return [good, bad];
}

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

function isStepResult(value: unknown): value is StepResult {
  return typeof value === "object" && value !== null && "rows" in value && "changes" in value;
}

function toError(message: ErrorMessage): StoreError {
  const cause = message.stack === null ? undefined : { stack: message.stack };
  return new StoreError(message.code, message.message, cause);
}
