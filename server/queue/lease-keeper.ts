import type { Logger } from "pino";
import { claimLease, releaseLease, renewLeases } from "../store/leases.ts";
import type { Lease } from "../store/leases.ts";
import type { Store } from "../store/store.ts";

const TTL_MS = 15_000;
const RENEW_MS = 5000;
/** Without a renewal for this long by the monotonic clock, a lease counts as lost before another can take it. */
const GIVE_UP_MS = 12_000;

/** Holds leases and renews them until they are given back or lost. */
export interface LeaseKeeper {
  /** The lease, or null when somebody else alive holds it. `onLost` is called once, if it is lost later. */
  claim(name: string, onLost: () => void): Promise<Lease | null>;
  /** Gives it back; nothing happens when it was lost. */
  release(name: string): Promise<void>;
  /** Forgets a lease that a transaction has given back itself (an unload), without touching the database. */
  forget(name: string): void;
  /** Stops renewing. The store gives back what is held when it closes. */
  stop(): Promise<void>;
}

interface Held {
  fence: number;
  renewedAtMs: number; // monotonic, at the sending of the request
  onLost: () => void;
}

/** Starts a keeper for the leases of this process. */
export function createLeaseKeeper({ store, log }: { store: Store; log: Logger }): LeaseKeeper {
  const held = new Map<string, Held>();
  let renewing: Promise<void> = Promise.resolve();
  const lose = (name: string, lease: Held): void => {
    if (held.get(name) !== lease) return;
    held.delete(name);
    log.debug({ lease: name, fence: lease.fence }, "lease lost");
    lease.onLost();
  };
  const renew = async (): Promise<void> => {
    const startedAtMs = performance.now();
    const asked = [...held];
    if (asked.length === 0) return;
    try {
      const leases = asked.map(([name, { fence }]) => ({ name, fence }));
      const renewed = new Set(await store.call(renewLeases, { leases, holder: store.holder, ttlMs: TTL_MS }));
      for (const [name, lease] of asked) {
        if (renewed.has(name)) lease.renewedAtMs = startedAtMs;
        else lose(name, lease);
      }
    } catch (error) {
      log.warn({ err: error }, "leases could not be renewed");
    }
  };
  const giveUp = (): void => {
    for (const [name, lease] of held) {
      if (performance.now() - lease.renewedAtMs > GIVE_UP_MS) lose(name, lease);
    }
  };
  let underWay = false;
  const timer = setInterval(() => {
    giveUp();
    if (underWay) return; // a database that hangs must not pile requests up
    underWay = true;
    renewing = renew().finally(() => (underWay = false));
  }, RENEW_MS);
  return {
    claim: async (name, onLost) => {
      const renewedAtMs = performance.now();
      const lease = await store.call(claimLease, { name, holder: store.holder, ttlMs: TTL_MS });
      if (lease !== null) held.set(name, { fence: lease.fence, renewedAtMs, onLost });
      return lease;
    },
    release: async (name) => {
      const lease = held.get(name);
      held.delete(name);
      if (lease !== undefined) await store.call(releaseLease, { name, fence: lease.fence });
    },
    forget: (name) => void held.delete(name),
    stop: async () => {
      clearInterval(timer);
      held.clear();
      await renewing;
    },
  };
}
