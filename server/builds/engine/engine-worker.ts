/** A thread that holds loaded engines. It knows pipelines and nothing else: no store, no clock, no network. */
import { parentPort, workerData } from "node:worker_threads";
import { createEngine } from "../../../pipelines/engine/run.ts";
import type { Engine } from "../../../pipelines/ports.ts";
import type { FromWorker, ToWorker } from "./messages.ts";

const engines = new Map<number, Engine>();
// Names the build whose turn runs, for whoever finds this thread dead.
const cell = new Int32Array(workerData instanceof SharedArrayBuffer ? workerData : new SharedArrayBuffer(4));

parentPort?.on("message", (message: ToWorker) => {
  if (message.kind === "drop") {
    engines.delete(message.build);
    return;
  }
  Atomics.store(cell, 0, message.build);
  parentPort?.postMessage(answer(message));
  Atomics.store(cell, 0, 0);
});

function answer(message: Exclude<ToWorker, { kind: "drop" }>): FromWorker {
  try {
    if (message.kind === "load") {
      engines.set(message.build, createEngine(message.head));
      return { kind: "loaded", build: message.build };
    }
    const engine = engines.get(message.build);
    if (engine === undefined)
      return { kind: "failed", build: message.build, message: "the build is not loaded here" };
    return { kind: "turned", build: message.build, turn: engine.turn(message.outcome) };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { kind: "failed", build: message.build, message: text };
  }
}
