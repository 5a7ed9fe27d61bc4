import type { Query, StepResult } from "./procedure.ts";

/** A database under the store: SQLite in its thread, or PostgreSQL over a pool. */
export interface Backend {
  /** One statement in a transaction of its own; a write commits with `full`. */
  query(query: Query): Promise<StepResult>;
  /** Runs a registered procedure to its commit. */
  call(name: string, input: unknown): Promise<unknown>;
  /** The database's clock, the same that a procedure sees as `tx.nowMs`. */
  nowMs(): Promise<number>;
  close(): Promise<void>;
}

/** Told, after a commit, which tables (named as in code) were written. */
export type OnWritten = (tables: readonly string[]) => void;
