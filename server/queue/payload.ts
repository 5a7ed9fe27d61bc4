import { z } from "zod";
import type { QueueName } from "../store/states.ts";

/** All that a job says: look at row `id`, epoch `epoch`. Tolerant, because a job outlives the release that wrote it. */
export const NudgePayload = z.object({ id: z.int(), epoch: z.int() });
export type NudgePayload = z.infer<typeof NudgePayload>;

/** A nudge on its way to a queue. */
export interface OutgoingNudge {
  queue: QueueName;
  jobId: string;
  payload: NudgePayload;
}

/** What carries nudges to whoever handles them: BullMQ, or plain calls within one process. */
export interface Transport {
  /** @throws {QueueAwayError} when nothing can be sent now; the rows stay where they are. */
  send(nudges: readonly OutgoingNudge[]): Promise<void>;
}

/** What handles a nudge: it claims, loads and returns, never lasting as long as the work. */
export type NudgeHandlers = Readonly<
  Record<QueueName, (id: number, epoch: number, signal: AbortSignal) => Promise<void>>
>;

/** Redis cannot be reached. */
export class QueueAwayError extends Error {
  readonly code = "queue_down";

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "QueueAwayError";
  }
}
