import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { afterEach, describe, it } from "mocha";
import { MIGRATIONS, migrationsAfter } from "../../../server/store/migrate.ts";
import type { Migration } from "../../../server/store/migrations/migration.ts";
import { isStoreError } from "../../../server/store/errors.ts";
import { SqliteDatabase } from "../../../server/store/sqlite/database.ts";
import { temporaryFolder } from "../../support/services/folder.ts";

const newest = MIGRATIONS.at(-1)?.version ?? 0;
const later: Migration = {
  version: newest + 1,
  name: "a column of a later release",
  statements: ({ int }) => [`alter table settings add column rank ${int} not null default 7`],
};
const broken: Migration = {
  version: newest + 1,
  name: "fails half way",
  statements: () => ["create table half (id integer)", "create table half (id integer)"],
};

describe("a schema migration", () => {
  const endings: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).toReversed()) await end();
  });

  async function aDatabase(): Promise<{ open: (more?: Migration) => void; folder: string; file: string }> {
    const temporary = await temporaryFolder("migrate");
    endings.push(() => temporary.remove());
    const folder = temporary.path;
    const file = join(folder, "sluice.sqlite");
    const open = (more?: Migration): void => {
      const migrations = more === undefined ? MIGRATIONS : [...MIGRATIONS, more];
      new SqliteDatabase(file, join(folder, "backups"), 1, migrations).close();
    };
    return { open, folder, file };
  }

  it("brings an older database forward, keeps its rows, and copies it first", async () => {
    const { open, folder, file } = await aDatabase();
    open();
    change(file, "insert into settings values ('channels', '{}', 5)");
    open(later);
    assert.deepEqual(read(file, "select name, rank from settings"), [{ name: "channels", rank: 7 }]);
    const copy = join(folder, "backups", `before-schema-${later.version}.sqlite`);
    assert.deepEqual(read(copy, "select * from settings"), [
      { name: "channels", body: "{}", updated_at_ms: 5 },
    ]);
    open(later);
    assert.deepEqual(
      read(file, "select version from schema_migrations order by version").map((row) => row["version"]),
      [...MIGRATIONS.map(({ version }) => version), later.version],
    );
  });

  it("that fails leaves the database as it was, usable by the release before", async () => {
    const { open, file } = await aDatabase();
    open();
    assert.throws(() => open(broken), /half already exists/);
    assert.deepEqual(read(file, "select name from sqlite_master where name = 'half'"), []);
    open();
  });

  it("makes no copy of an empty database", async () => {
    const { open, folder } = await aDatabase();
    open(later);
    assert.equal((await readdir(folder)).includes("backups"), false);
  });

  it("is refused in words on a newer database", async () => {
    const { open } = await aDatabase();
    open(later);
    assert.throws(
      () => open(),
      (error) => isStoreError(error, "newer_schema"),
    );
    assert.deepEqual(migrationsAfter(newest), []);
  });
});

function change(file: string, sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

function read(file: string, sql: string): Record<string, unknown>[] {
  const db = new DatabaseSync(file);
  const rows = db.prepare(sql).all();
  db.close();
  return rows.map((row) => ({ ...row }));
}
