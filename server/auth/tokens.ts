import { createHash, createHmac, randomBytes } from "node:crypto";

/** A random text that proves something to us, 256 bits. */
export function newToken(): string {
  return randomBytes(32).toString("base64url");
}

/** The text by which a runner joins once: it never begins with a dash, which a command line would take for an option. */
export function runnerTokenText(): string {
  return `slj_${newToken()}`;
}

/** What the database holds of a token: enough to recognise it, nothing to use it. */
export function tokenHash(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** The value that the page sends back with each change: only who holds the cookie's page can know it. */
export function csrfOf(signInToken: string): string {
  return createHmac("sha256", signInToken).update("csrf").digest("base64url");
}

/** The text of an API token: `slp_<id>_<43 characters>`, so that leaks can be searched for. */
export function apiTokenText(id: number, secret: string): string {
  return `slp_${id}_${secret}`;
}

/** The id and secret of an API token's text; null where it is none. */
export function readApiToken(text: string): { id: number; secret: string } | null {
  const found = /^slp_([1-9]\d{0,14})_([A-Za-z0-9_-]{43})$/u.exec(text);
  const id = found?.[1];
  const secret = found?.[2];
  return id === undefined || secret === undefined ? null : { id: Number(id), secret };
}
