import { appendAudit } from "../audit/chain.ts";
import type { AuditInput } from "../audit/chain.ts";
import { procedure } from "../store/procedure.ts";
import type { Steps, Transaction } from "../store/procedure.ts";
import { SAFE_MODE } from "./safe-mode.ts";

/** Lets a restored server start builds again; false when it was not in safe mode. Queued builds are found by themselves. */
export const endSafeMode = procedure(
  "upkeep.endSafeMode",
  { durability: "full" },
  function* (
    tx: Transaction,
    input: { by: Pick<AuditInput, "actorKind" | "actor" | "address"> },
  ): Steps<boolean> {
    const gone = yield* tx.run(tx.db.deleteFrom("settings").where("name", "=", SAFE_MODE));
    if (gone === 0) return false;
    yield* appendAudit(tx, { ...input.by, action: "safe-mode.end", object: "server", outcome: "done" });
    return true;
  },
);
