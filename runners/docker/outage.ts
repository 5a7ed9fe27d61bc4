import { RunnerFailure } from "../failure.ts";
import { pause } from "../pause.ts";
import { statusOf } from "./engine.ts";
import type { Engine } from "./engine.ts";

/** An update of the engine is over by then; whoever waits longer is to hear why nothing goes on. */
const WAITED_MS = 60_000;
const FIRST_LOOK_MS = 200;
const LAST_LOOK_MS = 5_000;

/**
 * Does work again for which the engine was away, or went away in the middle, as soon as it is back; for a minute from
 * the first such trouble on. The work must come to the same however often, and however far, it was done before.
 */
export async function acrossOutages<T>(
  engine: Engine,
  work: () => Promise<T>,
  { say, signal }: { readonly say: (text: string) => void; readonly signal: AbortSignal },
): Promise<T> {
  let endsAtMs: number | undefined;
  for (let lookMs = FIRST_LOOK_MS; ; lookMs = Math.min(lookMs * 2, LAST_LOOK_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!(await isOfOutage(engine, error)) || signal.aborted) throw error;
      endsAtMs ??= performance.now() + WAITED_MS;
      if (performance.now() >= endsAtMs) throw error;
      say("The Docker Engine is away; this goes on when it is back\n");
      await back(engine, { lookMs, endsAtMs }, signal);
    }
  }
}

/**
 * What an engine says that died while it started a container: containerd has the task of it already, and the engine does
 * not know. Such a container never starts; another one in its place does.
 */
const HALF_STARTED = /\btask [0-9a-f]{12,}: already exists/u;

/**
 * Whether a call was not answered, was refused by an engine in its last moments, which refuses for any reason, or by one
 * that does not know what it did in those.
 */
async function isOfOutage(engine: Engine, error: unknown): Promise<boolean> {
  if (!(error instanceof RunnerFailure) || error.cause === undefined) return false;
  if (error.code === "docker_daemon") return true;
  if (error.code !== "docker_refused" || (statusOf(error) ?? 0) < 500) return false;
  return HALF_STARTED.test(error.message) || (await engine.isDeaf());
}

async function back(
  engine: Engine,
  { lookMs, endsAtMs }: { readonly lookMs: number; readonly endsAtMs: number },
  signal: AbortSignal,
): Promise<void> {
  let nextMs = lookMs;
  do {
    await pause(nextMs, signal);
    nextMs = Math.min(nextMs * 2, LAST_LOOK_MS);
  } while (!signal.aborted && performance.now() < endsAtMs && (await engine.isDeaf()));
}
