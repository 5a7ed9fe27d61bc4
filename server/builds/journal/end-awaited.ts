import { procedure, type Steps, type Transaction } from "../../store/procedure.ts";
import { endEffect } from "./end-effect.ts";

/** Ends a step that waited for another build, or only forgets it where it waits no more. */
export const endAwaited = procedure(
  "builds.endAwaited",
  { durability: "normal" },
  function* (
    tx: Transaction,
    input: { wait: { buildId: number; effectId: string }; outcome: Uint8Array | null },
  ): Steps<boolean> {
    const { buildId, effectId } = input.wait;
    const ended =
      input.outcome !== null &&
      (yield* endEffect(tx, { buildId, effectId, outcome: input.outcome, exitCode: null }));
    yield* tx.run(
      tx.db.deleteFrom("signals").where("buildId", "=", buildId).where("effectId", "=", effectId),
    );
    return ended;
  },
);
