import { procedure } from "../store/procedure.ts";
import { appendAudit } from "./chain.ts";
import type { AuditInput } from "./chain.ts";

/** `appendAudit` as a transaction of its own: for what has no row of its own to change, as a refusal. */
export const auditNow = procedure("auditNow", { durability: "normal" }, function* (tx, input: AuditInput) {
  yield* appendAudit(tx, input);
});
