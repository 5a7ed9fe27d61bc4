import type { SecretType } from "../store/states.ts";
import type { Store } from "../store/store.ts";
import { addSecretVersion, removeSecret, reserveSecret, resolveSecretRow } from "./rows.ts";
import type { SecretPlace, SecretRef } from "./rows.ts";
import { SecretName, SecretValue } from "./values.ts";
import type { Vault } from "./vault.ts";

/** What may be shown of a secret: never its value or length. */
export interface SecretSummary {
  name: string;
  type: SecretType;
  place: SecretPlace;
  updatedAtMs: number;
  updatedBy: string | null;
  usedAtMs: number | null;
}

/** The modules with this room's procedures, for `openStore`. */
export const SECRET_PROCEDURES: readonly URL[] = [new URL("./rows.ts", import.meta.url)];

/** Secrets by name; values go in and come out only to be used. */
export interface Secrets {
  /** Makes the secret or its next version. @throws {z.ZodError} for a bad name or value. */
  putSecret(place: SecretPlace, name: string, value: SecretValue, by: string | null): Promise<void>;
  /** False when there is none. With `revoke`, unfinished builds that use it fail. */
  deleteSecret(
    place: SecretPlace,
    name: string,
    options: { by: string | null; revoke: boolean },
  ): Promise<boolean>;
  listSecrets(place: SecretPlace): Promise<SecretSummary[]>;
  /** The nearest secret of that name for a project (key), with its value. */
  resolveSecret(
    projectKey: string,
    name: string,
    environment?: string,
  ): Promise<(SecretRef & { value: SecretValue }) | undefined>;
  /** The value of one version, as a binding recorded it; undefined when it is gone (`secret_gone`). */
  readVersion(secretId: number, version: number): Promise<SecretValue | undefined>;
}

/** The secrets of a store, sealed by a vault. */
export function createSecrets({ store, vault }: { store: Store; vault: Vault }): Secrets {
  const readVersion: Secrets["readVersion"] = async (secretId, version) => {
    const row = await store.db
      .selectFrom("secretVersions")
      .innerJoin("secrets", "secrets.id", "secretVersions.secretId")
      .select(["sealed", "scope", "scopeId", "name"])
      .where("secretId", "=", secretId)
      .where("secretVersions.version", "=", version)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    return opened(vault, row.sealed, contextOf(secretId, row, row.name, version));
  };
  return {
    putSecret: (place, name, value, by) => put({ store, vault }, place, { name, value, by }),
    deleteSecret: (place, name, options) => store.call(removeSecret, { ...place, name, ...options }),
    listSecrets: (place) => list(store, place),
    resolveSecret: async (projectKey, name, environment) => {
      const ref = await store.call(resolveSecretRow, {
        projectKey,
        name,
        ...(environment === undefined ? {} : { environment }),
      });
      if (ref === undefined) return undefined;
      const value = await readVersion(ref.secretId, ref.version);
      return value === undefined ? undefined : { ...ref, value };
    },
    readVersion,
  };
}

async function put(
  { store, vault }: { store: Store; vault: Vault },
  place: SecretPlace,
  given: { name: string; value: SecretValue; by: string | null },
): Promise<void> {
  const name = SecretName.parse(given.name);
  const value = SecretValue.parse(given.value);
  const { type } = value;
  for (;;) {
    // The id and the version are sealed with the value, so they must be known first.
    const { id, version } = await store.call(reserveSecret, { ...place, name, type, by: given.by });
    const next = version + 1;
    const sealed = vault.seal(JSON.stringify(value), contextOf(id, place, name, next));
    const stored = await store.call(addSecretVersion, {
      secretId: id,
      version: next,
      type,
      sealed,
      by: given.by,
    });
    if (stored) return;
  }
}

async function list(store: Store, place: SecretPlace): Promise<SecretSummary[]> {
  const rows = await store.db
    .selectFrom("secrets")
    .select(["name", "type", "updatedAtMs", "updatedBy", "usedAtMs"])
    .where("scope", "=", place.scope)
    .where("scopeId", "=", place.scopeId)
    .where("deletedAtMs", "is", null)
    .where("version", ">", 0)
    .orderBy("name")
    .execute();
  return rows.map((row) => ({ ...row, place }));
}

function opened(vault: Vault, sealed: Uint8Array, context: string): SecretValue {
  return SecretValue.parse(JSON.parse(vault.unseal(sealed, context)));
}

function contextOf(secretId: number, place: SecretPlace, name: string, version: number): string {
  return `secret|${secretId}|${place.scope}|${place.scopeId}|${name}|${version}`;
}
