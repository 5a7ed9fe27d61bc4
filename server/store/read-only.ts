import { sql } from "kysely";
import { systemClock } from "./clock.ts";
import { driverOn } from "./driver.ts";
import { isStoreError, StoreError } from "./errors.ts";
import type { ReadableStore } from "./invariants.ts";
import { MIGRATIONS } from "./migrate.ts";
import { openPostgresForReading } from "./postgres/client.ts";
import { kyselyOn } from "./queries.ts";
import { openSqliteForReading } from "./sqlite/read-only.ts";

/** A database that is only looked at. */
export interface ReadOnlyStore extends ReadableStore {
  close(): Promise<void>;
}

/**
 * Opens a server's database for reading alone: no lock is taken, no lease, and its schema is left as it is, so that a
 * running server is not disturbed.
 * @throws {StoreError} `away`, `corrupt`, and `newer_schema` where this release cannot read what is there.
 */
export async function openForReading(options: {
  readonly dataFolder: string;
  readonly databaseUrl: string | null;
}): Promise<ReadOnlyStore> {
  const backend =
    options.databaseUrl === null
      ? openSqliteForReading(options.dataFolder, systemClock)
      : openPostgresForReading(options.databaseUrl);
  const dialect = options.databaseUrl === null ? "sqlite" : "postgres";
  const db = kyselyOn(dialect, driverOn(backend));
  try {
    checkSchema(await schemaOf(db));
  } catch (error) {
    await backend.close();
    throw error;
  }
  return { db, nowMs: () => backend.nowMs(), close: () => backend.close() };
}

async function schemaOf(db: ReadOnlyStore["db"]): Promise<number> {
  try {
    const { rows } = await sql<{
      version: number | null;
    }>`select max(version) as version from schema_migrations`.execute(db);
    return rows[0]?.version ?? 0;
  } catch (error) {
    if (isStoreError(error, "away") || isStoreError(error, "corrupt")) throw error;
    return 0;
  }
}

function checkSchema(version: number): void {
  const known = MIGRATIONS.at(-1)?.version ?? 0;
  if (version === known) return;
  const text =
    version === 0
      ? "this is no database of a server"
      : version > known
        ? `the database has schema ${version}, this release knows ${known}: run the doctor of the newer release`
        : `the database has schema ${version}, this release reads ${known}: start the server once, which brings it up to date`;
  throw new StoreError("newer_schema", text);
}
