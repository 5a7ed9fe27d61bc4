import { type RawBuilder, sql } from "kysely";
import type { Transaction } from "./procedure.ts";

/**
 * The time now for a column that says when something ended, but never before it began by `beganAt`, a column of the same
 * row: the clock may have stepped back since, and nothing takes less than no time.
 */
export function endTime(tx: Transaction, beganAt: string): RawBuilder<number> {
  const began = sql.ref(beganAt);
  return sql<number>`case when ${began} > ${tx.nowMs} then ${began} else ${tx.nowMs} end`;
}
