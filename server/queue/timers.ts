import type { Logger } from "pino";
import { claimLease } from "../store/leases.ts";
import type { Store } from "../store/store.ts";

const LEASE = "timers";
const TTL_MS = 15_000;
/** Looks by itself this often: timers begun by other servers, and the lease. */
const LOOK_MS = 5000;
/** After a timer that would not end. */
const RETRY_MS = 1000;
const ROUND_LIMIT = 200;

/** An effect whose time has come. */
export interface DueEffect {
  buildId: number;
  effectId: string;
  kind: string;
  dueAtMs: number;
}

/** Ends due effects. */
export interface TimerSweeper {
  wake(): void;
  stop(): Promise<void>;
}

/**
 * Starts the sweeper: on one server at a time it hands each begun effect whose `dueAtMs` has come to `end`, which must
 * end it by compare-and-set, and sleeps until the earliest one. A commit of this process that writes effects wakes it.
 */
export function startTimerSweeper(options: {
  store: Store;
  end: (due: DueEffect) => Promise<void>;
  log: Logger;
}): TimerSweeper {
  const { store, log } = options;
  let stopped = false;
  let running = false;
  let again = false;
  let round: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<number> => {
    const lease = await store.call(claimLease, { name: LEASE, holder: store.holder, ttlMs: TTL_MS });
    return lease === null ? LOOK_MS : sweep(options);
  };
  const run = async (): Promise<void> => {
    let sleepMs = RETRY_MS;
    try {
      sleepMs = await look();
    } catch (error) {
      log.warn({ err: error }, "timers cannot be read");
    }
    running = false;
    if (stopped) return;
    if (again) wake();
    else timer = setTimeout(wake, sleepMs);
  };
  const wake = (): void => {
    if (stopped) return;
    if (running) {
      again = true;
      return;
    }
    clearTimeout(timer);
    running = true;
    again = false;
    round = run();
  };
  const forget = store.onWritten("effects", wake);
  wake();
  return {
    wake,
    stop: async () => {
      stopped = true;
      forget();
      clearTimeout(timer);
      await round;
    },
  };
}

/** Ends what is due; how long to sleep. */
async function sweep(options: {
  store: Store;
  end: (due: DueEffect) => Promise<void>;
  log: Logger;
}): Promise<number> {
  const { store, log } = options;
  const nowMs = await store.nowMs();
  const due = await dueBy(store, nowMs);
  for (const effect of due) {
    try {
      await options.end(effect);
    } catch (error) {
      log.error(
        { build: effect.buildId, effect: effect.effectId, err: error },
        "a due effect could not be ended",
      );
    }
  }
  const next = await earliest(store);
  if (next === null) return LOOK_MS;
  if (next <= nowMs) return due.length === ROUND_LIMIT ? 0 : RETRY_MS;
  return Math.min(next - (await store.nowMs()), LOOK_MS);
}

async function dueBy(store: Store, nowMs: number): Promise<DueEffect[]> {
  return store.db
    .selectFrom("effects")
    .select(["buildId", "id as effectId", "kind", "dueAtMs"])
    .where("state", "=", "begun")
    .where("dueAtMs", "is not", null)
    .$narrowType<{ dueAtMs: number }>()
    .where("dueAtMs", "<=", nowMs)
    .orderBy("dueAtMs")
    .limit(ROUND_LIMIT)
    .execute();
}

async function earliest(store: Store): Promise<number | null> {
  const row = await store.db
    .selectFrom("effects")
    .select("dueAtMs")
    .where("state", "=", "begun")
    .where("dueAtMs", "is not", null)
    .orderBy("dueAtMs")
    .limit(1)
    .executeTakeFirst();
  return row?.dueAtMs ?? null;
}
