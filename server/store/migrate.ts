import { CompiledQuery } from "kysely";
import { StoreError } from "./errors.ts";
import { migration0001 } from "./migrations/0001.ts";
import { migration0002 } from "./migrations/0002.ts";
import { migration0003 } from "./migrations/0003.ts";
import { migration0004 } from "./migrations/0004.ts";
import { wordsOf } from "./migrations/migration.ts";
import type { DialectName, Migration } from "./migrations/migration.ts";
import type { Steps } from "./procedure.ts";

/** Every migration in order. */
export const MIGRATIONS: readonly Migration[] = [migration0001, migration0002, migration0003, migration0004];

/** What a transaction on a bare database can do; the schema need not exist yet. */
export interface BareTransaction {
  dialect: DialectName;
  nowMs: number;
}

/** The schema version of the database: 0 when it is empty. */
export function* schemaVersion(): Steps<number> {
  yield raw(`create table if not exists schema_migrations (
    version integer primary key, name text not null, applied_at_ms bigint not null)`);
  const { rows } = yield raw("select version from schema_migrations order by version desc limit 1");
  return versionIn(rows[0]);
}

/** The migrations a database at `version` still needs. @throws {StoreError} `newer_schema`. */
export function migrationsAfter(version: number, known: readonly Migration[] = MIGRATIONS): Migration[] {
  const newest = known.at(-1)?.version ?? 0;
  if (version > newest) {
    throw new StoreError(
      "newer_schema",
      `the database has schema ${version}, this release knows ${newest}: run the newer release, or restore a backup made before the upgrade`,
    );
  }
  return known.filter((migration) => migration.version > version);
}

/** One migration, to be run in one transaction together with the note that it was. */
export function* apply(tx: BareTransaction, migration: Migration): Steps<void> {
  for (const statement of migration.statements(wordsOf(tx.dialect))) yield raw(statement);
  yield raw(
    `insert into schema_migrations (version, name, applied_at_ms)
     values (${migration.version}, '${migration.name.replaceAll("'", "''")}', ${tx.nowMs})`,
  );
}

function raw(sql: string): CompiledQuery {
  return CompiledQuery.raw(sql);
}

function versionIn(row: unknown): number {
  if (typeof row !== "object" || row === null || !("version" in row)) return 0;
  return Number(row.version);
}
