import { startLoop } from "../forges/loop.ts";
import type { Loop } from "../forges/loop.ts";
import { startDownstream } from "./start-downstream.ts";
import { startDueSchedules, type ScheduleDeps } from "./start-due.ts";

const EVERY_MS = 5_000;

/**
 * Starts the builds that cron and upstream triggers ask for. A loop of its own, because a forge that does not answer may
 * hold it up; on several servers at once each build is still made once.
 */
export function startSchedules(deps: ScheduleDeps, everyMs = EVERY_MS): Loop {
  return startLoop({
    everyMs,
    look: async (signal) => {
      const started = (await startDueSchedules(deps)) + (signal.aborted ? 0 : await startDownstream(deps));
      if (started > 0) deps.log.info({ started }, "triggers have started builds");
    },
    onError: (err) => deps.log.warn({ err }, "triggers could not be looked at; it is tried again"),
  });
}
