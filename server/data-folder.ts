import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "./config.ts";
import { codeOf, messageOf } from "./store/errors.ts";

/** What a start writes at least: the database's log, Redis's files. */
const PROBE = Buffer.alloc(1024 * 1024);

/**
 * Makes the data folder and tries whether a start can write to it, so that what is wrong with it is said once and in
 * words, not by whichever part meets it first. `where` it is named is said with it.
 * @throws {ConfigError}
 */
export async function openDataFolder(folder: string, where = "SLUICE_DATA"): Promise<void> {
  const probe = join(folder, ".probe");
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    try {
      const file = await open(probe, "w", 0o600);
      try {
        await file.writeFile(PROBE);
        await file.sync();
      } finally {
        await file.close();
      }
    } finally {
      await rm(probe, { force: true });
    }
  } catch (error) {
    throw new ConfigError([{ where, text: remedyOf(folder, error) }], { cause: error });
  }
}

function remedyOf(folder: string, error: unknown): string {
  switch (codeOf(error)) {
    case "ENOSPC":
    case "EDQUOT":
      return `the disk of the data folder ${folder} is full: make room, or move the folder to a larger disk and name it here`;
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return `the data folder ${folder} cannot be written (${codeOf(error)}): give it to the user that Sluice runs as, or name another folder here`;
    case "ENOTDIR":
    case "EEXIST":
      return `the data folder ${folder} is, or lies in, something that is no folder: name another one here`;
    default:
      return `the data folder ${folder} cannot be used: ${messageOf(error)}`;
  }
}
