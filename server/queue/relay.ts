import type { Logger } from "pino";
import { NO_FAULTS } from "../../runners/faults.ts";
import type { OutsideFaults } from "../outside-points.ts";
import { nudgesSent } from "../store/outbox.ts";
import type { Store } from "../store/store.ts";
import { throttled } from "./connection.ts";
import { NudgePayload, QueueAwayError } from "./payload.ts";
import type { OutgoingNudge, Transport } from "./payload.ts";

/** Nudges that one round takes. */
const ROUND_LIMIT = 500;
/** At most one round in this time, so that a burst costs Redis little. */
const ROUND_PAUSE_MS = 20;
/** Looks by itself this often: rows of other servers, or after Redis was away. */
const IDLE_MS = 1000;
/** Rows sent are kept this long, so that the same nudge is not written twice. */
const KEEP_MS = 3_600_000;

/** Takes nudges from the outbox to the queues. */
export interface Relay {
  /** Something may be waiting. */
  wake(): void;
  /** Ends after the round under way. */
  stop(): Promise<void>;
}

/** Starts the relay; it wakes by itself at each commit of this process that wrote the outbox. */
export function startRelay(options: {
  store: Store;
  transport: Transport;
  log: Logger;
  faults?: OutsideFaults;
}): Relay {
  const { store, transport } = options;
  const faults = options.faults ?? NO_FAULTS;
  const warn = throttled(options.log, "nudges wait in the outbox");
  let stopped = false;
  let wakeUp: (() => void) | undefined;
  let woken = true;
  const wake = (): void => {
    woken = true;
    wakeUp?.();
  };
  const forget = store.onWritten("outbox", wake);
  const loop = async (): Promise<void> => {
    while (!stopped) {
      if (!woken) await sleep(IDLE_MS);
      woken = false;
      if (stopped) return;
      try {
        if (await sendRound(store, transport, faults)) woken = true;
      } catch (error) {
        // Redis or the database is away: the rows stay, and the next look comes after a pause.
        if (error instanceof QueueAwayError) options.log.debug({ err: error }, "queue away");
        else warn(error instanceof Error ? error : new Error(String(error)));
        await sleep(IDLE_MS / 4);
      }
      await sleep(ROUND_PAUSE_MS, true);
    }
  };
  const sleep = (ms: number, whole = false): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      if (whole) return;
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const done = loop();
  return {
    wake,
    stop: async () => {
      stopped = true;
      forget();
      wake();
      await done;
    },
  };
}

/** True when there may be more than this round took. */
async function sendRound(store: Store, transport: Transport, faults: OutsideFaults): Promise<boolean> {
  const rows = await store.db
    .selectFrom("outbox")
    .select(["id", "queue", "jobId", "body"])
    .where("dispatchedAtMs", "is", null)
    .orderBy("id")
    .limit(ROUND_LIMIT)
    .execute();
  if (rows.length === 0) return false;
  const nudges: OutgoingNudge[] = rows.map(({ queue, jobId, body }) => ({
    queue,
    jobId,
    payload: NudgePayload.parse(JSON.parse(body)),
  }));
  await faults.around("outbox.send", () => transport.send(nudges));
  // A crash here sends them again: the same job ids, and epochs that are handled once.
  await store.call(nudgesSent, { ids: rows.map((row) => row.id), keepMs: KEEP_MS });
  return rows.length === ROUND_LIMIT;
}
