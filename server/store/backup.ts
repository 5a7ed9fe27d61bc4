import { existsSync } from "node:fs";
import { sql } from "kysely";
import { StoreError } from "./errors.ts";
import type { Store } from "./store.ts";

/**
 * Writes a consistent copy of the SQLite database to a new file while the server goes on; writes wait meanwhile. The
 * vault's key is not in it.
 * @throws {StoreError} on PostgreSQL, whose own tools do this, and where the file exists.
 */
export async function copyDatabase(store: Store, file: string): Promise<void> {
  if (store.dialect === "postgres") {
    throw new StoreError(
      "procedure_failed",
      "a PostgreSQL database is backed up with its own tools, for example pg_dump --format=custom",
    );
  }
  if (existsSync(file)) throw new StoreError("procedure_failed", `${file} exists already: name a new file`);
  await sql`vacuum into ${file}`.execute(store.db);
}
