import { Worker } from "node:worker_threads";
import type { Head, Outcome, Turn } from "../../../pipelines/ports.ts";
import type { FromWorker, ToWorker } from "./messages.ts";

/** One loaded engine, wherever it runs. One turn at a time. */
export interface EngineHandle {
  /** @throws {EngineGone} when its thread died; the build is loaded again from its journal. */
  turn(outcome?: Outcome): Promise<Turn>;
  drop(): void;
}

/** Holds engines in a few threads, started with the first build. */
export interface EnginePool {
  load(build: number, head: Head): Promise<EngineHandle>;
  close(): Promise<void>;
}

/** An engine was lost with its thread. `culprit`: it was this build's turn that ended the thread. */
export class EngineGone extends Error {
  override readonly name = "EngineGone";
  readonly culprit: boolean;
  constructor(message: string, culprit: boolean) {
    super(message);
    this.culprit = culprit;
  }
}

interface Options {
  readonly threads: number;
  readonly heapMegabytes: number;
  /** A turn may take no longer; budgets by count end every real file long before. */
  readonly watchdogMs: number;
}

interface Waiting {
  readonly resolve: (answer: FromWorker) => void;
  readonly reject: (error: Error) => void;
  readonly watchdog: NodeJS.Timeout;
}

interface Thread {
  readonly worker: Worker;
  readonly cell: Int32Array;
  readonly waiting: Map<number, Waiting>;
  readonly builds: Set<number>;
  dead: boolean;
}

const DEFAULTS: Options = { threads: 2, heapMegabytes: 1024, watchdogMs: 20_000 };

export function createEnginePool(options: Partial<Options> = {}): EnginePool {
  const { threads: most, heapMegabytes, watchdogMs } = { ...DEFAULTS, ...options };
  const threads: Thread[] = [];

  function start(): Thread {
    const shared = new SharedArrayBuffer(4);
    const worker = new Worker(new URL("./engine-worker.ts", import.meta.url), {
      workerData: shared,
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
    });
    const thread: Thread = {
      worker,
      cell: new Int32Array(shared),
      waiting: new Map(),
      builds: new Set(),
      dead: false,
    };
    worker.on("message", (answer: FromWorker) => {
      const waiting = thread.waiting.get(answer.build);
      if (waiting === undefined) return;
      thread.waiting.delete(answer.build);
      clearTimeout(waiting.watchdog);
      waiting.resolve(answer);
    });
    let reason = "the thread of engines ended";
    worker.on("error", (error: unknown) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    worker.on("exit", () => {
      thread.dead = true;
      threads.splice(threads.indexOf(thread), 1);
      const culprit = Atomics.load(thread.cell, 0);
      for (const [build, waiting] of thread.waiting) {
        clearTimeout(waiting.watchdog);
        waiting.reject(new EngineGone(reason, build === culprit));
      }
      thread.waiting.clear();
    });
    worker.unref();
    threads.push(thread);
    return thread;
  }

  function leastBusy(): Thread {
    const [least] = threads.toSorted((a, b) => a.builds.size - b.builds.size);
    if (least === undefined || (least.builds.size > 0 && threads.length < most)) return start();
    return least;
  }

  function ask(thread: Thread, message: Exclude<ToWorker, { kind: "drop" }>): Promise<FromWorker> {
    if (thread.dead) return Promise.reject(new EngineGone("the thread of engines ended", false));
    return new Promise((resolve, reject) => {
      const watchdog = setTimeout(() => void thread.worker.terminate(), watchdogMs);
      watchdog.unref();
      thread.waiting.set(message.build, { resolve, reject, watchdog });
      thread.worker.postMessage(message);
    });
  }

  return {
    async load(build, head) {
      const thread = leastBusy();
      thread.builds.add(build);
      const loaded = await ask(thread, { kind: "load", build, head });
      if (loaded.kind === "failed") {
        thread.builds.delete(build);
        throw new Error(loaded.message);
      }
      return {
        async turn(outcome) {
          const answer = await ask(thread, {
            kind: "turn",
            build,
            ...(outcome === undefined ? {} : { outcome }),
          });
          if (answer.kind === "turned") return answer.turn;
          throw new Error(
            answer.kind === "failed" ? answer.message : "a turn was answered with something else",
          );
        },
        drop() {
          thread.builds.delete(build);
          if (!thread.dead) thread.worker.postMessage({ kind: "drop", build } satisfies ToWorker);
        },
      };
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.worker.terminate()));
    },
  };
}
