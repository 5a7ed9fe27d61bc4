import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { StoreError } from "../errors.ts";
import { sqliteError } from "./database.ts";

const PATIENCE_MS = 1000;

/**
 * Holds the data folder for this process. The lock is a file lock of the operating system (SQLite takes it for us),
 * so it ends with the process however that ends. @returns a function that lets go.
 * @throws {StoreError} `instance_running`.
 */
export async function holdFileLock(dataFolder: string): Promise<() => Promise<void>> {
  const file = join(dataFolder, "server.lock");
  // A holder killed just now may take a moment to be gone.
  const lock = new DatabaseSync(file, { timeout: PATIENCE_MS });
  try {
    // Journal in memory: a file left by a killed holder would have to be rolled back by the next.
    lock.exec("pragma journal_mode = memory; begin exclusive");
  } catch (error) {
    lock.close();
    if (sqliteError(error).code !== "away") throw error;
    throw new StoreError(
      "instance_running",
      `another server is running on the data folder ${dataFolder}: stop it, or give this one its own SLUICE_DATA`,
      error,
    );
  }
  return async () => lock.close();
}
