import { UNFINISHED_BUILD_STATES } from "../store/states.ts";
import type { SecretScope, SecretType } from "../store/states.ts";
import { procedure } from "../store/procedure.ts";
import type { Steps, Transaction } from "../store/procedure.ts";

/** Where a secret belongs: the server (empty id), a project by key, an environment by name. */
export interface SecretPlace {
  scope: SecretScope;
  scopeId: string;
}

/** A secret's row and version, without its value. */
export interface SecretRef {
  secretId: number;
  version: number;
  type: SecretType;
  place: SecretPlace;
}

/** Finds the secret of that name or makes its row (version 0: nothing in it yet). */
export const reserveSecret = procedure(
  "reserveSecret",
  { durability: "full" },
  function* (tx, input: SecretPlace & { name: string; type: SecretType; by: string | null }) {
    const found = tx.db
      .selectFrom("secrets")
      .select(["id", "version"])
      .where("scope", "=", input.scope)
      .where("scopeId", "=", input.scopeId)
      .where("name", "=", input.name)
      .where("deletedAtMs", "is", null);
    const known = yield* tx.first(found);
    if (known !== undefined) return known;
    const { scope, scopeId, name, type, by } = input;
    yield* tx.run(
      tx.db
        .insertInto("secrets")
        .values({
          scope,
          scopeId,
          name,
          type,
          version: 0,
          createdAtMs: tx.nowMs,
          updatedAtMs: tx.nowMs,
          updatedBy: by,
        })
        .onConflict((on) => on.doNothing()),
    );
    return yield* tx.one(found);
  },
);

/** Makes `version` the current one if the one before it still is; false when somebody else was first. */
export const addSecretVersion = procedure(
  "addSecretVersion",
  { durability: "full" },
  function* (
    tx,
    input: { secretId: number; version: number; type: SecretType; sealed: Uint8Array; by: string | null },
  ) {
    const changes = yield* tx.run(
      tx.db
        .updateTable("secrets")
        .set({ version: input.version, type: input.type, updatedAtMs: tx.nowMs, updatedBy: input.by })
        .where("id", "=", input.secretId)
        .where("version", "=", input.version - 1)
        .where("deletedAtMs", "is", null),
    );
    if (changes === 0) return false;
    yield* tx.run(
      tx.db.insertInto("secretVersions").values({
        secretId: input.secretId,
        version: input.version,
        sealed: input.sealed,
        createdAtMs: tx.nowMs,
      }),
    );
    yield* prune(tx);
    return true;
  },
);

/**
 * Deletes a secret; false when there is none. Versions that unfinished builds have bound stay until those end, unless
 * it is revoked: then such a build fails with `secret_gone`.
 */
export const removeSecret = procedure(
  "removeSecret",
  { durability: "full" },
  function* (tx, input: SecretPlace & { name: string; revoke: boolean; by: string | null }) {
    const row = yield* tx.first(
      tx.db
        .updateTable("secrets")
        .set({ deletedAtMs: tx.nowMs, updatedBy: input.by })
        .where("scope", "=", input.scope)
        .where("scopeId", "=", input.scopeId)
        .where("name", "=", input.name)
        .where("deletedAtMs", "is", null)
        .returning("id"),
    );
    if (row === undefined) return false;
    if (input.revoke) yield* tx.run(tx.db.deleteFrom("secretVersions").where("secretId", "=", row.id));
    yield* prune(tx);
    return true;
  },
);

/** Forgets versions that are neither current nor bound by an unfinished build; how many. */
export const pruneSecrets = procedure("pruneSecrets", { durability: "normal" }, function* (tx) {
  return yield* prune(tx);
});

/** The secret of that name a build of `projectKey` sees: its environment's, else the project's, else the server's. */
export function* findSecret(
  tx: Transaction,
  input: { projectKey: string; environment?: string; name: string },
): Steps<SecretRef | undefined> {
  const rows = yield* tx.all(
    tx.db
      .selectFrom("secrets")
      .select(["id", "version", "type", "scope", "scopeId"])
      .where("name", "=", input.name)
      .where("deletedAtMs", "is", null)
      .where("version", ">", 0)
      .where((eb) =>
        eb.or([
          eb.and({ scope: "server", scopeId: "" }),
          eb.and({ scope: "project", scopeId: input.projectKey }),
          ...(input.environment === undefined
            ? []
            : [eb.and({ scope: "environment", scopeId: input.environment })]),
        ]),
      ),
  );
  const nearest = rows.toSorted((a, b) => DISTANCE[a.scope] - DISTANCE[b.scope])[0];
  if (nearest === undefined) return undefined;
  const { id, version, type, scope, scopeId } = nearest;
  return { secretId: id, version, type, place: { scope, scopeId } };
}

/** `findSecret` as a transaction of its own. */
export const resolveSecretRow = procedure("resolveSecretRow", { durability: "normal" }, findSecret);

const DISTANCE = { environment: 0, project: 1, server: 2 } as const;

/** Notes that a build uses this version, so that the vault keeps it while the build is unfinished. */
export function* bindSecret(
  tx: Transaction,
  input: { buildId: number; secretId: number; version: number },
): Steps<void> {
  yield* tx.run(
    tx.db
      .insertInto("secretBindings")
      .values({ ...input, boundAtMs: tx.nowMs })
      .onConflict((on) => on.columns(["buildId", "secretId", "version"]).doNothing()),
  );
  yield* tx.run(tx.db.updateTable("secrets").set({ usedAtMs: tx.nowMs }).where("id", "=", input.secretId));
}

function* prune(tx: Transaction): Steps<number> {
  return yield* tx.run(
    tx.db
      .deleteFrom("secretVersions")
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom("secrets")
              .select("secrets.id")
              .whereRef("secrets.id", "=", "secretVersions.secretId")
              .whereRef("secrets.version", "=", "secretVersions.version")
              .where("secrets.deletedAtMs", "is", null),
          ),
        ),
      )
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom("secretBindings")
              .innerJoin("builds", "builds.id", "secretBindings.buildId")
              .select("secretBindings.buildId")
              .whereRef("secretBindings.secretId", "=", "secretVersions.secretId")
              .whereRef("secretBindings.version", "=", "secretVersions.version")
              .where("builds.state", "in", UNFINISHED_BUILD_STATES),
          ),
        ),
      ),
  );
}
