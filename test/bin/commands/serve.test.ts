import assert from "node:assert/strict";
import { open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterEach, describe, it } from "mocha";
import { fillUp } from "../../../scripts/campaign/faults/disk.ts";
import { SERVER_PROCEDURES } from "../../../server/procedures.ts";
import { keyFileOf, openVault } from "../../../server/secrets/vault.ts";
import { systemClock } from "../../../server/store/clock.ts";
import { openStore } from "../../../server/store/store.ts";
import { temporaryFolder } from "../../support/services/folder.ts";
import { runToEnd, startChild } from "../../support/services/process.ts";
import { createStops } from "../../support/stops.ts";

const SLUICE = fileURLToPath(new URL("../../../bin/sluice.js", import.meta.url));
const CONFIG = 78;

describe("sluice serve refuses to start, with 78 and the remedy,", function () {
  this.timeout(120_000);
  const stops = createStops();
  afterEach(() => stops.all());

  async function aFolder(): Promise<string> {
    const folder = await temporaryFolder("serve");
    stops.add(() => folder.remove());
    return folder.path;
  }

  /** Data as a server leaves it that was started once. */
  async function someData(): Promise<string> {
    const dataFolder = await aFolder();
    const store = await openStore({ dataFolder, clock: systemClock, procedures: SERVER_PROCEDURES });
    await openVault({ store, keyFile: keyFileOf(dataFolder) });
    await store.close();
    return dataFolder;
  }

  /** A disk of one MiB in memory for the test alone. */
  async function smallDisk(...options: readonly string[]): Promise<string> {
    const folder = await aFolder();
    await runToEnd("mount", ["-t", "tmpfs", "-o", ["size=1m", ...options].join(","), "tmpfs", folder]);
    stops.add(async () => void (await runToEnd("umount", ["-l", folder])));
    return folder;
  }

  async function refusal(dataFolder: string): Promise<string> {
    const child = await startChild(process.execPath, [SLUICE, "serve", "--no-runner"], {
      env: { PATH: process.env["PATH"], SLUICE_DATA: dataFolder, SLUICE_PORT: "0" },
    });
    stops.add(() => child.stop("SIGKILL"));
    const { code } = await child.exited;
    assert.equal(code, CONFIG, child.output());
    assert.doesNotMatch(child.output(), /^ {4}at /mu, "a stack is no message for a person");
    return child.output();
  }

  it("on a database file with garbage in its middle", async () => {
    const dataFolder = await someData();
    const file = join(dataFolder, "sluice.sqlite");
    const { length } = await readFile(file);
    const handle = await open(file, "r+");
    await handle.write(Buffer.alloc(8 * 4096, 0x55), 0, 8 * 4096, Math.floor(length / 8192) * 4096);
    await handle.close();
    const said = await refusal(dataFolder);
    assert.ok(said.includes(`the database file ${file} is damaged`), said);
    assert.match(said, /move it aside and bring back a backup with "sluice restore"/);
  });

  it("on a database that a later release wrote", async () => {
    const dataFolder = await someData();
    const database = new DatabaseSync(join(dataFolder, "sluice.sqlite"));
    database.exec("insert into schema_migrations values (9999, 'of a later release', 1)");
    database.close();
    const said = await refusal(dataFolder);
    assert.match(
      said,
      /the database has schema 9999, this release knows \d+: run the newer release, or restore/,
    );
  });

  it("without the secret key, and with that of another server", async () => {
    const dataFolder = await someData();
    await rm(keyFileOf(dataFolder));
    assert.match(
      await refusal(dataFolder),
      /secret\.key is not there: bring it back from where you keep its copy/,
    );
    await writeFile(keyFileOf(dataFolder), Buffer.alloc(32, 7));
    assert.match(
      await refusal(dataFolder),
      /secret\.key is not the key of this database .*bring the right one back/,
    );
  });

  it("in a data folder that is a file, or on a disk that takes no writes", async () => {
    const file = join(await aFolder(), "file");
    await writeFile(file, "");
    assert.match(
      await refusal(file),
      /SLUICE_DATA: the data folder .*file is, or lies in, something that is no folder/,
    );
    assert.match(await refusal(join(file, "data")), /something that is no folder: name another one here/);
    const still = await smallDisk("ro");
    assert.match(
      await refusal(still),
      /cannot be written \(EROFS\): give it to the user that Sluice runs as/,
    );
  });

  it("on a disk that is full", async () => {
    const full = await smallDisk();
    await fillUp(join(full, "filler"));
    assert.match(await refusal(full), /SLUICE_DATA: the disk of the data folder .* is full: make room/);
    assert.match(await refusal(join(full, "data")), /is full: make room/);
  });
});
