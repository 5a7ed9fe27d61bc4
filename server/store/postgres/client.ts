import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import type { Pool, PoolClient } from "pg";
import { NO_FAULTS } from "../../../runners/faults.ts";
import type { Faults } from "../../../runners/faults.ts";
import type { Backend, OnWritten } from "../backend.ts";
import { type ClockSteps, createClockSteps } from "../clock-steps.ts";
import { StoreError, messageOf } from "../errors.ts";
import { faultsFrom, MIGRATION_POINT, STATEMENT_POINT } from "../fault.ts";
import { apply, migrationsAfter, schemaVersion } from "../migrate.ts";
import { tablesWritten } from "../names.ts";
import { createTransaction } from "../procedure.ts";
import type { Query, StepResult } from "../procedure.ts";
import { loadProcedures, procedureNamed } from "../procedures.ts";
import type { AnyProcedure } from "../procedures.ts";
import { queryBuilder } from "../queries.ts";
import { isConnectionLost, isTransient, postgresError } from "./errors.ts";
import { drive, execute } from "./session.ts";

/** Runs of one transaction that met a deadlock or a serialization failure. */
const ATTEMPTS = 10;
/** How long a start waits for a PostgreSQL that is not up yet. */
const START_PATIENCE_MS = 30_000;
/** How long a transaction waits for a free connection of the pool, or for a silent server. */
const CONNECTION_PATIENCE_MS = 15_000;
/** Any number that no other program of this database uses: "sluice" in ASCII. */
const MIGRATION_LOCK = 0x736c75696365;

/** Settings of a connection on which every transaction only reads. */
const READ_ONLY = "-c default_transaction_read_only=on";

const INT8 = 20;
const NUMERIC = 1700;

/**
 * Opens a PostgreSQL database, waiting for a server that is still starting, and brings its schema up to date.
 * @throws {StoreError} `away`, `newer_schema`.
 */
export async function openPostgres(options: {
  databaseUrl: string;
  procedures: readonly string[];
  onWritten: OnWritten;
  steps: ClockSteps;
}): Promise<PostgresBackend> {
  const procedures = await loadProcedures(options.procedures);
  const pool = createPool(options.databaseUrl);
  const faults = faultsFrom(process.env);
  try {
    await migrate(pool, faults);
  } catch (error) {
    await pool.end();
    throw postgresError(error);
  }
  return new PostgresBackend({ ...options, pool, procedures, faults });
}

/** The database as it is, for reading alone: its schema stays, and what would write is refused by the server. */
export function openPostgresForReading(databaseUrl: string): PostgresBackend {
  return new PostgresBackend({
    pool: createPool(databaseUrl, READ_ONLY),
    procedures: new Map(),
    onWritten: () => {},
    steps: createClockSteps(),
    faults: NO_FAULTS,
  });
}

/** Procedures driven from the main thread over a pool of connections. */
export class PostgresBackend implements Backend {
  readonly #pool: Pool;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #procedures: ReadonlyMap<string, AnyProcedure>;
  readonly #onWritten: OnWritten;
  readonly #steps: ClockSteps;
  readonly #faults: Faults;
  readonly #builder = queryBuilder("postgres");
  #closing: Promise<void> | undefined;

  constructor(parts: {
    pool: Pool;
    procedures: ReadonlyMap<string, AnyProcedure>;
    onWritten: OnWritten;
    steps: ClockSteps;
    faults: Faults;
  }) {
    this.#pool = parts.pool;
    this.#procedures = parts.procedures;
    this.#onWritten = parts.onWritten;
    this.#steps = parts.steps;
    this.#faults = parts.faults;
  }

  query(query: Query): Promise<StepResult> {
    return this.#tracked(() => this.#query(query));
  }

  call(name: string, input: unknown): Promise<unknown> {
    return this.#tracked(() => this.#call(name, input));
  }

  nowMs(): Promise<number> {
    return this.#tracked(() => this.#nowMs());
  }

  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  /** What was accepted before `close` is carried out to its end. */
  async #finish(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    await this.#pool.end();
  }

  async #tracked<R>(work: () => Promise<R>): Promise<R> {
    if (this.#closing !== undefined) throw new StoreError("closed", "the store is closed");
    const working = work();
    this.#underWay.add(working);
    try {
      return await working;
    } finally {
      this.#underWay.delete(working);
    }
  }

  async #query(query: Query): Promise<StepResult> {
    const written = tablesWritten(query.sql);
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (written.length > 0) this.#faults.before(STATEMENT_POINT);
        const result = await this.#statement(query);
        if (written.length > 0 && result.changes > 0) this.#onWritten(written);
        if (written.length > 0) this.#faults.after(STATEMENT_POINT);
        return result;
      } catch (error) {
        // A write outside a transaction commits by itself, so a lost answer tells nothing about it.
        if (written.length > 0 && isConnectionLost(error)) throw unknownOutcome("a write", error);
        if (written.length > 0 || !mayRunAgain(error, attempt)) throw postgresError(error);
      }
    }
  }

  async #statement(query: Query): Promise<StepResult> {
    const client = await this.#connect();
    try {
      const result = await execute(client, query);
      client.release();
      return result;
    } catch (error) {
      client.release(isConnectionLost(error));
      throw error;
    }
  }

  async #call(name: string, input: unknown): Promise<unknown> {
    const called = procedureNamed(this.#procedures, name);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#transaction(called, input);
      } catch (error) {
        if (!mayRunAgain(error, attempt)) throw inProcedure(name, error);
        // Apart by chance, so that the same two do not meet in the same order again.
        await pause(Math.random() * 50 * attempt);
      }
    }
  }

  async #nowMs(): Promise<number> {
    const client = await this.#connect();
    try {
      const { rows } = await client.query<{ now: number }>(`select ${NOW} as now`);
      return this.#steps.note(rows[0]?.now ?? Number.NaN);
    } catch (error) {
      throw postgresError(error);
    } finally {
      client.release();
    }
  }

  async #connect(): Promise<PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw postgresError(error);
    }
  }

  async #transaction(called: AnyProcedure, input: unknown): Promise<unknown> {
    const client = await this.#connect();
    const written = new Set<string>();
    let result: unknown;
    try {
      const tx = createTransaction(this.#builder, "postgres", this.#steps.note(await begin(client)));
      result = await drive(client, called.run(tx, input), written);
      this.#faults.before(called.name);
    } catch (error) {
      await rollBack(client);
      throw error;
    }
    await commit(client, called.name);
    if (written.size > 0) this.#onWritten([...written]);
    this.#faults.after(called.name);
    return result;
  }
}

// Read in the transaction's first round trip; the offset is 0 but in fault tests.
const NOW = `(floor(extract(epoch from clock_timestamp()) * 1000)::bigint
  + coalesce((select clock_offset_ms from instance), 0))`;

async function begin(client: PoolClient): Promise<number> {
  const results: unknown = await client.query(`begin; select ${NOW} as now`);
  const last: unknown = Array.isArray(results) ? results.at(-1) : undefined;
  if (typeof last !== "object" || last === null || !("rows" in last) || !Array.isArray(last.rows)) {
    throw new Error("PostgreSQL answered begin without a time");
  }
  const row: unknown = last.rows[0];
  if (typeof row !== "object" || row === null || !("now" in row)) throw new Error("no time from PostgreSQL");
  return Number(row.now);
}

async function commit(client: PoolClient, name: string): Promise<void> {
  try {
    const { command } = await client.query("commit");
    client.release();
    // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error.
    if (command === "ROLLBACK") throw new StoreError("procedure_failed", `${name} was rolled back`);
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const lost = isConnectionLost(error);
    client.release(lost);
    throw lost ? unknownOutcome(name, error) : error;
  }
}

async function rollBack(client: PoolClient): Promise<void> {
  try {
    await client.query("rollback");
    client.release();
  } catch {
    client.release(true);
  }
}

function unknownOutcome(name: string, error: unknown): StoreError {
  return new StoreError(
    "outcome_unknown",
    `the connection was lost while ${name} was committing: read again by unique key (${messageOf(error)})`,
    error,
  );
}

// A connection that died before COMMIT committed nothing, and the pool may hold more that are dead (PostgreSQL was
// restarted): each is met once. A server that cannot be reached fails in connecting, which is not tried again here.
function mayRunAgain(error: unknown, attempt: number): boolean {
  if (error instanceof StoreError) return false;
  return attempt <= ATTEMPTS && (isTransient(error) || isConnectionLost(error));
}

function inProcedure(name: string, error: unknown): StoreError {
  const known = postgresError(error);
  if (known.code !== "procedure_failed") return known;
  return new StoreError("procedure_failed", `${name}: ${known.message}`, error);
}

function createPool(databaseUrl: string, options = ""): Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    options,
    application_name: "sluice",
    max: 10,
    connectionTimeoutMillis: CONNECTION_PATIENCE_MS,
    statement_timeout: 15_000,
    lock_timeout: 5000,
    idle_in_transaction_session_timeout: 30_000,
    types: { getTypeParser: parserOf },
  });
  // A connection that breaks is noticed by its query and replaced at the next use; without listeners Node would throw.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

// Counters and milliseconds stay far below 2^53; the default parser would give text.
function parserOf(oid: number, format?: "text" | "binary"): (text: string) => unknown {
  if (oid === INT8 || oid === NUMERIC) return Number;
  return format === "binary" ? pg.types.getTypeParser(oid, "binary") : pg.types.getTypeParser(oid, "text");
}

async function migrate(pool: Pool, faults: Faults): Promise<void> {
  const client = await firstConnection(pool);
  try {
    await client.query("set statement_timeout = 0; set lock_timeout = 0");
    await client.query(`select pg_advisory_lock(${MIGRATION_LOCK})`); // several servers may start at once
    const missing = migrationsAfter(await drive(client, schemaVersion(), new Set()));
    for (const migration of missing) {
      await client.query("begin");
      const { rows } = await client.query<{ now: number }>(
        "select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now",
      );
      await drive(client, apply({ dialect: "postgres", nowMs: rows[0]?.now ?? 0 }, migration), new Set());
      faults.before(MIGRATION_POINT);
      await client.query("commit");
      faults.after(MIGRATION_POINT);
    }
  } finally {
    client.release(true); // its settings and its lock end with it
  }
}

async function firstConnection(pool: Pool): Promise<PoolClient> {
  const giveUpAtMs = performance.now() + START_PATIENCE_MS;
  for (let pauseMs = 100; ; pauseMs = Math.min(2 * pauseMs, 2000)) {
    try {
      return await pool.connect();
    } catch (error) {
      if (!isConnectionLost(error) || performance.now() > giveUpAtMs) throw error;
      await pause(pauseMs);
    }
  }
}
