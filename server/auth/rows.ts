import { appendAudit } from "../audit/chain.ts";
import { procedure } from "../store/procedure.ts";
import type { Steps, Transaction } from "../store/procedure.ts";
import type { Role } from "../store/states.ts";

/** A sign-in ends after this long without a request, and after this long in any case. */
export const SIGN_IN_IDLE_MS = 12 * 3_600_000;
export const SIGN_IN_MS = 7 * 86_400_000;
/** How long the claim link of a first start works. */
export const CLAIM_MS = 30 * 60_000;

/** Who acts, for the audit chain. */
export interface ActorRow {
  readonly actorKind: "user" | "token" | "system";
  readonly actor: string;
  readonly address: string | null;
}

/** A new browser sign-in. */
export interface NewSignIn {
  readonly tokenHash: string;
  readonly address: string | null;
  readonly userAgent: string | null;
}

/** Makes the claim of a first start, replacing an unused one; false when somebody owns the server already. */
export const makeClaim = procedure(
  "makeClaim",
  { durability: "full" },
  function* (tx, input: { tokenHash: string }) {
    const owner = yield* tx.first(tx.db.selectFrom("users").select("id").limit(1));
    if (owner !== undefined) return false;
    yield* tx.run(tx.db.deleteFrom("claims").where("usedAtMs", "is", null));
    yield* tx.run(
      tx.db
        .insertInto("claims")
        .values({ tokenHash: input.tokenHash, createdAtMs: tx.nowMs, usedAtMs: null, userId: null }),
    );
    return true;
  },
);

/** Uses the claim: the first administrator and their sign-in. Two at once: one update finds it unused. */
export const useClaim = procedure(
  "useClaim",
  { durability: "full" },
  function* (
    tx,
    input: {
      tokenHash: string;
      login: string;
      name: string;
      mail: string | null;
      passwordHash: string;
      signIn: NewSignIn;
    },
  ): Steps<number | null> {
    const used = yield* tx.run(
      tx.db
        .updateTable("claims")
        .set({ usedAtMs: tx.nowMs })
        .where("tokenHash", "=", input.tokenHash)
        .where("usedAtMs", "is", null)
        .where("createdAtMs", ">", tx.nowMs - CLAIM_MS),
    );
    if (used === 0) return null;
    const id = yield* insertUser(tx, { ...input, role: "admin" });
    yield* tx.run(tx.db.updateTable("claims").set({ userId: id }).where("tokenHash", "=", input.tokenHash));
    yield* insertSignIn(tx, id, input.signIn);
    yield* appendAudit(tx, {
      actorKind: "user",
      actor: input.login,
      address: input.signIn.address,
      action: "claim",
      object: "server",
      outcome: "done",
    });
    return id;
  },
);

function* insertUser(
  tx: Transaction,
  input: { login: string; name: string; mail: string | null; role: Role; passwordHash: string | null },
): Steps<number> {
  const { id } = yield* tx.one(
    tx.db
      .insertInto("users")
      .values({
        name: input.login,
        displayName: input.name,
        mail: input.mail,
        passwordHash: input.passwordHash,
        role: input.role,
        identities: "[]",
        locale: null,
        createdAtMs: tx.nowMs,
        seenAtMs: null,
        disabledAtMs: null,
      })
      .returning("id"),
  );
  return id;
}

function* insertSignIn(tx: Transaction, userId: number, signIn: NewSignIn): Steps<void> {
  yield* tx.run(
    tx.db.insertInto("signIns").values({
      userId,
      tokenHash: signIn.tokenHash,
      address: signIn.address,
      userAgent: signIn.userAgent?.slice(0, 200) ?? null,
      createdAtMs: tx.nowMs,
      seenAtMs: tx.nowMs,
      expiresAtMs: tx.nowMs + SIGN_IN_MS,
      stepUpAtMs: tx.nowMs,
      revokedAtMs: null,
    }),
  );
}

/** Failures of one name or address after which it must wait, and the longest wait. */
const FREE_FAILURES = 5;
const MAX_LOCK_MS = 15 * 60_000;

/** Signs a person in whose password was right, and forgets their failures. */
export const signInRow = procedure(
  "signInRow",
  { durability: "full" },
  function* (tx, input: { userId: number; login: string; signIn: NewSignIn }) {
    yield* insertSignIn(tx, input.userId, input.signIn);
    yield* tx.run(tx.db.deleteFrom("signInFailures").where("key", "=", input.login));
    yield* tx.run(tx.db.updateTable("users").set({ seenAtMs: tx.nowMs }).where("id", "=", input.userId));
    yield* appendAudit(tx, {
      actorKind: "user",
      actor: input.login,
      address: input.signIn.address,
      action: "sign-in",
      object: `user ${input.userId}`,
      outcome: "done",
    });
  },
);

/** Notes a wrong password; from the sixth on the name must wait, longer each time. */
export const signInFailed = procedure(
  "signInFailed",
  { durability: "normal" },
  function* (tx, input: { login: string; address: string | null }) {
    const row = yield* tx.one(
      tx.db
        .insertInto("signInFailures")
        .values({ key: input.login, count: 1, lastAtMs: tx.nowMs, lockedUntilMs: null })
        .onConflict((on) =>
          on
            .column("key")
            .doUpdateSet((eb) => ({ count: eb("signInFailures.count", "+", 1), lastAtMs: tx.nowMs })),
        )
        .returning("count"),
    );
    if (row.count > FREE_FAILURES) {
      const lockMs = Math.min(MAX_LOCK_MS, 2 ** (row.count - FREE_FAILURES) * 1000);
      yield* tx.run(
        tx.db
          .updateTable("signInFailures")
          .set({ lockedUntilMs: tx.nowMs + lockMs })
          .where("key", "=", input.login),
      );
    }
    yield* appendAudit(tx, {
      actorKind: "user",
      actor: input.login.slice(0, 100),
      address: input.address,
      action: "sign-in",
      object: "server",
      outcome: "denied",
    });
  },
);

/** Makes a link by which a person signs in once; undefined when there is no such person. */
export const makeSignInLink = procedure(
  "makeSignInLink",
  { durability: "full" },
  function* (
    tx,
    input: ActorRow & { userId: number; tokenHash: string; validMs: number },
  ): Steps<number | undefined> {
    const user = yield* tx.first(
      tx.db
        .selectFrom("users")
        .select("name")
        .where("id", "=", input.userId)
        .where("disabledAtMs", "is", null),
    );
    if (user === undefined) return undefined;
    const expiresAtMs = tx.nowMs + input.validMs;
    yield* tx.run(
      tx.db.insertInto("signInLinks").values({
        tokenHash: input.tokenHash,
        userId: input.userId,
        createdBy: input.actor,
        createdAtMs: tx.nowMs,
        expiresAtMs,
        usedAtMs: null,
      }),
    );
    yield* appendAudit(tx, {
      ...input,
      action: "sign-in-link.create",
      object: `user ${user.name}`,
      outcome: "done",
    });
    return expiresAtMs;
  },
);

/** Uses a link, once: the person's sign-in, and a new password where one was given. */
export const useSignInLink = procedure(
  "useSignInLink",
  { durability: "full" },
  function* (
    tx,
    input: { tokenHash: string; passwordHash: string | null; signIn: NewSignIn },
  ): Steps<number | null> {
    const link = yield* tx.first(
      tx.db
        .updateTable("signInLinks")
        .set({ usedAtMs: tx.nowMs })
        .where("tokenHash", "=", input.tokenHash)
        .where("usedAtMs", "is", null)
        .where("expiresAtMs", ">", tx.nowMs)
        .returning("userId"),
    );
    if (link === undefined) return null;
    const user = yield* tx.first(
      tx.db
        .selectFrom("users")
        .select(["id", "name"])
        .where("id", "=", link.userId)
        .where("disabledAtMs", "is", null),
    );
    if (user === undefined) return null;
    if (input.passwordHash !== null) yield* setPassword(tx, user.id, input.passwordHash, null);
    yield* insertSignIn(tx, user.id, input.signIn);
    yield* appendAudit(tx, {
      actorKind: "user",
      actor: user.name,
      address: input.signIn.address,
      action: "sign-in",
      object: "by link",
      outcome: "done",
    });
    return user.id;
  },
);

function* setPassword(
  tx: Transaction,
  userId: number,
  passwordHash: string,
  keepSignIn: number | null,
): Steps<void> {
  yield* tx.run(tx.db.updateTable("users").set({ passwordHash }).where("id", "=", userId));
  const open = tx.db
    .updateTable("signIns")
    .set({ revokedAtMs: tx.nowMs })
    .where("userId", "=", userId)
    .where("revokedAtMs", "is", null);
  yield* tx.run(keepSignIn === null ? open : open.where("id", "!=", keepSignIn));
}

/** Sets a person's password and ends all their other sign-ins. */
export const changePasswordRow = procedure(
  "changePasswordRow",
  { durability: "full" },
  function* (tx, input: ActorRow & { userId: number; passwordHash: string; keepSignIn: number | null }) {
    yield* setPassword(tx, input.userId, input.passwordHash, input.keepSignIn);
    yield* appendAudit(tx, {
      ...input,
      action: "password.change",
      object: `user ${input.actor}`,
      outcome: "done",
    });
  },
);

/** Notes that a sign-in is in use. */
export const touchSignIn = procedure(
  "touchSignIn",
  { durability: "normal" },
  function* (tx, input: { id: number }) {
    yield* tx.run(tx.db.updateTable("signIns").set({ seenAtMs: tx.nowMs }).where("id", "=", input.id));
  },
);

/** Ends one sign-in. */
export const signOutRow = procedure(
  "signOutRow",
  { durability: "full" },
  function* (tx, input: { id: number }) {
    yield* tx.run(
      tx.db
        .updateTable("signIns")
        .set({ revokedAtMs: tx.nowMs })
        .where("id", "=", input.id)
        .where("revokedAtMs", "is", null),
    );
  },
);

/** Adds a person; their id. @throws {StoreError} `conflict` when the name is taken. */
export const createUserRow = procedure(
  "createUserRow",
  { durability: "full" },
  function* (
    tx,
    input: ActorRow & {
      login: string;
      name: string;
      mail: string | null;
      role: Role;
      passwordHash: string | null;
    },
  ) {
    const id = yield* insertUser(tx, input);
    yield* appendAudit(tx, {
      ...input,
      action: "user.create",
      object: `user ${input.login}`,
      after: { role: input.role },
      outcome: "done",
    });
    return id;
  },
);

/** What may be changed of a person; absent stays. */
export interface UserChange {
  readonly name?: string;
  readonly mail?: string | null;
  readonly role?: Role;
  readonly disabled?: boolean;
}

/**
 * Changes a person. The last administrator stays one: the update itself asks whether another is there, so that two
 * administrators who demote each other at once cannot both succeed.
 */
export const changeUserRow = procedure(
  "changeUserRow",
  { durability: "full" },
  function* (
    tx,
    input: ActorRow & { userId: number; change: UserChange },
  ): Steps<"done" | "unknown" | "last-admin"> {
    const { change, userId } = input;
    // On PostgreSQL the administrators' rows are held, so that the question below cannot be out of date.
    yield* tx.all(
      tx.db.selectFrom("users").select("id").where("role", "=", "admin").orderBy("id").forUpdate(),
    );
    const user = yield* tx.first(tx.db.selectFrom("users").selectAll().where("id", "=", userId));
    if (user === undefined) return "unknown";
    const role = change.role ?? user.role;
    const disabledAtMs =
      change.disabled === undefined
        ? user.disabledAtMs
        : change.disabled
          ? (user.disabledAtMs ?? tx.nowMs)
          : null;
    const update = tx.db
      .updateTable("users")
      .set({
        displayName: change.name ?? user.displayName,
        mail: change.mail === undefined ? user.mail : change.mail,
        role,
        disabledAtMs,
      })
      .where("id", "=", userId);
    const staysAdmin = role === "admin" && disabledAtMs === null;
    const changed = yield* tx.run(
      staysAdmin
        ? update
        : update.where((eb) =>
            eb.or([
              eb("role", "!=", "admin"),
              eb("disabledAtMs", "is not", null),
              eb.exists(
                eb
                  .selectFrom("users as other")
                  .select("other.id")
                  .where("other.id", "!=", userId)
                  .where("other.role", "=", "admin")
                  .where("other.disabledAtMs", "is", null),
              ),
            ]),
          ),
    );
    if (changed === 0) return "last-admin";
    if (role !== user.role || disabledAtMs !== user.disabledAtMs) {
      yield* tx.run(
        tx.db
          .updateTable("signIns")
          .set({ revokedAtMs: tx.nowMs })
          .where("userId", "=", userId)
          .where("revokedAtMs", "is", null),
      );
    }
    yield* appendAudit(tx, {
      ...input,
      action: "user.change",
      object: `user ${user.name}`,
      before: { role: user.role, disabled: user.disabledAtMs !== null },
      after: { role, disabled: disabledAtMs !== null },
      outcome: "done",
    });
    return "done";
  },
);

/** Makes an API token; its id. */
export const createTokenRow = procedure(
  "createTokenRow",
  { durability: "full" },
  function* (
    tx,
    input: ActorRow & { userId: number; name: string; tokenHash: string; scopes: string; validMs: number },
  ) {
    const { id } = yield* tx.one(
      tx.db
        .insertInto("apiTokens")
        .values({
          userId: input.userId,
          name: input.name,
          tokenHash: input.tokenHash,
          scopes: input.scopes,
          projects: null,
          createdAtMs: tx.nowMs,
          expiresAtMs: tx.nowMs + input.validMs,
          usedAtMs: null,
          revokedAtMs: null,
        })
        .returning("id"),
    );
    yield* appendAudit(tx, {
      ...input,
      action: "token.create",
      object: `token ${id}`,
      after: { name: input.name, scopes: input.scopes },
      outcome: "done",
    });
    return id;
  },
);

/** Revokes a token; with `userId` only one of that person's. False when there is none. */
export const revokeTokenRow = procedure(
  "revokeTokenRow",
  { durability: "full" },
  function* (tx, input: ActorRow & { id: number; userId: number | null }) {
    const update = tx.db
      .updateTable("apiTokens")
      .set({ revokedAtMs: tx.nowMs })
      .where("id", "=", input.id)
      .where("revokedAtMs", "is", null);
    const changed = yield* tx.run(input.userId === null ? update : update.where("userId", "=", input.userId));
    if (changed === 0) return false;
    yield* appendAudit(tx, {
      ...input,
      action: "token.revoke",
      object: `token ${input.id}`,
      outcome: "done",
    });
    return true;
  },
);

/** Notes that a token is in use. */
export const touchToken = procedure(
  "touchToken",
  { durability: "normal" },
  function* (tx, input: { id: number }) {
    yield* tx.run(tx.db.updateTable("apiTokens").set({ usedAtMs: tx.nowMs }).where("id", "=", input.id));
  },
);
