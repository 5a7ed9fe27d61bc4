import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { driverOn } from "../../../../server/store/driver.ts";
import { createTransaction, type Procedure, type Query } from "../../../../server/store/procedure.ts";
import { kyselyOn, queryBuilder } from "../../../../server/store/queries.ts";
import { SqliteDatabase } from "../../../../server/store/sqlite/database.ts";
import type { Store } from "../../../../server/store/store.ts";

/** A table that is read row by row, and the statement that does it. */
export interface Scan {
  readonly table: string;
  readonly line: string;
  readonly sql: string;
}

/** A store on a file of SQLite that notes of each statement how SQLite looks for its rows. */
export interface PlannedStore {
  readonly store: Store;
  /** What was read row by row since the last call. */
  scans(): Scan[];
  close(): void;
}

/** Opens the file of a store that is closed. Procedures run here, not in the database's thread. */
export function openPlanned(folder: string, nowMs: () => number): PlannedStore {
  const file = join(folder, "sluice.sqlite");
  const database = new SqliteDatabase(file, folder, nowMs());
  const planner = new DatabaseSync(file);
  const builder = queryBuilder("sqlite");
  const found: Scan[] = [];
  const execute = (query: Query) => {
    if (/^\s*(with|select|update|delete)/iu.test(query.sql)) found.push(...scansOf(planner, query));
    return database.execute(query);
  };
  const call = async <Input, Result>(called: Procedure<Input, Result>, input: Input): Promise<Result> => {
    const steps = called.run(createTransaction(builder, "sqlite", nowMs()), input);
    let turn = steps.next();
    while (turn.done !== true) turn = steps.next(execute(turn.value));
    return turn.value;
  };
  const db = kyselyOn("sqlite", {
    ...driverOn({
      query: async (query) => execute(query),
      call: () => Promise.reject(new Error("not here")),
      nowMs: async () => nowMs(),
      close: async () => {},
    }),
  });
  return {
    store: {
      dialect: "sqlite",
      holder: "planned/boot",
      db,
      call,
      nowMs: async () => nowMs(),
      stepsBack: () => 0,
      onWritten: () => () => {},
      close: async () => {},
    },
    scans: () => found.splice(0),
    close() {
      planner.close();
      database.close();
    },
  };
}

function scansOf(planner: DatabaseSync, query: Query): Scan[] {
  const rows = planner
    .prepare(`explain query plan ${query.sql}`)
    .all(...query.parameters.map((value) => (typeof value === "number" ? value : String(value))));
  return rows.flatMap((row) => {
    const line = String(row["detail"]);
    const [, table] = /^SCAN (?:TABLE )?(\w+)/u.exec(line) ?? [];
    return table === undefined ? [] : [{ table, line, sql: query.sql }];
  });
}
