import { rm } from "node:fs/promises";
import { isPassword, hashPassword } from "../../auth/passwords.ts";
import {
  changePasswordRow,
  changeUserRow,
  createTokenRow,
  createUserRow,
  makeSignInLink,
  revokeTokenRow,
  signInFailed,
  signInRow,
  signOutRow,
  useClaim,
  useSignInLink,
} from "../../auth/rows.ts";
import { isAtLeast } from "../../auth/roles.ts";
import { claimFile, isClaimed } from "../../auth/claim.ts";
import { identifyBySignIn } from "../../auth/identity.ts";
import type { Identity } from "../../auth/identity.ts";
import { apiTokenText, newToken, tokenHash } from "../../auth/tokens.ts";
import { isStoreError } from "../../store/errors.ts";
import type { Buckets } from "../buckets.ts";
import { api } from "../contract.ts";
import { Tokens } from "../contract/people.ts";
import type { Me, User } from "../contract/people.ts";
import { writeCookie } from "../cookies.ts";
import { cursorId, pageOf } from "../page.ts";
import { HttpProblem, notFound } from "../problem.ts";
import { route } from "../route.ts";
import type { Context } from "../route.ts";
import type { World } from "../world.ts";

const DAY_MS = 86_400_000;
const LINK_MS = DAY_MS;
const WRONG = "Name or password is wrong.";

/** First start, sign-in and the people of the server. */
export function peopleRoutes(world: World, signInBucket: Buckets) {
  const { store } = world;
  return {
    setup: route(api.setup, async () => ({ claimed: await isClaimed(store), version: world.version })),

    claim: route(api.claim, async (context) => {
      requireAttempt(signInBucket, context.address);
      const { claim, login, name, mail, password } = context.body;
      const token = newToken();
      const id = await store.call(useClaim, {
        tokenHash: tokenHash(claim),
        login,
        name,
        mail: mail ?? null,
        passwordHash: await hashPassword(password),
        signIn: newSignIn(context, token),
      });
      if (id === null)
        throw wrong(
          context,
          403,
          "claim_wrong",
          "the link was used or has expired; restart the server for a new one",
        );
      // The link is spent: what is left of it would only mislead.
      await rm(claimFile(world.config.dataFolder), { force: true });
      return await signedIn(context, token);
    }),

    signIn: route(api.signIn, async (context) => {
      requireAttempt(signInBucket, context.address);
      const login = context.body.login.trim().toLowerCase();
      const failures = await store.db
        .selectFrom("signInFailures")
        .select("lockedUntilMs")
        .where("key", "=", login)
        .executeTakeFirst();
      const lockedMs = (failures?.lockedUntilMs ?? 0) - world.clock.nowMs();
      if (lockedMs > 0) {
        throw new HttpProblem(429, "too_many_requests", "too many wrong passwords; wait a moment", {
          retryAfterSeconds: Math.ceil(lockedMs / 1000),
        });
      }
      const user = await store.db
        .selectFrom("users")
        .select(["id", "name", "passwordHash"])
        .where((eb) => eb.or([eb("name", "=", login), eb("mail", "=", login)]))
        .where("disabledAtMs", "is", null)
        .limit(1)
        .executeTakeFirst();
      const right = await isPassword(user?.passwordHash ?? null, context.body.password);
      if (user === undefined || !right) {
        await store.call(signInFailed, { login: login.slice(0, 254), address: context.address });
        throw wrong(context, 401, "sign_in_wrong", WRONG);
      }
      const token = newToken();
      await store.call(signInRow, { userId: user.id, login: user.name, signIn: newSignIn(context, token) });
      return await signedIn(context, token);
    }),

    signInByLink: route(api.signInByLink, async (context) => {
      requireAttempt(signInBucket, context.address);
      const { link, password } = context.body;
      const token = newToken();
      const id = await store.call(useSignInLink, {
        tokenHash: tokenHash(link),
        passwordHash: password === undefined ? null : await hashPassword(password),
        signIn: newSignIn(context, token),
      });
      if (id === null)
        throw wrong(context, 403, "link_wrong", "the link was used or has expired; ask for another one");
      return await signedIn(context, token);
    }),

    signOut: route(api.signOut, async (context) => {
      const { signInId } = context.who();
      if (signInId !== null) await store.call(signOutRow, { id: signInId });
      writeCookie(context.response, world.config.publicUrl, null);
      return { done: true as const };
    }),

    me: route(api.me, async (context) => presentMe(context.who())),

    changePassword: route(api.changePassword, async (context) => {
      const who = context.who();
      const user = await store.db
        .selectFrom("users")
        .select("passwordHash")
        .where("id", "=", who.userId)
        .executeTakeFirst();
      requireAttempt(signInBucket, context.address);
      if (!(await isPassword(user?.passwordHash ?? null, context.body.old)))
        throw wrong(context, 403, "password_wrong", "the old password is wrong");
      await store.call(changePasswordRow, {
        ...actorRow(context),
        userId: who.userId,
        passwordHash: await hashPassword(context.body.password),
        keepSignIn: who.signInId,
      });
      return { done: true as const };
    }),

    users: route(api.users, async () => {
      const rows = await store.db.selectFrom("users").selectAll().orderBy("name").limit(1000).execute();
      return { items: rows.map((row) => presentUser(row)), next: null };
    }),

    createUser: route(api.createUser, async (context) => {
      const { login, name, mail, role, password } = context.body;
      try {
        const id = await store.call(createUserRow, {
          ...actorRow(context),
          login,
          name,
          mail: mail ?? null,
          role,
          passwordHash: password === undefined ? null : await hashPassword(password),
        });
        return await user(id);
      } catch (error) {
        if (isStoreError(error, "conflict"))
          throw new HttpProblem(409, "conflict", `somebody is called ${login} already`);
        throw error;
      }
    }),

    changeUser: route(api.changeUser, async (context) => {
      const userId = context.id("id");
      const { name, mail, role, disabled } = context.body;
      const change = {
        ...(name === undefined ? {} : { name }),
        ...(mail === undefined ? {} : { mail }),
        ...(role === undefined ? {} : { role }),
        ...(disabled === undefined ? {} : { disabled }),
      };
      const result = await store.call(changeUserRow, { ...actorRow(context), userId, change });
      if (result === "unknown") throw notFound(`person ${userId}`);
      if (result === "last-admin")
        throw new HttpProblem(409, "last_admin", "this is the last administrator; make another one first");
      return await user(userId);
    }),

    createSignInLink: route(api.createSignInLink, async (context) => {
      const token = newToken();
      const userId = context.id("id");
      const expiresAtMs = await store.call(makeSignInLink, {
        ...actorRow(context),
        userId,
        tokenHash: tokenHash(token),
        validMs: LINK_MS,
      });
      if (expiresAtMs === undefined) throw notFound(`person ${userId}`);
      return { url: `${world.config.publicUrl}/welcome#link=${token}`, expiresAtMs };
    }),

    tokens: route(api.tokens, async (context) => {
      const who = context.who();
      const all = store.db
        .selectFrom("apiTokens")
        .innerJoin("users", "users.id", "apiTokens.userId")
        .select([
          "apiTokens.id",
          "apiTokens.name",
          "users.name as owner",
          "apiTokens.scopes",
          "apiTokens.createdAtMs",
          "apiTokens.expiresAtMs",
          "apiTokens.usedAtMs",
        ])
        .where("apiTokens.revokedAtMs", "is", null)
        .orderBy("apiTokens.id", "desc")
        .limit(1000);
      const rows = await (
        isAtLeast(who.role, "admin") ? all : all.where("apiTokens.userId", "=", who.userId)
      ).execute();
      return Tokens.parse({
        items: rows.map(({ usedAtMs, scopes, ...row }) => ({
          ...row,
          scopes: JSON.parse(scopes),
          lastUsedAtMs: usedAtMs,
        })),
        next: null,
      });
    }),

    createToken: route(api.createToken, async (context) => {
      const who = context.who();
      const { name, scopes, days } = context.body;
      const secret = newToken();
      const validMs = days * DAY_MS;
      const id = await store.call(createTokenRow, {
        ...actorRow(context),
        userId: who.userId,
        name,
        tokenHash: tokenHash(secret),
        scopes: JSON.stringify(scopes),
        validMs,
      });
      const createdAtMs = world.clock.nowMs();
      return {
        id,
        name,
        owner: who.login,
        scopes,
        createdAtMs,
        expiresAtMs: createdAtMs + validMs,
        lastUsedAtMs: null,
        value: apiTokenText(id, secret),
      };
    }),

    deleteToken: route(api.deleteToken, async (context) => {
      const who = context.who();
      const id = context.id("id");
      const userId = isAtLeast(who.role, "admin") ? null : who.userId;
      if (!(await store.call(revokeTokenRow, { ...actorRow(context), id, userId })))
        throw notFound(`token ${id}`);
      return { done: true as const };
    }),

    audit: route(api.audit, async (context) => {
      const { limit, after } = context.query;
      const rows = await store.db
        .selectFrom("audit")
        .selectAll()
        .where("seq", "<", cursorId(after))
        .orderBy("seq", "desc")
        .limit(limit + 1)
        .execute();
      const page = pageOf(
        rows.map((row) => ({ ...row, id: row.seq })),
        limit,
      );
      const items = page.rows.map((row) => ({
        seq: row.seq,
        atMs: row.atMs,
        actor: row.actor,
        address: row.address,
        action: row.action,
        object: row.object,
        outcome: row.outcome,
        text: row.after,
        hash: row.hash,
        project: null,
      }));
      return { items, next: page.next };
    }),
  };

  /** A wrong attempt, counted against its address. */
  function wrong(
    context: Context<unknown, unknown>,
    status: number,
    code: string,
    text: string,
  ): HttpProblem {
    signInBucket.take(context.address ?? "");
    return new HttpProblem(status, code, text);
  }

  async function signedIn(context: Context<unknown, unknown>, token: string): Promise<Me> {
    writeCookie(context.response, world.config.publicUrl, token);
    const identity = await identifyBySignIn(store, token, world.clock.nowMs());
    if (identity === null) throw new HttpProblem(401, "not_signed_in", "this account is shut");
    return presentMe(identity);
  }

  async function user(id: number): Promise<User> {
    const row = await store.db.selectFrom("users").selectAll().where("id", "=", id).executeTakeFirst();
    if (row === undefined) throw notFound(`person ${id}`);
    return presentUser(row);
  }
}

/** Wrong attempts of an address are counted, right ones are not: many people may share one. */
function requireAttempt(bucket: Buckets, address: string | null): void {
  const name = address ?? "";
  if (!bucket.isEmpty(name)) return;
  throw new HttpProblem(
    429,
    "too_many_requests",
    "too many wrong attempts from this address; wait a moment",
    {
      retryAfterSeconds: bucket.waitSeconds(name),
    },
  );
}

function newSignIn(context: Context<unknown, unknown>, token: string) {
  return {
    tokenHash: tokenHash(token),
    address: context.address,
    userAgent: context.request.headers["user-agent"] ?? null,
  };
}

/** Who acts, for the audit chain. */
export function actorRow(context: Context<unknown, unknown>) {
  const who = context.who();
  return {
    actorKind: who.by === "token" ? ("token" as const) : ("user" as const),
    actor: who.login,
    address: context.address,
  };
}

function presentMe(identity: Identity): Me {
  const { userId, login, name, mail, role, csrf, by, signInExpiresAtMs } = identity;
  return { id: userId, login, name, mail, role, csrf, by, signInExpiresAtMs };
}

function presentUser(row: {
  id: number;
  name: string;
  displayName: string | null;
  mail: string | null;
  role: User["role"];
  createdAtMs: number;
  seenAtMs: number | null;
  disabledAtMs: number | null;
}): User {
  return {
    id: row.id,
    login: row.name,
    name: row.displayName ?? row.name,
    mail: row.mail,
    role: row.role,
    disabled: row.disabledAtMs !== null,
    createdAtMs: row.createdAtMs,
    lastSignInAtMs: row.seenAtMs,
  };
}
