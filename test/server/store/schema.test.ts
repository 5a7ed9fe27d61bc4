import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "mocha";
import pg from "pg";
import * as states from "../../../server/store/states.ts";
import { migration0001 } from "../../../server/store/migrations/0001.ts";
import { wordsOf } from "../../../server/store/migrations/migration.ts";
import { onBothDialects } from "./support/dialects.ts";
import type { Place } from "./support/dialects.ts";

/** table -> `column`, with ` null` behind it where it may be null. */
type Shape = Record<string, string[]>;

onBothDialects("the schema in code", (start) => {
  it("has the tables, columns and nulls that the migrations make", async () => {
    const place = await start();
    await (await place.open({ procedures: [] })).close();
    const made =
      place.databaseUrl === undefined ? madeBySqlite(place) : await madeByPostgres(place.databaseUrl);
    assert.deepEqual(made, await written());
  });
});

describe("the words of the states", () => {
  it("are those of the CHECK constraints", () => {
    const lists = new Map<string, readonly string[]>([
      ["effects.state", states.EFFECT_STATES],
      ["builds.state", states.BUILD_STATES],
      ["builds.reason_fault", states.FAULTS],
      ["builds.trust", states.TRUSTS],
      ["builds.event_kind", states.EVENT_KINDS],
      ["stages.state", states.PART_STATES],
      ["steps.state", states.PART_STATES],
      ["sessions.state", states.SESSION_STATES],
      ["runners.state", states.RUNNER_STATES],
      ["gates.kind", states.GATE_KINDS],
      ["gates.state", states.GATE_STATES],
      ["gate_votes.verdict", states.VERDICTS],
      ["deployments.kind", states.DEPLOYMENT_KINDS],
      ["deployments.state", states.DEPLOYMENT_STATES],
      ["deployment_targets.state", states.DEPLOYMENT_STATES],
      ["notifications.state", states.NOTIFICATION_STATES],
      ["forge_statuses.state", states.NOTIFICATION_STATES],
      ["deliveries.state", states.DELIVERY_STATES],
      ["deliveries.source", states.DELIVERY_SOURCES],
      ["secrets.scope", states.SECRET_SCOPES],
      ["secrets.type", states.SECRET_TYPES],
      ["users.role", states.ROLES],
      ["artifacts.kind", states.ARTIFACT_KINDS],
      ["test_results.state", states.TEST_STATES],
      ["locks.state", states.WAIT_STATES],
      ["outbox.queue", states.QUEUE_NAMES],
    ]);
    const checks = checkedWords();
    for (const [column, words] of lists) assert.deepEqual(checks.get(column), [...words], column);
  });
});

function checkedWords(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const statement of migration0001.statements(wordsOf("sqlite"))) {
    const table = /^create table (\w+)/.exec(statement)?.[1];
    if (table === undefined) continue;
    for (const [, column, list] of statement.matchAll(/check \((\w+) in \(([^)]*)\)\)/g)) {
      found.set(
        `${table}.${column}`,
        [...(list ?? "").matchAll(/'(\w+)'/g)].map(([, word]) => word ?? ""),
      );
    }
  }
  return found;
}

function madeBySqlite(place: Place): Shape {
  const db = new DatabaseSync(`${place.dataFolder}/sluice.sqlite`);
  const rows = db
    .prepare(
      `select t.name as "table", c.name as "column", c."notnull" = 0 and c.pk = 0 as "nullable"
       from sqlite_master t, pragma_table_info(t.name) c
       where t.type = 'table' and t.name not like 'sqlite_%' and t.name != 'schema_migrations'`,
    )
    .all();
  db.close();
  return shapeOf(rows.map((row) => [String(row["table"]), String(row["column"]), row["nullable"] === 1]));
}

async function madeByPostgres(url: string): Promise<Shape> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ table: string; column: string; nullable: boolean }>(
    `select table_name as "table", column_name as "column", is_nullable = 'YES' as nullable
     from information_schema.columns where table_schema = 'public' and table_name != 'schema_migrations'`,
  );
  await client.end();
  return shapeOf(rows.map((row) => [row.table, row.column, row.nullable]));
}

async function written(): Promise<Shape> {
  const text = await readFile(new URL("../../../server/store/schema.ts", import.meta.url), "utf8");
  const database = bodyOf(text, "Database");
  const columns = [...database.matchAll(/^ {2}(\w+): (\w+);/gm)].flatMap(([, table = "", type = ""]) =>
    [...bodyOf(text, type).matchAll(/^ {2}(\w+): ([^;]+);/gm)].map(
      ([, column = "", kind = ""]): [string, string, boolean] => [
        snake(table),
        snake(column),
        kind.includes("| null"),
      ],
    ),
  );
  return shapeOf(columns);
}

function bodyOf(text: string, name: string): string {
  return new RegExp(`export interface ${name} \\{\n([^]*?)\n\\}`).exec(text)?.[1] ?? "";
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function shapeOf(columns: readonly [string, string, boolean][]): Shape {
  const shape: Shape = {};
  for (const [table, column, nullable] of columns) {
    (shape[table] ??= []).push(nullable ? `${column} null` : column);
  }
  for (const names of Object.values(shape)) names.sort();
  return Object.fromEntries(Object.entries(shape).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
