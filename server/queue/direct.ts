import type { Logger } from "pino";
import type { NudgeHandlers, Transport } from "./payload.ts";

/** Nudges as plain calls, for a server that is one process and has no Redis (`sluice run`). */
export interface DirectTransport extends Transport {
  /** Stops calling handlers and waits for those under way. */
  stop(): Promise<void>;
}

/** Calls the handler of each nudge once the sender's own work is done. */
export function createDirectTransport(options: { handlers: NudgeHandlers; log: Logger }): DirectTransport {
  const stopped = new AbortController();
  const underWay = new Set<Promise<void>>();
  const handle = async (nudge: Parameters<Transport["send"]>[0][number]): Promise<void> => {
    const { id, epoch } = nudge.payload;
    try {
      await options.handlers[nudge.queue](id, epoch, stopped.signal);
    } catch (error) {
      options.log.error({ queue: nudge.queue, id, epoch, err: error }, "a nudge could not be handled");
    }
  };
  return {
    send: async (nudges) => {
      for (const nudge of nudges) {
        if (stopped.signal.aborted) return;
        const work = handle(nudge);
        underWay.add(work);
        void work.finally(() => underWay.delete(work));
      }
    },
    stop: async () => {
      stopped.abort();
      await Promise.all(underWay);
    },
  };
}
