import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Backend } from "../backend.ts";
import type { Clock } from "../clock.ts";
import { StoreError } from "../errors.ts";
import { camelCase } from "../names.ts";
import { sqliteError, toSql, withKeys } from "./database.ts";

const PATIENCE_MS = 5000;

/**
 * Opens the SQLite file of a data folder for reading alone, whether a server runs on it or not.
 * @throws {StoreError} `away` where there is none, `corrupt`.
 */
export function openSqliteForReading(dataFolder: string, clock: Clock): Backend {
  const file = join(dataFolder, "sluice.sqlite");
  if (!existsSync(file))
    throw new StoreError("away", `${dataFolder} holds no database: is this the data folder of a server?`);
  let db: DatabaseSync;
  try {
    db = new DatabaseSync(file, { readOnly: true, timeout: PATIENCE_MS });
    // A row with a word that our constraints refuse is no damage: it is named by its invariant.
    db.exec("pragma ignore_check_constraints = on");
    const problem = Object.values(db.prepare("pragma quick_check(1)").get() ?? {})[0];
    if (problem !== "ok") {
      db.close();
      throw new StoreError("corrupt", `the database file ${file} is damaged: ${String(problem)}`);
    }
  } catch (error) {
    throw error instanceof StoreError ? error : sqliteError(error);
  }
  return {
    async query({ sql, parameters }) {
      try {
        const statement = db.prepare(sql);
        statement.setReturnArrays(true);
        const keys = statement.columns().map((column) => camelCase(column.name));
        const rows = statement.all(...parameters.map(toSql)).map((row) => withKeys(keys, row));
        return { rows, changes: 0 };
      } catch (error) {
        throw sqliteError(error);
      }
    },
    call: (name) => Promise.reject(new StoreError("unknown_procedure", `${name}: this is for reading alone`)),
    nowMs: async () => clock.nowMs(),
    close: async () => db.close(),
  };
}
