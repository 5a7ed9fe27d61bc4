import type { Steps, Transaction } from "../../store/procedure.ts";
import { nudgeUnlessHeld } from "./nudge.ts";

/** The end of one effect, with its outcome sealed under the build's key. */
export interface EffectEnd {
  readonly buildId: number;
  readonly effectId: string;
  readonly outcome: Uint8Array;
  /** For the page; null where no process ended. */
  readonly exitCode: number | null;
}

/**
 * Ends an effect once: the first to come takes the next delivery number. False when it had ended or was closed before,
 * which is no failure: whoever reports twice is answered as the first time.
 */
export function* endEffect(tx: Transaction, end: EffectEnd): Steps<boolean> {
  // The build's row first, so that an end and the unloading of the build cannot miss each other.
  const build = yield* tx.first(
    tx.db.selectFrom("builds").select(["nextOrd", "state"]).where("id", "=", end.buildId).forUpdate(),
  );
  if (build === undefined) return false;
  const row = yield* tx.first(
    tx.db
      .updateTable("effects")
      .set({ state: "ended", ord: build.nextOrd, outcome: end.outcome, endedAtMs: tx.nowMs })
      .where("buildId", "=", end.buildId)
      .where("id", "=", end.effectId)
      .where("state", "=", "begun")
      .returning("stepNo"),
  );
  if (row === undefined) return false;
  yield* tx.run(
    tx.db
      .updateTable("builds")
      .set({ nextOrd: build.nextOrd + 1 })
      .where("id", "=", end.buildId),
  );
  if (end.exitCode !== null && row.stepNo !== null)
    yield* tx.run(
      tx.db
        .updateTable("steps")
        .set({ exitCode: end.exitCode })
        .where("buildId", "=", end.buildId)
        .where("stepNo", "=", row.stepNo),
    );
  yield* nudgeUnlessHeld(tx, end.buildId);
  return true;
}
