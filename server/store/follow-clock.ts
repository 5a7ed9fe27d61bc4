import type { Logger } from "pino";
import type { MovedClock } from "./clock.ts";
import { setClockOffset } from "./instance.ts";
import type { Store } from "./store.ts";

const EVERY_MS = 50;

/** Lets PostgreSQL, which has a clock of its own, step with ours. SQLite is told the time with each call. */
export function followClock({ store, clock, log }: { store: Store; clock: MovedClock; log: Logger }): {
  stop(): void;
} {
  if (store.dialect === "sqlite") return { stop: () => {} };
  let told: number | undefined;
  const tell = async (): Promise<void> => {
    const offsetMs = clock.offsetMs();
    if (offsetMs === told) return;
    if ((await store.call(setClockOffset, { offsetMs })) > 0) told = offsetMs;
  };
  const timer = setInterval(() => {
    tell().catch((err: unknown) =>
      log.debug({ err }, "the database was not told that the clock has stepped"),
    );
  }, EVERY_MS);
  return { stop: () => clearInterval(timer) };
}
