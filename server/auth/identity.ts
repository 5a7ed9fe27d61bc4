import { z } from "zod";
import { TokenScope } from "../http/contract/people.ts";
import type { Role } from "../http/contract/people.ts";
import type { Store } from "../store/store.ts";
import { SIGN_IN_IDLE_MS, touchSignIn, touchToken } from "./rows.ts";
import { csrfOf, readApiToken, tokenHash } from "./tokens.ts";

/** Who asks, as proved by a cookie or a token. */
export interface Identity {
  readonly userId: number;
  readonly login: string;
  readonly name: string;
  readonly mail: string | null;
  readonly role: Role;
  readonly by: "session" | "token";
  readonly signInId: number | null;
  readonly signInExpiresAtMs: number | null;
  readonly csrf: string | null;
  readonly scopes: readonly TokenScope[];
}

/** How often the time of last use is written. */
const TOUCH_MS = 60_000;

const Scopes = z.array(TokenScope);

/** Finds the person of a browser's cookie; null when it is unknown, over or revoked. */
export async function identifyBySignIn(store: Store, token: string, nowMs: number): Promise<Identity | null> {
  const row = await store.db
    .selectFrom("signIns")
    .innerJoin("users", "users.id", "signIns.userId")
    .select([
      "signIns.id as signInId",
      "signIns.seenAtMs",
      "signIns.expiresAtMs",
      "users.id",
      "users.name",
      "users.displayName",
      "users.mail",
      "users.role",
    ])
    .where("signIns.tokenHash", "=", tokenHash(token))
    .where("signIns.revokedAtMs", "is", null)
    .where("signIns.expiresAtMs", ">", nowMs)
    .where("signIns.seenAtMs", ">", nowMs - SIGN_IN_IDLE_MS)
    .where("users.disabledAtMs", "is", null)
    .executeTakeFirst();
  if (row === undefined) return null;
  if (nowMs - row.seenAtMs > TOUCH_MS) await store.call(touchSignIn, { id: row.signInId });
  return {
    userId: row.id,
    login: row.name,
    name: row.displayName ?? row.name,
    mail: row.mail,
    role: row.role,
    by: "session",
    signInId: row.signInId,
    signInExpiresAtMs: Math.min(row.expiresAtMs, nowMs + SIGN_IN_IDLE_MS),
    csrf: csrfOf(token),
    scopes: [],
  };
}

/** Finds the owner of an API token; null when it is unknown, over or revoked. */
export async function identifyByToken(store: Store, text: string, nowMs: number): Promise<Identity | null> {
  const token = readApiToken(text);
  if (token === null) return null;
  const row = await store.db
    .selectFrom("apiTokens")
    .innerJoin("users", "users.id", "apiTokens.userId")
    .select([
      "apiTokens.usedAtMs",
      "apiTokens.scopes",
      "users.id",
      "users.name",
      "users.displayName",
      "users.mail",
      "users.role",
    ])
    .where("apiTokens.id", "=", token.id)
    .where("apiTokens.tokenHash", "=", tokenHash(token.secret))
    .where("apiTokens.revokedAtMs", "is", null)
    .where("apiTokens.expiresAtMs", ">", nowMs)
    .where("users.disabledAtMs", "is", null)
    .executeTakeFirst();
  if (row === undefined) return null;
  if (row.usedAtMs === null || nowMs - row.usedAtMs > TOUCH_MS)
    await store.call(touchToken, { id: token.id });
  return {
    userId: row.id,
    login: row.name,
    name: row.displayName ?? row.name,
    mail: row.mail,
    role: row.role,
    by: "token",
    signInId: null,
    signInExpiresAtMs: null,
    csrf: null,
    scopes: Scopes.parse(JSON.parse(row.scopes)),
  };
}
