import { procedure } from "../store/procedure.ts";
import type { Steps, Transaction } from "../store/procedure.ts";

const DAY_MS = 86_400_000;
/** What has expired stays visible for this long to those who look why something was refused. */
const EXPIRED_MS = 30 * DAY_MS;

/** Forgets sign-ins, links and tokens that expired long ago, and failures nobody is locked out by; how many. */
export const pruneAccess = procedure(
  "upkeep.pruneAccess",
  { durability: "normal" },
  function* (tx: Transaction): Steps<number> {
    let gone = 0;
    for (const table of ["signIns", "signInLinks", "apiTokens", "runnerTokens"] as const)
      gone += yield* tx.run(tx.db.deleteFrom(table).where("expiresAtMs", "<", tx.nowMs - EXPIRED_MS));
    gone += yield* tx.run(
      tx.db
        .deleteFrom("signInFailures")
        .where("lastAtMs", "<", tx.nowMs - DAY_MS)
        .where((on) => on.or([on("lockedUntilMs", "is", null), on("lockedUntilMs", "<", tx.nowMs)])),
    );
    return gone;
  },
);
