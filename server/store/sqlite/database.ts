import { DatabaseSync } from "node:sqlite";
import type { SQLInputValue, StatementSync } from "node:sqlite";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { NO_FAULTS } from "../../../runners/faults.ts";
import type { Faults } from "../../../runners/faults.ts";
import { StoreError, messageOf } from "../errors.ts";
import { MIGRATION_POINT } from "../fault.ts";
import { MIGRATIONS, apply, migrationsAfter, schemaVersion } from "../migrate.ts";
import type { Migration } from "../migrations/migration.ts";
import { camelCase, tablesWritten } from "../names.ts";
import type { Durability, Query, StepResult, Steps } from "../procedure.ts";

interface Prepared {
  statement: StatementSync;
  keys: readonly string[]; // empty: gives no rows
  writes: readonly string[];
}

/** How long one attempt to begin waits for another program's lock; reads have to wait for as long. */
const LOCK_WAIT_MS = 100;

/** Statements kept prepared; above this many the oldest is dropped. */
const PREPARED_LIMIT = 1000;

/** The one connection of the database thread. */
export class SqliteDatabase {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, Prepared>();
  #durability: Durability = "full";
  #written = new Set<string>();

  /** @throws {StoreError} `corrupt`, `newer_schema`, `full`. */
  constructor(
    file: string,
    backupFolder: string,
    nowMs: number,
    migrations: readonly Migration[] = MIGRATIONS,
    faults: Faults = NO_FAULTS,
  ) {
    this.#db = opened(file);
    try {
      this.#migrate(backupFolder, nowMs, migrations, faults);
      this.#db.exec(`pragma busy_timeout = ${LOCK_WAIT_MS}`);
    } catch (error) {
      this.#db.close();
      throw error instanceof StoreError ? error : sqliteError(error);
    }
  }

  /**
   * Begins a transaction whose commit will be as hard as asked.
   * @throws {StoreError} with the cause of `isLocked` where another program writes.
   */
  begin(durability: Durability): void {
    if (durability !== this.#durability) {
      this.#exec(`pragma synchronous = ${durability === "full" ? "FULL" : "NORMAL"}`);
      this.#durability = durability;
    }
    this.#written = new Set();
    // Immediate: a transaction that reads first and writes later would fail when somebody wrote in between.
    this.#exec("begin immediate");
  }

  /** Commits and names the tables written since begin. */
  commit(): readonly string[] {
    this.#exec("commit");
    return [...this.#written];
  }

  rollback(): void {
    // A full disk rolls back by itself.
    if (this.#db.isTransaction) this.#db.exec("rollback");
  }

  /** Carries out `steps` so that their failure undoes only what they did, not what the transaction held before. */
  inSavepoint<R>(steps: () => R): R {
    this.#db.exec("savepoint call");
    try {
      const result = steps();
      this.#db.exec("release call");
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("rollback to call; release call");
      throw error;
    }
  }

  /** Whether a transaction is open; false after an error that ended it (disk full). */
  get inTransaction(): boolean {
    return this.#db.isTransaction;
  }

  execute(query: Query): StepResult {
    const { statement, keys, writes } = this.#prepare(query.sql);
    const parameters = query.parameters.map(toSql);
    try {
      if (keys.length === 0) {
        const { changes } = statement.run(...parameters);
        for (const table of writes) this.#written.add(table);
        return { rows: [], changes: Number(changes) };
      }
      const rows = statement.all(...parameters).map((row) => withKeys(keys, row));
      for (const table of writes) this.#written.add(table);
      return { rows, changes: writes.length > 0 ? rows.length : 0 };
    } catch (error) {
      throw sqliteError(error);
    }
  }

  /** Runs a generator of statements to its end. */
  drive<R>(steps: Steps<R>): R {
    let turn = steps.next();
    while (turn.done !== true) turn = steps.next(this.execute(turn.value));
    return turn.value;
  }

  close(): void {
    this.#prepared.clear();
    this.#db.close();
  }

  #exec(sql: string): void {
    try {
      this.#db.exec(sql);
    } catch (error) {
      throw sqliteError(error);
    }
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.#compile(sql);
    statement.setReturnArrays(true);
    const keys = statement.columns().map((column) => camelCase(column.name));
    const prepared = { statement, keys, writes: tablesWritten(sql) };
    const oldest = this.#prepared.keys().next();
    if (this.#prepared.size >= PREPARED_LIMIT && oldest.done !== true) this.#prepared.delete(oldest.value);
    this.#prepared.set(sql, prepared);
    return prepared;
  }

  #compile(sql: string): StatementSync {
    try {
      return this.#db.prepare(sql);
    } catch (error) {
      throw sqliteError(error);
    }
  }

  #migrate(backupFolder: string, nowMs: number, migrations: readonly Migration[], faults: Faults): void {
    const version = this.drive(schemaVersion());
    const missing = migrationsAfter(version, migrations);
    if (missing.length > 0 && version > 0) this.#copyTo(backupFolder, version);
    for (const migration of missing) {
      this.begin("full");
      try {
        this.drive(apply({ dialect: "sqlite", nowMs }, migration));
        faults.before(MIGRATION_POINT);
        this.commit();
        faults.after(MIGRATION_POINT);
      } catch (error) {
        this.rollback();
        throw error;
      }
    }
    this.#prepared.clear(); // statements of the older schema
  }

  #copyTo(folder: string, version: number): void {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const copy = join(folder, `before-schema-${version + 1}.sqlite`);
    rmSync(copy, { force: true }); // left by an upgrade that was cut short
    this.#db.prepare("vacuum into ?").run(copy);
  }
}

function opened(file: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: 5000, enableForeignKeyConstraints: true });
    db.exec(`pragma journal_mode = WAL; pragma synchronous = FULL; pragma temp_store = MEMORY;
      pragma journal_size_limit = 67108864; pragma trusted_schema = OFF`);
    const problem = firstProblem(db);
    if (problem === undefined) return db;
    throw new StoreError("corrupt", problem);
  } catch (error) {
    db?.close();
    const known = error instanceof StoreError ? error : sqliteError(error);
    if (known.code !== "corrupt") throw known;
    throw new StoreError(
      "corrupt",
      `the database file ${file} is damaged (${known.message}): move it aside and bring back a backup with "sluice restore"`,
      error,
    );
  }
}

/** A row with a word that our constraints refuse is no damage: a later release may have written it, and it is set apart. */
function firstProblem(db: DatabaseSync): string | undefined {
  db.exec("pragma ignore_check_constraints = on");
  const answer = Object.values(db.prepare("pragma quick_check(1)").get() ?? {})[0];
  db.exec("pragma ignore_check_constraints = off");
  return answer === "ok" ? undefined : String(answer);
}

/** A row read as an array, by the names of its columns. */
export function withKeys(keys: readonly string[], row: unknown): unknown {
  const named: Record<string, unknown> = {};
  if (!Array.isArray(row)) return named;
  for (const [at, key] of keys.entries()) named[key] = row[at];
  return named;
}

/** A value as SQLite stores it. @throws {Error} for what it cannot. */
export function toSql(value: unknown): SQLInputValue {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || typeof value === "string" || typeof value === "bigint") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value instanceof Uint8Array) return value;
  throw new Error(`a ${typeof value} cannot be stored: pass a number, text, bytes or null`);
}

const BUSY = 5;

/** Whether an error says that another program holds the write lock. */
export function isLocked(error: unknown): boolean {
  return error instanceof StoreError && (numberOf(error.cause) & 0xff) === BUSY;
}

function numberOf(error: unknown): number {
  return typeof error === "object" && error !== null && "errcode" in error ? Number(error.errcode) : 0;
}

const UNIQUE = new Set([1555, 2067, 2579]); // primary key, unique, rowid

/** An error of SQLite under our codes. */
export function sqliteError(error: unknown): StoreError {
  const number = numberOf(error);
  const message = messageOf(error);
  if (UNIQUE.has(number)) return new StoreError("conflict", message, error);
  switch (number & 0xff) {
    case 19:
      return new StoreError("constraint", message, error);
    case 13:
      return new StoreError("full", `the disk with the database is full (${message})`, error);
    case 11:
    case 26:
      return new StoreError("corrupt", message, error);
    case BUSY:
      return new StoreError(
        "away",
        `another program holds the lock of the database file (${message})`,
        error,
      );
    case 6:
    case 8:
    case 10:
    case 14:
      return new StoreError("away", `the database file cannot be used (${message})`, error);
    default:
      return new StoreError("procedure_failed", message, error);
  }
}
