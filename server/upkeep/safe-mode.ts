import { z } from "zod";
import type { Steps, Transaction } from "../store/procedure.ts";
import type { Store } from "../store/store.ts";

/** The row of `settings` that says that the store comes from a backup. */
export const SAFE_MODE = "safe-mode";

/** Since when a restored server starts nothing, and how old what it knows is. */
export const SafeMode = z.object({ sinceMs: z.number(), backupAtMs: z.number().nullable() });
export type SafeMode = z.infer<typeof SafeMode>;

/** What a person reads about it, in one line. */
export const SAFE_MODE_TEXT =
  "this server was restored from a backup and is in safe mode: it starts nothing until an administrator ends that";
/** What a person does about it. */
export const SAFE_MODE_FIX =
  "look at builds and environments, then end it: POST /api/v1/safe-mode/end, or sluice restore --done FOLDER while the server is stopped";

/** Whether the server is in safe mode; null when it is not. */
export async function readSafeMode(store: Store): Promise<SafeMode | null> {
  const row = await store.db
    .selectFrom("settings")
    .select("body")
    .where("name", "=", SAFE_MODE)
    .executeTakeFirst();
  return row === undefined ? null : SafeMode.parse(JSON.parse(row.body));
}

/** `readSafeMode` as a part of a transaction. */
export function* inSafeMode(tx: Transaction): Steps<boolean> {
  const row = yield* tx.first(tx.db.selectFrom("settings").select("name").where("name", "=", SAFE_MODE));
  return row !== undefined;
}
