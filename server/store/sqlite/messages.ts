import type { Durability, Query, StepResult } from "../procedure.ts";
import type { StoreErrorCode } from "../errors.ts";

/** What the thread is started with. */
export interface ThreadData {
  file: string;
  backupFolder: string; // for the copy made before a migration
  procedures: readonly string[]; // URLs of modules
  nowMs: number;
}

/** One transaction waiting for its turn: a procedure by name, or a single write. */
export type GroupCall = { nowMs: number } & (
  | { kind: "procedure"; name: string; input: unknown }
  | { kind: "statement"; query: Query }
);

/** To the thread. */
export type Request =
  | { kind: "group"; id: number; durability: Durability; calls: readonly GroupCall[] }
  | { kind: "read"; id: number; query: Query }
  | { kind: "close"; id: number };

/** An error as it crosses the thread's border. */
export interface ErrorMessage {
  code: StoreErrorCode;
  message: string;
  stack: string | null;
}

/** How one call of a group ended. */
export type CallOutcome = { ok: true; result: unknown } | { ok: false; error: ErrorMessage };

/** From the thread. */
export type Answer =
  | { kind: "ready"; durabilities: ReadonlyMap<string, Durability> }
  | { kind: "refused"; error: ErrorMessage }
  | { kind: "group"; id: number; outcomes: readonly CallOutcome[]; written: readonly string[] }
  | { kind: "locked"; id: number; error: ErrorMessage } // another program writes: nothing of the group was begun
  | {
      kind: "read";
      id: number;
      outcome: { ok: true; result: StepResult } | { ok: false; error: ErrorMessage };
    }
  | { kind: "closed"; id: number };
