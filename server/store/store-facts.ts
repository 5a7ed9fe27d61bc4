import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import { z } from "zod";
import { StoreError } from "./errors.ts";

/** What a backup says of the database in it, to be compared after a restore. */
export const StoreFacts = z.object({
  schema: z.number(),
  instance: z.string().nullable(), // null: no server has started on it yet
  keyId: z.string().nullable(),
  counts: z.record(z.string(), z.number()),
});
export type StoreFacts = z.infer<typeof StoreFacts>;

/** Tables whose rows are counted: what people would miss, and which safe mode only adds to or leaves. */
const COUNTED = [
  "projects",
  "builds",
  "effects",
  "steps",
  "artifacts",
  "deliveries",
  "deployments",
  "gates",
  "users",
  "secrets",
];

/** Where SQLite's database stands in a data folder. */
export function databaseFileOf(dataFolder: string): string {
  return join(dataFolder, "sluice.sqlite");
}

/**
 * Writes a consistent copy of a SQLite database to a new file, from outside the server that may be running on it; its
 * writes do not wait.
 * @throws {StoreError} `away` when there is no database.
 */
export function copySqliteFile(from: string, to: string): void {
  const db = openReadOnly(from);
  try {
    db.prepare("vacuum into ?").run(to);
  } finally {
    db.close();
  }
}

/** The facts of a SQLite database that need not be open in any server. */
export function sqliteFacts(file: string): StoreFacts {
  const db = openReadOnly(file);
  try {
    const counts: Record<string, number> = {};
    for (const table of COUNTED)
      counts[table] = Number(only(db.prepare(`select count(*) as n from ${table}`).get(), "n"));
    const instance = db.prepare("select name, key_id from instance").get();
    return StoreFacts.parse({
      schema: Number(only(db.prepare("select max(version) as n from schema_migrations").get(), "n")),
      instance: instance === undefined ? null : instance["name"],
      keyId: instance === undefined ? null : instance["key_id"],
      counts,
    });
  } finally {
    db.close();
  }
}

/** The facts of a PostgreSQL database. */
export async function postgresFacts(databaseUrl: string): Promise<StoreFacts> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const first = async (text: string): Promise<unknown> => (await client.query(text)).rows[0];
    const counts: Record<string, number> = {};
    for (const table of COUNTED)
      counts[table] = Number(only(await first(`select count(*) as n from ${table}`), "n"));
    const instance = z
      .object({ name: z.string(), key_id: z.string() })
      .optional()
      .parse(await first("select name, key_id from instance"));
    return {
      schema: Number(only(await first("select max(version) as n from schema_migrations"), "n")),
      instance: instance?.name ?? null,
      keyId: instance?.key_id ?? null,
      counts,
    };
  } finally {
    await client.end();
  }
}

function openReadOnly(file: string): DatabaseSync {
  if (!existsSync(file)) throw new StoreError("away", `there is no database ${file}`);
  return new DatabaseSync(file, { readOnly: true, timeout: 5000 });
}

function only(row: unknown, name: string): unknown {
  return z.record(z.string(), z.unknown()).parse(row)[name];
}
