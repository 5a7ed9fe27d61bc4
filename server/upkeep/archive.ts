import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { z } from "zod";
import { StoreFacts } from "../store/store-facts.ts";

const run = promisify(execFile);
const MOST_BYTES = 64 * 1024 * 1024;

/** A backup cannot be made or used; the text is for the person at the terminal. */
export class BackupError extends Error {
  override readonly name = "BackupError";
}

/** Names of what stands in a backup. */
export const IN_BACKUP = {
  manifest: "backup.json",
  sqlite: "sluice.sqlite",
  postgres: "database.dump",
  config: "sluice.yml",
} as const;

/** Folders of the data folder that a backup takes along: logs and consoles, and files of builds. */
export const FOLDERS = ["builds", "blobs"] as const;

/** What a backup says of itself. The vault's key is never in it: it is named by its id and where it was. */
export const Manifest = z.object({
  format: z.literal(1),
  release: z.string(),
  madeAtMs: z.number(),
  dialect: z.enum(["sqlite", "postgres"]),
  facts: StoreFacts,
  keyFile: z.string(),
  configFile: z.string().nullable(),
});
export type Manifest = z.infer<typeof Manifest>;

/** Packs names below several folders into one file. What grows or goes meanwhile does no harm. @throws {BackupError} */
export async function pack(
  file: string,
  parts: readonly { readonly folder: string; readonly names: readonly string[] }[],
): Promise<void> {
  const args = parts.flatMap(({ folder, names }) => (names.length === 0 ? [] : ["-C", folder, ...names]));
  const how = /\.t?gz$/u.test(file) ? "-czf" : "-cf";
  try {
    await run("tar", [how, file, ...args], { maxBuffer: MOST_BYTES, env: { ...process.env, LC_ALL: "C" } });
  } catch (error) {
    const said = saidBy(error);
    // Logs are written and old builds removed while we read: of GNU tar no failure.
    const harmless = /file changed as we read it|removed before we read it|Exiting with failure status/u;
    const lines = said.split("\n").filter((line) => line.trim() !== "");
    if (lines.length > 0 && lines.every((line) => harmless.test(line))) return;
    throw new BackupError(`tar could not write ${file}: ${said.slice(0, 512)}`, { cause: error });
  }
}

/** Unpacks a backup into a folder that is there. @throws {BackupError} */
export async function unpack(file: string, folder: string): Promise<void> {
  try {
    await run("tar", ["-xf", file, "-C", folder, "--no-same-owner"], { maxBuffer: MOST_BYTES });
  } catch (error) {
    throw new BackupError(
      `${file} is cut, damaged or no backup, or there is no room for it: take another copy of it (tar said: ${saidBy(error).slice(0, 512).trim()})`,
      { cause: error },
    );
  }
}

function saidBy(error: unknown): string {
  if (error instanceof Error && "stderr" in error && String(error.stderr) !== "") return String(error.stderr);
  return error instanceof Error ? error.message : String(error);
}
