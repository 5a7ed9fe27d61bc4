import type { Kysely } from "kysely";
import type { Backend } from "./backend.ts";
import { type ClockSteps, createClockSteps, notedClock } from "./clock-steps.ts";
import type { Clock } from "./clock.ts";
import { driverOn } from "./driver.ts";
import { StoreError } from "./errors.ts";
import { leaveLeases, takeOwnLeases } from "./leases.ts";
import type { DialectName } from "./migrations/migration.ts";
import { openPostgres } from "./postgres/client.ts";
import { holdAdvisoryLock } from "./postgres/instance-lock.ts";
import { isResultOf } from "./procedure.ts";
import type { Procedure } from "./procedure.ts";
import { queryBuilder, kyselyOn } from "./queries.ts";
import type { Database } from "./schema.ts";
import { bootName, serverName } from "./server-name.ts";
import { openSqlite } from "./sqlite/client.ts";
import { holdFileLock } from "./sqlite/instance-lock.ts";

/** The database as the rooms of the server see it. */
export interface Store {
  readonly dialect: DialectName;
  /** `<server>/<boot>`: who holds the leases that this process claims. */
  readonly holder: string;
  /** Reads and single statements. A write of it commits with full durability; transactions are procedures. */
  readonly db: Kysely<Database>;
  /**
   * Runs a procedure to its commit.
   * @throws {StoreError} `procedure_failed` when it threw (rolled back), `conflict`, `constraint`, `away`,
   * `outcome_unknown` (read again by unique key, then decide).
   */
  call<Input, Result>(called: Procedure<Input, Result>, input: Input): Promise<Result>;
  /** The database's clock: what a procedure started now would see as `tx.nowMs`. */
  nowMs(): Promise<number>;
  /** How often that clock has stepped back by more than five seconds since the store was opened. */
  stepsBack(): number;
  /**
   * Calls `listener` after each commit of this process that may have written `table`. Only a hint that spares
   * polling: commits of other servers are not seen. @returns a function that ends it.
   */
  onWritten(table: keyof Database, listener: () => void): () => void;
  /** Commits what was accepted, gives the leases of this process back and lets go of the database. */
  close(): Promise<void>;
}

/** What a store is opened with. */
export interface StoreOptions {
  dataFolder: string;
  /** PostgreSQL instead of a file in the data folder. */
  databaseUrl?: string | undefined;
  /** SQLite only: PostgreSQL has its own. */
  clock: Clock;
  /** Modules that export procedures, as `new URL("./…", import.meta.url)`. The store's own need not be named. */
  procedures: readonly URL[];
}

/** The store's own modules with procedures. */
const OWN_PROCEDURES = ["./instance.ts", "./leases.ts", "./outbox.ts"].map(
  (path) => new URL(path, import.meta.url),
);

/**
 * Opens the database: takes the instance lock, checks the file, brings the schema up to date, and takes the leases of
 * this server's earlier boots, which are dead because the lock was free.
 * @throws {StoreError} `instance_running`, `corrupt`, `newer_schema`, `away`.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const server = serverName(options.dataFolder);
  const listeners = new Map<string, Set<() => void>>();
  const onWritten = (tables: readonly string[]): void => tell(listeners, tables);
  const urls = [...OWN_PROCEDURES, ...options.procedures].map((url) => url.href);
  const steps = createClockSteps();
  const own = { procedures: [...new Set(urls)], onWritten, steps };
  const { backend, unlock } = await openBackend(options, server, own);
  const holder = `${server}/${bootName()}`;
  try {
    await backend.call(takeOwnLeases.name, { server, holder });
  } catch (error) {
    await backend.close();
    await unlock();
    throw error;
  }
  return createStore({ backend, unlock, holder, listeners, steps, dialect: dialectOf(options) });
}

/** Queries without a database, for compiling and for tests of text. */
export const buildersOf = { sqlite: queryBuilder("sqlite"), postgres: queryBuilder("postgres") } as const;

interface Opened {
  backend: Backend;
  unlock: () => Promise<void>;
}

async function openBackend(
  options: StoreOptions,
  server: string,
  own: {
    readonly procedures: readonly string[];
    readonly onWritten: (tables: readonly string[]) => void;
    readonly steps: ClockSteps;
  },
): Promise<Opened> {
  const { procedures, onWritten, steps } = own;
  if (options.databaseUrl !== undefined) {
    const { databaseUrl } = options;
    const backend = await openPostgres({ databaseUrl, procedures, onWritten, steps });
    return locked(backend, () => holdAdvisoryLock(databaseUrl, server));
  }
  const unlock = await holdFileLock(options.dataFolder);
  try {
    const { dataFolder } = options;
    const clock = notedClock(options.clock, steps);
    return { backend: await openSqlite({ dataFolder, clock, procedures, onWritten }), unlock };
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function locked(backend: Backend, lock: () => Promise<() => Promise<void>>): Promise<Opened> {
  try {
    return { backend, unlock: await lock() };
  } catch (error) {
    await backend.close();
    throw error;
  }
}

function createStore(parts: {
  backend: Backend;
  unlock: () => Promise<void>;
  holder: string;
  listeners: Map<string, Set<() => void>>;
  steps: ClockSteps;
  dialect: DialectName;
}): Store {
  const { backend, holder, dialect, listeners, steps } = parts;
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    try {
      await backend.call(leaveLeases.name, { holder });
    } catch (error) {
      // A database that is away cannot take them back: they expire.
      if (!(error instanceof StoreError)) throw error;
    }
    await backend.close();
    await parts.unlock();
  };
  return {
    dialect,
    holder,
    db: kyselyOn(dialect, driverOn(backend)),
    call: async (called, input) => {
      const result = await backend.call(called.name, input);
      if (!isResultOf(called, result)) throw new Error(`${called.name} gave something that is no result`);
      return result;
    },
    nowMs: () => backend.nowMs(),
    stepsBack: () => steps.back(),
    onWritten: (table, listener) => listen(listeners, table, listener),
    close: () => (closing ??= close()),
  };
}

function listen(listeners: Map<string, Set<() => void>>, table: string, listener: () => void): () => void {
  const those = listeners.get(table) ?? new Set();
  those.add(listener);
  listeners.set(table, those);
  return () => those.delete(listener);
}

function tell(listeners: ReadonlyMap<string, ReadonlySet<() => void>>, tables: readonly string[]): void {
  for (const table of tables) for (const listener of listeners.get(table) ?? []) listener();
}

function dialectOf(options: StoreOptions): DialectName {
  return options.databaseUrl === undefined ? "sqlite" : "postgres";
}
