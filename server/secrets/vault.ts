import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { foundInstance } from "../store/instance.ts";
import type { Instance } from "../store/instance.ts";
import { sixLetters } from "../store/server-name.ts";
import type { Store } from "../store/store.ts";
import { dataKeyOf } from "./data-key.ts";
import type { DataKey } from "./data-key.ts";
import { VaultError, makeKeyFile, readKeyFile } from "./key-file.ts";
import type { VaultKey } from "./key-file.ts";
import { KEY_BYTES, UnsealError, seal, unseal } from "./seal.ts";

/** Seals what the database must not hold in clear. Its key never leaves this object. */
export interface Vault {
  /** Six letters made at first start: part of Docker names and deployment markers. */
  readonly instance: string;
  /** Seals a small secret of the server's own (hook secret, credential). `context` names its place, e.g. `hook|12`. */
  seal(text: string, context: string): Uint8Array;
  /** @throws {UnsealError} */
  unseal(sealed: Uint8Array, context: string): string;
  /** A new data key, wrapped: what `builds.dataKey` holds. Made before the build has an id. */
  newDataKey(): Uint8Array;
  /** @throws {UnsealError} also for a key that was shredded (empty). */
  openDataKey(wrapped: Uint8Array): DataKey;
}

const CHECK_TEXT = "the key is right";
const CHECK_CONTEXT = "check";
const DATA_KEY_CONTEXT = "data-key";

/** The path of the key file: `SLUICE_KEY_FILE`, else in the data folder. */
export function keyFileOf(dataFolder: string, keyFile?: string): string {
  return keyFile ?? join(dataFolder, "secret.key");
}

/**
 * Opens the vault. With an empty database the key file is made (unless one is there); with any other, the file must be
 * there and right.
 * @throws {VaultError} `key_missing`, `key_wrong`, `key_unreadable`.
 */
export async function openVault(options: { store: Store; keyFile: string }): Promise<Vault> {
  const { store, keyFile } = options;
  const known = await store.db
    .selectFrom("instance")
    .select(["name", "keyId", "keyCheck"])
    .where("id", "=", 1)
    .executeTakeFirst();
  const key = readKeyFile(keyFile) ?? (known === undefined ? makeKeyFile(keyFile) : missing(keyFile));
  const instance = known ?? (await store.call(foundInstance, newInstance(key)));
  check(instance, key, keyFile);
  return vaultOf(instance.name, key);
}

function newInstance(key: VaultKey): Instance {
  const keyCheck = seal(key.bytes, Buffer.from(CHECK_TEXT), CHECK_CONTEXT);
  return { name: sixLetters(), keyId: key.id, keyCheck };
}

function missing(keyFile: string): never {
  throw new VaultError(
    "key_missing",
    `the database is sealed with a key, but ${keyFile} is not there: bring it back from where you keep its copy (it is in no backup), or name it by SLUICE_KEY_FILE`,
  );
}

function check(instance: Instance, key: VaultKey, keyFile: string): void {
  try {
    const text = Buffer.from(unseal(key.bytes, instance.keyCheck, CHECK_CONTEXT)).toString();
    if (instance.keyId === key.id && text === CHECK_TEXT) return;
  } catch (error) {
    if (!(error instanceof UnsealError)) throw error;
  }
  throw new VaultError(
    "key_wrong",
    `${keyFile} is not the key of this database (key ${key.id}, wanted ${instance.keyId}): bring the right one back from where you keep its copy (it is in no backup), or name it by SLUICE_KEY_FILE`,
  );
}

function vaultOf(instance: string, key: VaultKey): Vault {
  const own = dataKeyOf(key.bytes);
  return {
    instance,
    seal: (text, context) => own.seal(text, context),
    unseal: (sealed, context) => own.unseal(sealed, context),
    newDataKey: () => own.sealBytes(randomBytes(KEY_BYTES), DATA_KEY_CONTEXT),
    openDataKey: (wrapped) => dataKeyOf(own.unsealBytes(wrapped, DATA_KEY_CONTEXT)),
  };
}
