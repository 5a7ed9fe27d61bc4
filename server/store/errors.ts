/** Why the store refused or failed; each code has one cause a person can act on. */
export type StoreErrorCode =
  | "newer_schema" // a later release wrote this database
  | "corrupt" // the database file is damaged
  | "instance_running" // another server holds this data folder
  | "conflict" // a unique key was taken
  | "constraint" // a CHECK, NOT NULL or foreign key refused the row
  | "full" // the disk is full
  | "away" // the database cannot be reached; nothing was committed
  | "outcome_unknown" // the connection was lost in COMMIT: read again by unique key, then decide
  | "procedure_failed" // the procedure threw; its transaction was rolled back
  | "unknown_procedure" // not in the list of modules the store was opened with
  | "closed";

/** A failure of the database or of a procedure running in it. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "StoreError";
    this.code = code;
  }
}

/** Whether `error` is a StoreError, with that code where one is given. */
export function isStoreError(error: unknown, code?: StoreErrorCode): error is StoreError {
  return error instanceof StoreError && (code === undefined || error.code === code);
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code of a system, socket or database error (`ENOENT`, a SQLSTATE); empty where it has none. */
export function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return String(error.code);
}
