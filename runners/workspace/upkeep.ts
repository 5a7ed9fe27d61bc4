import type { Log } from "../log.ts";
import { UNUSED_MS } from "../mirror-upkeep.ts";
import type { Mirrors } from "./mirrors.ts";
import type { Slots } from "./slots.ts";

const EVERY_MS = 1_800_000;

/** What looking after a runner's folder needs. */
export interface UpkeepDeps {
  readonly mirrors: Mirrors;
  readonly slots: Slots;
  readonly log: Log;
}

/** Looks at start and every half hour at workspaces and mirrors that nothing used for a month, and at what has grown. */
export function startUpkeep(deps: UpkeepDeps): { stop(): Promise<void> } {
  const stopping = new AbortController();
  let looking: Promise<void> | null = null;
  const look = (): void => {
    looking ??= tidyWorkspaces(deps, Date.now(), stopping.signal)
      .catch((err: unknown) =>
        deps.log.warn({ err }, "workspaces could not be looked after; it is tried again"),
      )
      .finally(() => {
        looking = null;
      });
  };
  const timer = setInterval(look, EVERY_MS);
  look();
  return {
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await looking;
    },
  };
}

/** One look. Workspaces go first: a mirror that one of them reads stays. */
export async function tidyWorkspaces(
  { mirrors, slots, log }: UpkeepDeps,
  nowMs: number,
  signal: AbortSignal,
): Promise<void> {
  await slots.dropUnused(UNUSED_MS, nowMs);
  await mirrors.tidy(await slots.inUse(), nowMs, signal, (mirror, err) =>
    log.warn({ err, mirror }, "a mirror could not be packed"),
  );
}
