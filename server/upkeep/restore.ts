import { existsSync, readdirSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { createBuildFiles } from "../builds/console.ts";
import { SERVER_PROCEDURES } from "../procedures.ts";
import { createBlobs } from "../runners/blobs.ts";
import { readKeyFile, VaultError } from "../secrets/key-file.ts";
import { keyFileOf, openVault } from "../secrets/vault.ts";
import { systemClock } from "../store/clock.ts";
import { isStoreError, StoreError } from "../store/errors.ts";
import { findViolations } from "../store/invariants.ts";
import { loadPostgres } from "../store/postgres/dump.ts";
import { postgresFacts, sqliteFacts } from "../store/store-facts.ts";
import type { StoreFacts } from "../store/store-facts.ts";
import { openStore } from "../store/store.ts";
import type { Store } from "../store/store.ts";
import { BackupError, IN_BACKUP, Manifest, unpack } from "./archive.ts";
import { enterSafeMode } from "./enter-safe-mode.ts";
import type { Entered } from "./enter-safe-mode.ts";
import { endSafeMode } from "./end-safe-mode.ts";

/** What is to be restored, and from what. */
export interface RestoreOptions {
  readonly file: string;
  /** The vault's key, which is in no backup; null: it is brought later. */
  readonly keyFile: string | null;
  /** An empty PostgreSQL database, for a backup of one. */
  readonly databaseUrl: string | null;
}

/** What was looked at after a restore. Empty `problems`: the backup is good. */
export interface Report {
  readonly manifest: Manifest;
  readonly facts: StoreFacts;
  readonly entered: Entered;
  readonly key: "right" | "not given" | "not needed";
  readonly problems: readonly string[];
}

/**
 * Brings a backup back into a data folder that is not there yet or empty. The store is left in safe mode: a server
 * started on it starts nothing by itself.
 * @throws {BackupError | StoreError | VaultError} and then leaves the folder as it was
 */
export async function restoreBackup(options: RestoreOptions & { readonly to: string }): Promise<Report> {
  const to = resolve(options.to);
  if (existsSync(to) && readdirSync(to).length > 0)
    throw new BackupError(`${to} is not empty: name a new folder, so that nothing is written over`);
  await mkdir(dirname(to), { recursive: true });
  const draft = await mkdtemp(`${to}.part-`);
  try {
    const report = await restoreInto(draft, options);
    if (existsSync(to)) await rmdir(to);
    await rename(draft, to);
    return report;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/**
 * Restores into a scratch folder beside the file, looks at all of it, and removes the scratch. A PostgreSQL database given
 * for it keeps what was loaded.
 * @throws {BackupError | StoreError | VaultError}
 */
export async function verifyBackup(options: RestoreOptions): Promise<Report> {
  const scratch = await mkdtemp(`${resolve(options.file)}.verify-`);
  try {
    return await restoreInto(scratch, options);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function restoreInto(folder: string, options: RestoreOptions): Promise<Report> {
  if (!existsSync(options.file)) throw new BackupError(`there is no file ${options.file}`);
  await unpack(options.file, folder);
  const manifest = await readManifest(folder, options.file);
  await bringKey(folder, manifest, options.keyFile);
  const databaseUrl = await bringDatabase(folder, manifest, options.databaseUrl);
  const before =
    databaseUrl === null
      ? factsIn(join(folder, IN_BACKUP.sqlite), options.file)
      : await postgresFacts(databaseUrl);
  const store = await openStore({
    dataFolder: folder,
    databaseUrl: databaseUrl ?? undefined,
    clock: systemClock,
    procedures: SERVER_PROCEDURES,
  }).catch((error: unknown) => {
    // The remedy of a damaged file in use would be to bring back a backup: this is the backup.
    if (isStoreError(error, "corrupt")) throw damaged(options.file, "its database", error);
    throw error;
  });
  try {
    const entered = await store.call(enterSafeMode, { backupAtMs: manifest.madeAtMs });
    const key = await checkKey(store, folder, manifest, options.keyFile);
    const problems = [
      ...missingRows(manifest.facts, before),
      ...(await missingFiles(store, folder)),
      ...(await findViolations(store)).map(
        ({ invariant, subjects }) => `broken: ${invariant} (${subjects.slice(0, 5).join(", ")})`,
      ),
    ];
    return { manifest, facts: before, entered, key, problems };
  } finally {
    await store.close();
  }
}

function factsIn(database: string, file: string): StoreFacts {
  if (!existsSync(database)) throw damaged(file, `${IN_BACKUP.sqlite} is not in it`, undefined);
  try {
    return sqliteFacts(database);
  } catch (error) {
    throw damaged(file, "its database", error);
  }
}

async function readManifest(folder: string, file: string): Promise<Manifest> {
  const text = await readFile(join(folder, IN_BACKUP.manifest), "utf8").catch(() => null);
  if (text === null)
    throw new BackupError(`${file} is no backup of Sluice: ${IN_BACKUP.manifest} is not in it`);
  const read = Manifest.safeParse(parsed(text, file));
  if (!read.success)
    throw new BackupError(`${file} was made by another release: restore it with that one, then upgrade`);
  return read.data;
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw damaged(file, `${IN_BACKUP.manifest} cannot be read`, error);
  }
}

function damaged(file: string, what: string, cause: unknown): BackupError {
  return new BackupError(`${file} is damaged (${what}): take another backup, or another copy of this one`, {
    cause,
  });
}

async function bringKey(folder: string, manifest: Manifest, keyFile: string | null): Promise<void> {
  if (keyFile === null) return;
  const key = readKeyFile(keyFile);
  if (key === undefined) throw new VaultError("key_missing", `there is no key file ${keyFile}`);
  const { keyId } = manifest.facts;
  if (keyId !== null && key.id !== keyId)
    throw new VaultError(
      "key_wrong",
      `${keyFile} is key ${key.id}, and the backup wants key ${keyId}, which was at ${manifest.keyFile}`,
    );
  const copy = keyFileOf(folder);
  await copyFile(keyFile, copy);
  await chmod(copy, 0o400);
}

/** Makes the database ready to be opened; its address where it is none in the folder. */
async function bringDatabase(
  folder: string,
  manifest: Manifest,
  databaseUrl: string | null,
): Promise<string | null> {
  if (manifest.dialect === "sqlite") return null;
  if (databaseUrl === null)
    throw new BackupError(
      `this is a backup of a PostgreSQL database: make an empty one and name it by DATABASE_URL`,
    );
  await loadPostgres(databaseUrl, join(folder, IN_BACKUP.postgres));
  await rm(join(folder, IN_BACKUP.postgres), { force: true });
  return databaseUrl;
}

async function checkKey(
  store: Store,
  folder: string,
  manifest: Manifest,
  keyFile: string | null,
): Promise<Report["key"]> {
  if (manifest.facts.keyId === null) return "not needed";
  if (keyFile === null) return "not given";
  await openVault({ store, keyFile: keyFileOf(folder) });
  return "right";
}

function missingRows(wanted: StoreFacts, found: StoreFacts): string[] {
  return Object.entries(wanted.counts).flatMap(([table, count]) => {
    const here = found.counts[table] ?? 0;
    return here >= count ? [] : [`${table}: ${here} rows, and there were ${count}`];
  });
}

/** Logs and files of which the rows tell and which are not there, or are shorter than they were. */
async function missingFiles(store: Store, folder: string): Promise<string[]> {
  const files = createBuildFiles(folder);
  const blobs = createBlobs(folder);
  const shorter: string[] = [];
  const look = async (path: string, atLeast: number, name: string): Promise<void> => {
    const size = await stat(path).then(
      (found) => found.size,
      () => -1,
    );
    if (size < atLeast) shorter.push(name);
  };
  const steps = await store.db
    .selectFrom("steps")
    .select(["buildId", "stepNo", "logBytes"])
    .where("logBytes", ">", 0)
    .execute();
  for (const { buildId, stepNo, logBytes } of steps)
    await look(files.logOf(buildId, stepNo), logBytes, `log b${buildId}.${stepNo}`);
  const artifacts = await store.db
    .selectFrom("artifacts")
    .select(["buildId", "digest", "name"])
    .where("kind", "=", "file")
    .execute();
  for (const { buildId, digest, name } of artifacts)
    if (digest !== null) await look(blobs.pathOf(buildId, digest), 0, `b${buildId} ${name}`);
  if (shorter.length === 0) return [];
  return [`${shorter.length} files are missing or cut: ${shorter.slice(0, 5).join(", ")}`];
}

/** Ends the safe mode of a data folder on which no server runs; false when it was not in it. @throws {StoreError} */
export async function finishRestore(options: {
  readonly dataFolder: string;
  readonly databaseUrl: string | null;
}): Promise<boolean> {
  if (options.databaseUrl === null && !existsSync(join(options.dataFolder, IN_BACKUP.sqlite)))
    throw new StoreError("away", `there is no database in ${options.dataFolder}`);
  const store = await openStore({
    dataFolder: options.dataFolder,
    databaseUrl: options.databaseUrl ?? undefined,
    clock: systemClock,
    procedures: SERVER_PROCEDURES,
  });
  try {
    return await store.call(endSafeMode, {
      by: { actorKind: "system", actor: "restore --done", address: null },
    });
  } finally {
    await store.close();
  }
}
