import { RunnerFailure } from "../failure.ts";
import { pause } from "../pause.ts";
import { statusOf } from "./engine.ts";
import type { Engine } from "./engine.ts";

/** An update of the engine is over by then; whoever waits for an agent longer is to hear why there is none. */
const WAITED_MS = 60_000;
const FIRST_LOOK_MS = 200;
const LAST_LOOK_MS = 5_000;

/**
 * Does work again for which the engine was away, or went away in the middle, as soon as it is back; for a minute. The
 * work must come to the same however often, and however far, it was done before.
 */
export async function acrossOutages<T>(
  engine: Engine,
  work: () => Promise<T>,
  { say, signal }: { readonly say: (text: string) => void; readonly signal: AbortSignal },
): Promise<T> {
  const endsAtMs = performance.now() + WAITED_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(await isOfOutage(engine, error)) || signal.aborted || performance.now() >= endsAtMs) throw error;
      say("The Docker Engine is away; this goes on when it is back\n");
      await back(engine, endsAtMs, signal);
    }
  }
}

/** Whether a call was not answered, or was refused by an engine in its last moments, which refuses for any reason. */
async function isOfOutage(engine: Engine, error: unknown): Promise<boolean> {
  if (!(error instanceof RunnerFailure) || error.cause === undefined) return false;
  if (error.code === "docker_daemon") return true;
  return error.code === "docker_refused" && (statusOf(error) ?? 0) >= 500 && (await engine.isDeaf());
}

async function back(engine: Engine, endsAtMs: number, signal: AbortSignal): Promise<void> {
  let lookMs = FIRST_LOOK_MS;
  do {
    await pause(lookMs, signal);
    lookMs = Math.min(lookMs * 2, LAST_LOOK_MS);
  } while (!signal.aborted && performance.now() < endsAtMs && (await engine.isDeaf()));
}
