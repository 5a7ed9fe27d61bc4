import { StoreError, codeOf, messageOf } from "../errors.ts";

const SERIALIZATION_FAILURE = "40001";
const DEADLOCK = "40P01";

/** Whether the same transaction, run again, may well succeed. */
export function isTransient(error: unknown): boolean {
  const code = codeOf(error);
  return code === SERIALIZATION_FAILURE || code === DEADLOCK;
}

const SOCKET_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "ENOENT", // a unix socket that is not there
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);
// pg gives these errors no code.
const WITHOUT_CODE =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when)/;

/** Whether the connection is gone, so that nobody can say what the server did with the last statement. */
export function isConnectionLost(error: unknown): boolean {
  const code = codeOf(error);
  // 08: connection exceptions; 57P0: shutdown, crash, starting up.
  if (code.startsWith("08") || code.startsWith("57P0") || SOCKET_CODES.has(code)) return true;
  return code === "" && WITHOUT_CODE.test(messageOf(error));
}

/** An error of PostgreSQL under our codes. */
export function postgresError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const code = codeOf(error);
  const message = messageOf(error);
  if (code === "23505") return new StoreError("conflict", message, error);
  if (code.startsWith("23")) return new StoreError("constraint", message, error);
  if (code === "53100") return new StoreError("full", `the database's disk is full (${message})`, error);
  if (code.startsWith("XX00")) return new StoreError("corrupt", message, error);
  if (code === "55P03" || code.startsWith("53")) return new StoreError("away", message, error);
  if (isConnectionLost(error)) {
    return new StoreError("away", `PostgreSQL cannot be reached (${message})`, error);
  }
  return new StoreError("procedure_failed", message, error);
}
