import { parseArgs } from "node:util";
import { ConfigError, loadConfig } from "../../server/config.ts";
import { StoreError } from "../../server/store/errors.ts";
import { BackupError } from "../../server/upkeep/archive.ts";
import { makeBackup } from "../../server/upkeep/backup.ts";
import { VERSION } from "../../server/version.ts";
import { sizeText } from "../size-text.ts";

const USAGE = `Usage: sluice backup FILE|FOLDER

Packs the database, the logs and files of builds and sluice.yml into FILE (packed smaller if it ends in .gz), or into a
new file in FOLDER. The server may run meanwhile. Settings are read as "sluice serve" reads them.
The vault's key is not in it: keep a copy of the key file elsewhere. Without it no secret can be read again.`;

/** `sluice backup`: gives the exit status. */
export async function backupCommand(argv: readonly string[]): Promise<number> {
  const to = readTo(argv);
  if (to === null) {
    console.error(USAGE);
    return 2;
  }
  if (to === "help") {
    console.log(USAGE);
    return 0;
  }
  try {
    const config = loadConfig(process.env, process.cwd());
    const { file, sizeBytes, manifest } = await makeBackup(config, {
      to: to.path,
      nowMs: Date.now(),
      release: VERSION,
    });
    const { counts, keyId } = manifest.facts;
    console.log(`${file}: ${counts["builds"] ?? 0} builds, ${sizeText(sizeBytes)}`);
    if (keyId !== null)
      console.log(`The vault's key ${keyId} is not in it: keep a copy of ${manifest.keyFile} elsewhere.`);
    console.log(`Look at it whole: sluice restore ${file} --verify --key ${manifest.keyFile}`);
    return 0;
  } catch (error) {
    if (error instanceof ConfigError)
      for (const problem of error.problems) console.error(`${problem.where}: ${problem.text}`);
    else if (error instanceof BackupError || error instanceof StoreError) console.error(error.message);
    else throw error;
    return 1;
  }
}

function readTo(argv: readonly string[]): { readonly path: string } | "help" | null {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { help: { type: "boolean", default: false } },
    });
    if (values.help) return "help";
    const [path, more] = positionals;
    return path === undefined || more !== undefined ? null : { path };
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return null;
  }
}
