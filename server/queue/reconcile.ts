import type { Logger } from "pino";
import { claimLease } from "../store/leases.ts";
import type { Store } from "../store/store.ts";

const EVERY_MS = 5000;
const TTL_MS = 15_000;
const LEASE = "reconciler";

/** One thing that is repaired: what has work and no holder. Reads the database only. */
export interface Check {
  name: string;
  /** Repairs what it finds and says how much that was. */
  run(): Promise<number>;
}

/** Repairs, again and again, what crashes and a lost Redis have left. */
export interface Reconciler {
  /** Looks now: Redis is back, or a server has just started. */
  wake(): void;
  stop(): Promise<void>;
}

/** Starts the reconciler: every 5 s, on one server at a time. A check that fails does not stop the others. */
export function startReconciler(options: {
  store: Store;
  checks: readonly Check[];
  log: Logger;
  everyMs?: number;
}): Reconciler {
  const { store, log } = options;
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  const round = async (): Promise<void> => {
    try {
      const lease = await store.call(claimLease, { name: LEASE, holder: store.holder, ttlMs: TTL_MS });
      if (lease === null) return;
    } catch (error) {
      log.warn({ err: error }, "the reconciler cannot reach the database");
      return;
    }
    for (const check of options.checks) {
      if (stopped) return;
      await carryOut(check, log);
    }
  };
  const wake = (): void => {
    if (stopped) return;
    if (running !== undefined) {
      again = true;
      return;
    }
    running = round().finally(() => {
      running = undefined;
      if (!again) return;
      again = false;
      wake();
    });
  };
  const timer = setInterval(wake, options.everyMs ?? EVERY_MS);
  wake();
  return {
    wake,
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      await running;
    },
  };
}

async function carryOut(check: Check, log: Logger): Promise<void> {
  try {
    const repaired = await check.run();
    if (repaired > 0) log.info({ check: check.name, repaired }, "reconciled");
  } catch (error) {
    log.error({ check: check.name, err: error }, "a check of the reconciler failed");
  }
}
