import { copyFileSync, existsSync, statSync } from "node:fs";
import { chmod, mkdir, mkdtemp, open, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Config } from "../config.ts";
import { dumpPostgres } from "../store/postgres/dump.ts";
import { copySqliteFile, databaseFileOf, postgresFacts, sqliteFacts } from "../store/store-facts.ts";
import { BackupError, FOLDERS, IN_BACKUP, pack } from "./archive.ts";
import type { Manifest } from "./archive.ts";

/** A backup that was made. */
export interface MadeBackup {
  readonly file: string;
  readonly sizeBytes: number;
  readonly manifest: Manifest;
}

/**
 * Packs database, logs and files of builds and the settings into one file, while the server may run. The database comes
 * first: a file that is younger than it does no harm, one that is missing would. Left out: the vault's key, mirrors,
 * caches, what runners and Redis keep.
 * @param to a file that is not there yet, or a folder in which one is made, named by the time.
 * @throws {BackupError | StoreError}
 */
export async function makeBackup(
  config: Pick<Config, "dataFolder" | "databaseUrl" | "keyFile" | "configFile">,
  options: { readonly to: string; readonly nowMs: number; readonly release: string },
): Promise<MadeBackup> {
  const file = placeFor(options.to, options.nowMs);
  if (existsSync(file)) throw new BackupError(`${file} exists already: name a new file`);
  await mkdir(dirname(file), { recursive: true });
  const scratch = await mkdtemp(`${file}.part-`);
  try {
    const dialect = config.databaseUrl === null ? "sqlite" : "postgres";
    const facts =
      config.databaseUrl === null
        ? copiedSqlite(config.dataFolder, join(scratch, IN_BACKUP.sqlite))
        : await dumped(config.databaseUrl, join(scratch, IN_BACKUP.postgres));
    if (config.configFile !== null) copyFileSync(config.configFile, join(scratch, IN_BACKUP.config));
    const manifest: Manifest = {
      format: 1,
      release: options.release,
      madeAtMs: options.nowMs,
      dialect,
      facts,
      keyFile: config.keyFile,
      configFile: config.configFile,
    };
    await writeFile(join(scratch, IN_BACKUP.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
    const packed = join(scratch, file.endsWith("gz") ? "packed.tar.gz" : "packed.tar");
    const names = Object.values(IN_BACKUP).filter((name) => existsSync(join(scratch, name)));
    const folders = FOLDERS.filter((name) => existsSync(join(config.dataFolder, name)));
    await pack(packed, [
      { folder: scratch, names },
      { folder: config.dataFolder, names: folders },
    ]);
    await chmod(packed, 0o600);
    await flush(packed);
    await rename(packed, file);
    return { file, sizeBytes: statSync(file).size, manifest };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function copiedSqlite(dataFolder: string, copy: string): Manifest["facts"] {
  copySqliteFile(databaseFileOf(dataFolder), copy);
  return sqliteFacts(copy);
}

async function dumped(databaseUrl: string, file: string): Promise<Manifest["facts"]> {
  // Counted before: rows that come in between are in the dump too, and more than was counted is no loss.
  const facts = await postgresFacts(databaseUrl);
  await dumpPostgres(databaseUrl, file);
  return facts;
}

function placeFor(to: string, nowMs: number): string {
  const isFolder = to.endsWith("/") || (existsSync(to) && statSync(to).isDirectory());
  if (!isFolder) return resolve(to);
  const time = new Date(nowMs).toISOString().slice(0, 19).replace("T", "-").replaceAll(":", "");
  return resolve(to, `sluice-${time}.tar`);
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
