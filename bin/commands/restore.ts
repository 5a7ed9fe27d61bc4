import { parseArgs } from "node:util";
import { VaultError } from "../../server/secrets/key-file.ts";
import { StoreError } from "../../server/store/errors.ts";
import { BackupError } from "../../server/upkeep/archive.ts";
import { finishRestore, restoreBackup, verifyBackup } from "../../server/upkeep/restore.ts";
import type { Report } from "../../server/upkeep/restore.ts";

const USAGE = `Usage: sluice restore FILE --to FOLDER [--key KEYFILE]
       sluice restore FILE --verify [--key KEYFILE]
       sluice restore --done FOLDER

  --to FOLDER     brings a backup back into a new data folder, in safe mode: a server started on it starts no build
                  and sends nothing until an administrator ends that
  --verify        restores into a scratch folder beside the file, looks at all of it, and removes it again
  --key KEYFILE   the vault's key, which is in no backup; --to copies it into the folder
  --done FOLDER   ends the safe mode while the server is stopped (a running one: POST /api/v1/safe-mode/end)
A backup of PostgreSQL wants an empty database, named by DATABASE_URL.
Exit status: 0 all is well, 1 something is wrong with the backup.`;

/** `sluice restore`: gives the exit status. */
export async function restoreCommand(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (options === null) {
    console.error(USAGE);
    return 2;
  }
  if (options.kind === "help") {
    console.log(USAGE);
    return 0;
  }
  const databaseUrl = process.env["DATABASE_URL"] ?? "";
  const database = { databaseUrl: databaseUrl === "" ? null : databaseUrl };
  try {
    if (options.kind === "done") {
      const ended = await finishRestore({ dataFolder: options.folder, ...database });
      console.log(ended ? "The safe mode has ended." : `${options.folder} is not in safe mode.`);
      return 0;
    }
    if (options.kind === "verify") return tell(await verifyBackup({ ...options, ...database }));
    const report = await restoreBackup({ ...options, ...database });
    const status = tell(report);
    console.log(`Restored to ${options.to}, in safe mode. Start it with SLUICE_DATA=${options.to}, look around, then
end the safe mode: sluice restore --done ${options.to}`);
    return status;
  } catch (error) {
    if (!(error instanceof BackupError || error instanceof StoreError || error instanceof VaultError))
      throw error;
    console.error(error.message);
    return 1;
  }
}

function tell({ manifest, facts, entered, key, problems }: Report): number {
  const made = new Date(manifest.madeAtMs).toISOString();
  console.log(
    `backup of ${made} by release ${manifest.release}, schema ${facts.schema} (${manifest.dialect})`,
  );
  console.log(
    Object.entries(facts.counts)
      .map(([table, count]) => `${count} ${table}`)
      .join(", "),
  );
  console.log(
    `ended as restored: ${entered.builds} builds; withdrawn: ${entered.gates} gates, ${entered.withdrawn} deployments; unknown: ${entered.unknown} deployments`,
  );
  if (key === "right") console.log(`key ${facts.keyId ?? ""}: right`);
  if (key === "not given")
    console.log(
      `key ${facts.keyId ?? ""}: not given. It is in no backup; it was at ${manifest.keyFile}. Put it into the folder as secret.key, or name it by SLUICE_KEY_FILE`,
    );
  for (const problem of problems) console.error(`wrong: ${problem}`);
  if (problems.length === 0) console.log("all is well");
  return problems.length === 0 ? 0 : 1;
}

type Options =
  | { readonly kind: "help" }
  | { readonly kind: "done"; readonly folder: string }
  | { readonly kind: "verify"; readonly file: string; readonly keyFile: string | null }
  | { readonly kind: "to"; readonly file: string; readonly to: string; readonly keyFile: string | null };

function readOptions(argv: readonly string[]): Options | null {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        help: { type: "boolean", default: false },
        verify: { type: "boolean", default: false },
        to: { type: "string" },
        key: { type: "string" },
        done: { type: "string" },
      },
    });
    if (values.help) return { kind: "help" };
    const [file, more] = positionals;
    if (more !== undefined) return null;
    if (values.done !== undefined) return file === undefined ? { kind: "done", folder: values.done } : null;
    if (file === undefined) return null;
    const keyFile = values.key ?? null;
    if (values.verify) return values.to === undefined ? { kind: "verify", file, keyFile } : null;
    return values.to === undefined ? null : { kind: "to", file, to: values.to, keyFile };
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return null;
  }
}
