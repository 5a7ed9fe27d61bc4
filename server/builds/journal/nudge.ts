import { isHeld } from "../../store/leases.ts";
import { nudgeBuild } from "../../store/outbox.ts";
import type { Steps, Transaction } from "../../store/procedure.ts";

/**
 * Asks the queue to look at an unfinished build, in the transaction that gave it something to do. Nothing is written
 * while somebody holds the build, because the holder looks by itself.
 */
export function* nudgeUnlessHeld(tx: Transaction, buildId: number): Steps<boolean> {
  if (yield* isHeld(tx, `build:${buildId}`)) return false;
  const open = yield* tx.first(
    tx.db
      .selectFrom("builds")
      .select("id")
      .where("id", "=", buildId)
      .where("state", "in", ["queued", "running", "waiting"]),
  );
  if (open === undefined) return false;
  yield* nudgeBuild(tx, buildId);
  return true;
}
