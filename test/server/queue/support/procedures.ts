import { nudge } from "../../../../server/store/outbox.ts";
import { procedure } from "../../../../server/store/procedure.ts";
import type { QueueName } from "../../../../server/store/states.ts";

/** A nudge with nothing beside it. */
export const nudgeFor = procedure(
  "nudgeFor",
  { durability: "normal" },
  function* (tx, input: { queue: QueueName; id: number; epoch: number }) {
    yield* nudge(tx, input.queue, { id: input.id, epoch: input.epoch });
    return null;
  },
);
