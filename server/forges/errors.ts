/** Why a forge or repository could not do what was asked; the code says what may help. */
export type ForgeErrorCode =
  | "unauthorised" // the token or password is wrong, missing or lacks a right
  | "not_found" // no such repository, commit, ref or file, or no right to see it
  | "refused" // the forge understood and says no; repeating changes nothing
  | "throttled" // too many calls; `retryAfterMs` says when
  | "away" // no answer, or one of a broken server; worth repeating
  | "bad_address"; // the address is none that we would call

/** A failed call to a forge. The message is for people and holds no credential. */
export class ForgeError extends Error {
  override readonly name = "ForgeError";
  readonly code: ForgeErrorCode;
  readonly retryAfterMs: number | null;
  constructor(
    code: ForgeErrorCode,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** Whether the same call may succeed later without anybody doing anything. */
export function isWorthRepeating(error: unknown): boolean {
  return error instanceof ForgeError && (error.code === "away" || error.code === "throttled");
}

/** The error of an HTTP status; `text` is what the forge said, cut. */
export function errorOfStatus(
  status: number,
  what: string,
  text: string,
  retryAfterMs: number | null,
): ForgeError {
  const message = `${what}: the forge answered ${status}${text === "" ? "" : `: ${text.slice(0, 300)}`}`;
  if (status === 401) return new ForgeError("unauthorised", message);
  if (status === 429 || (status === 403 && retryAfterMs !== null)) {
    return new ForgeError("throttled", message, { retryAfterMs: retryAfterMs ?? 60_000 });
  }
  if (status === 403) return new ForgeError("unauthorised", message);
  if (status === 404) return new ForgeError("not_found", message);
  return new ForgeError(status >= 500 ? "away" : "refused", message);
}
