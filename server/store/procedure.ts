import type { Compilable, CompiledQuery, QueryCreator } from "kysely";
import type { DialectName } from "./migrations/migration.ts";
import type { Database } from "./schema.ts";

/** One statement on its way to the database. */
export interface Query {
  sql: string;
  parameters: readonly unknown[];
}

/** What one statement gave: rows with camelCase names, and how many rows it changed. */
export interface StepResult {
  rows: readonly unknown[];
  changes: number;
}

/** A piece of a transaction that gives an R: a generator whose every yield is one statement. */
export type Steps<R> = Generator<Query, R, StepResult>;

/** How hard a commit is: `full` survives a power cut, `normal` every kill of the process. */
export type Durability = "full" | "normal";

/** What a procedure sees of the database. Queries are built with `db` and passed to one of the four functions. */
export interface Transaction {
  /** Builds queries for the dialect in use; executing them otherwise than by yield* throws. */
  db: QueryCreator<Database>;
  dialect: DialectName;
  /** The database's clock at the begin of the transaction. */
  nowMs: number;
  /** The first row, if any. */
  first<R>(query: Compilable<R>): Steps<R | undefined>;
  /** The only row. @throws {Error} when there is none. */
  one<R>(query: Compilable<R>): Steps<R>;
  all<R>(query: Compilable<R>): Steps<R[]>;
  /** Carries out a write and gives the number of rows it changed: 0 means that somebody else was first. */
  run(query: Compilable<unknown>): Steps<number>;
}

/**
 * A named transaction. It may run more than once (a deadlock elsewhere) and in another thread, so it must depend on
 * its input and its rows alone: no clock, randomness, module state or awaiting inside.
 */
export interface Procedure<Input, Result> {
  readonly kind: "procedure";
  readonly name: string;
  readonly durability: Durability;
  run(tx: Transaction, input: Input): Steps<Result>;
}

/**
 * Declares a transaction under a name unique in the server. Input and result are cloned between threads: plain
 * values, Uint8Array, Map and Set, no functions. Export it from a module whose URL is given to `openStore`.
 */
export function procedure<Input, Result>(
  name: string,
  options: { durability: Durability },
  run: (tx: Transaction, input: Input) => Steps<Result>,
): Procedure<Input, Result> {
  return { kind: "procedure", name, durability: options.durability, run };
}

/** Makes the transaction's view of the database for one run. */
export function createTransaction(
  db: QueryCreator<Database>,
  dialect: DialectName,
  nowMs: number,
): Transaction {
  return { db, dialect, nowMs, first, one, all, run };
}

/** The statement of a query builder, without the syntax tree that Kysely leaves in it. */
export function queryOf(compiled: CompiledQuery): Query {
  return { sql: compiled.sql, parameters: compiled.parameters };
}

function* first<R>(query: Compilable<R>): Steps<R | undefined> {
  const rows = yield* all(query);
  return rows[0];
}

function* one<R>(query: Compilable<R>): Steps<R> {
  const compiled = query.compile();
  const { rows } = yield queryOf(compiled);
  if (!isRowsOf<R>(compiled, rows)) throw new Error("rows of another query");
  const [row] = rows;
  if (row === undefined) throw new Error(`no row: ${compiled.sql}`);
  return row;
}

function* all<R>(query: Compilable<R>): Steps<R[]> {
  const compiled = query.compile();
  const { rows } = yield queryOf(compiled);
  if (!isRowsOf<R>(compiled, rows)) throw new Error("rows of another query");
  return [...rows];
}

function* run(query: Compilable<unknown>): Steps<number> {
  const { changes } = yield queryOf(query.compile());
  return changes;
}

/**
 * The one place where rows get their type: the query's builder knows it, and a test compares schema.ts with what the
 * migrations make.
 */
export function isRowsOf<R>(query: Query, rows: readonly unknown[]): rows is readonly R[] {
  return query.sql !== "" && Array.isArray(rows);
}

/** What a procedure's run has given, typed by the procedure itself; see `isRowsOf`. */
export function isResultOf<Input, Result>(
  called: Procedure<Input, Result>,
  result: unknown,
): result is Result {
  return called.kind === "procedure" && typeof result !== "function";
}
