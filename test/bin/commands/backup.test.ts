import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { copyFile, mkdir, rm, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, describe, it } from "mocha";
import { createBuildFiles } from "../../../server/builds/console.ts";
import { SERVER_PROCEDURES } from "../../../server/procedures.ts";
import { createBlobs } from "../../../server/runners/blobs.ts";
import { keyFileOf, openVault } from "../../../server/secrets/vault.ts";
import { systemClock } from "../../../server/store/clock.ts";
import { findViolations } from "../../../server/store/invariants.ts";
import { openStore } from "../../../server/store/store.ts";
import type { Store } from "../../../server/store/store.ts";
import { readSafeMode } from "../../../server/upkeep/safe-mode.ts";
import { aBuild, buildReaches } from "../../server/store/support/worlds.ts";
import { temporaryFolder } from "../../support/services/folder.ts";
import { startDatabase } from "../../support/services/postgres.ts";
import { until } from "../../support/services/until.ts";

const SLUICE = fileURLToPath(new URL("../../../bin/sluice.js", import.meta.url));
const run = promisify(execFile);
const procedures = [new URL("../../server/store/support/worlds.ts", import.meta.url), ...SERVER_PROCEDURES];
const LOG = "it was said\n";

/** What a call of the command line came to. */
interface Said {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function sluice(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Said> {
  const whole = { ...process.env, DATABASE_URL: "", SLUICE_CONFIG: "", SLUICE_KEY_FILE: "", ...env };
  try {
    const { stdout, stderr } = await run(process.execPath, [SLUICE, ...args], { env: whole });
    return { status: 0, out: stdout, err: stderr };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && "stdout" in error && "stderr" in error)) throw error;
    return { status: Number(error.code), out: String(error.stdout), err: String(error.stderr) };
  }
}

describe("sluice backup and restore", function () {
  this.timeout(180_000);
  const endings: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).toReversed()) await end();
  });

  async function aFolder(): Promise<string> {
    const folder = await temporaryFolder("backup");
    endings.push(() => folder.remove());
    return folder.path;
  }

  async function open(dataFolder: string, databaseUrl?: string): Promise<Store> {
    const store = await openStore({ dataFolder, databaseUrl, clock: systemClock, procedures });
    endings.push(() => store.close());
    return store;
  }

  /** A server's data with builds, a log and a file; the store stays open, as under a server that runs. */
  async function aServer(databaseUrl?: string) {
    const folder = await aFolder();
    const dataFolder = join(folder, "data");
    const store = await open(dataFolder, databaseUrl);
    const vault = await openVault({ store, keyFile: keyFileOf(dataFolder) });
    const done = await store.call(aBuild, { key: "shop", number: 1, state: "succeeded" });
    await store.call(aBuild, { key: "shop", number: 2, state: "running" });
    await store.db
      .updateTable("projects")
      .set({ hookSecret: vault.seal("hush", "hook|shop") })
      .execute();
    await store.db
      .insertInto("steps")
      .values({ buildId: done, stepNo: 1, name: "sh", state: "succeeded", logBytes: LOG.length })
      .execute();
    const log = createBuildFiles(dataFolder).logOf(done, 1);
    await mkdir(dirname(log), { recursive: true });
    await writeFile(log, LOG);
    const sha256 = "d".repeat(64);
    const blob = createBlobs(dataFolder).pathOf(done, sha256);
    await mkdir(dirname(blob), { recursive: true });
    await writeFile(blob, "archived");
    await store.db
      .insertInto("artifacts")
      .values({ buildId: done, kind: "file", name: "a.txt", digest: sha256, createdAtMs: 1 })
      .execute();
    await mkdir(join(dataFolder, "mirrors"));
    await writeFile(join(dataFolder, "mirrors", "big"), "left out");
    const config = join(folder, "sluice.yml");
    await writeFile(config, "retention: { days: 30 }\n");
    const key = join(folder, "kept.key");
    await copyFile(keyFileOf(dataFolder), key);
    const env = { SLUICE_DATA: dataFolder, SLUICE_CONFIG: config, DATABASE_URL: databaseUrl ?? "" };
    return { folder, dataFolder, store, vault, done, log, blob, key, env };
  }

  it("packs the data of a running server without its key, and brings it back in safe mode", async () => {
    const from = await aServer();
    const file = join(from.folder, "one.tar");
    const made = await sluice(["backup", file], from.env);
    assert.equal(made.status, 0, made.err);
    assert.match(made.out, /one\.tar: 2 builds, .*iB/);
    assert.match(made.out, /The vault's key [0-9a-f]{16} is not in it: keep a copy of .*secret\.key/);
    assert.equal(statSync(file).mode & 0o077, 0);
    const { stdout } = await run("tar", ["-tf", file]);
    const names = stdout.split("\n").filter((name) => !name.endsWith("/") && name !== "");
    assert.deepEqual(
      names.toSorted(),
      [
        "backup.json",
        `blobs/${from.done}/${"d".repeat(64)}`,
        `builds/0/${from.done}/logs/1.log`,
        "sluice.sqlite",
        "sluice.yml",
      ].toSorted(),
    );
    assert.equal(readFileSync(file).indexOf(readFileSync(from.key)), -1);

    const verified = await sluice(["restore", file, "--verify", "--key", from.key]);
    assert.equal(verified.status, 0, verified.err);
    assert.match(verified.out, /2 builds/);
    assert.match(verified.out, /key [0-9a-f]{16}: right/);
    assert.match(verified.out, /all is well/);
    assert.deepEqual(readdirSync(from.folder).toSorted(), ["data", "kept.key", "one.tar", "sluice.yml"]);

    const to = join(from.folder, "back");
    const restored = await sluice(["restore", file, "--to", to, "--key", from.key]);
    assert.equal(restored.status, 0, restored.err);
    assert.match(restored.out, /ended as restored: 1 builds/);
    const again = await sluice(["restore", file, "--to", to]);
    assert.equal(again.status, 1);
    assert.match(again.err, /is not empty/);
    const store = await open(to);
    const vault = await openVault({ store, keyFile: keyFileOf(to) });
    assert.equal(vault.instance, from.vault.instance);
    const project = await store.db.selectFrom("projects").select("hookSecret").executeTakeFirstOrThrow();
    assert.equal(vault.unseal(project.hookSecret, "hook|shop"), "hush");
    const builds = await store.db.selectFrom("builds").select(["number", "state"]).orderBy("id").execute();
    assert.deepEqual(builds, [
      { number: 1, state: "succeeded" },
      { number: 2, state: "failed" },
    ]);
    assert.equal(readFileSync(createBuildFiles(to).logOf(from.done, 1), "utf8"), LOG);
    assert.ok((await readSafeMode(store)) !== null);

    const early = await sluice(["restore", "--done", to]);
    assert.equal(early.status, 1);
    assert.match(early.err, /another server is running on the data folder/);
    await store.close();
    const ended = await sluice(["restore", "--done", to]);
    assert.equal(ended.status, 0, ended.err);
    assert.match(ended.out, /The safe mode has ended/);
    assert.match((await sluice(["restore", "--done", to])).out, /is not in safe mode/);
  });

  it("makes a file named by the time in a folder, packed smaller where the name says so", async () => {
    const from = await aServer();
    const shelf = join(from.folder, "shelf");
    await mkdir(shelf);
    const made = await sluice(["backup", shelf], from.env);
    assert.equal(made.status, 0, made.err);
    assert.match(readdirSync(shelf)[0] ?? "", /^sluice-\d{4}-\d\d-\d\d-\d{6}\.tar$/);
    assert.equal((await sluice(["backup", join(shelf, "small.tar.gz")], from.env)).status, 0);
    const verified = await sluice(["restore", join(shelf, "small.tar.gz"), "--verify"]);
    assert.equal(verified.status, 0, verified.err);
    assert.match(verified.out, /key [0-9a-f]{16}: not given\. It is in no backup; it was at .*secret\.key/);
    const twice = await sluice(["backup", join(shelf, "small.tar.gz")], from.env);
    assert.equal(twice.status, 1);
    assert.match(twice.err, /exists already/);
  });

  it("says what is wrong with a backup that is cut, incomplete, no backup, or of another key", async () => {
    const from = await aServer();
    await truncate(from.log, 3);
    const file = join(from.folder, "lost.tar");
    await sluice(["backup", file], from.env);
    const lost = await sluice(["restore", file, "--verify"]);
    assert.equal(lost.status, 1);
    assert.match(lost.err, /wrong: 1 files are missing or cut: log b1\.1/);

    const wrongKey = join(from.folder, "wrong.key");
    await writeFile(wrongKey, Buffer.alloc(32, 7));
    const wrong = await sluice(["restore", file, "--to", join(from.folder, "to"), "--key", wrongKey]);
    assert.equal(wrong.status, 1);
    assert.match(wrong.err, /is key [0-9a-f]{16}, and the backup wants key [0-9a-f]{16}, which was at /);

    await truncate(file, 20_000);
    const cut = await sluice(["restore", file, "--verify"]);
    assert.equal(cut.status, 1, cut.out);
    assert.match(cut.err, /lost\.tar is cut, damaged or no backup.*: take another copy of it/);

    const other = join(from.folder, "other.tar");
    await run("tar", ["-cf", other, "-C", from.folder, "sluice.yml"]);
    const none = await sluice(["restore", other, "--to", join(from.folder, "to")]);
    assert.equal(none.status, 1);
    assert.match(none.err, /is no backup of Sluice: backup\.json is not in it/);
    assert.ok(!existsSync(join(from.folder, "to")));
    assert.match((await sluice(["restore", join(from.folder, "no")])).err, /Usage/);
    assert.match((await sluice(["backup", file], { SLUICE_DATA: from.folder })).err, /exists already/);
    const empty = await sluice(["backup", `${file}.new`], { SLUICE_DATA: from.folder });
    assert.match(empty.err, /there is no database/);
    assert.deepEqual(
      readdirSync(from.folder).filter((name) => /part|verify/.test(name)),
      [],
    );
  });

  it("says so in words when a backup holds garbage: in its list, its database, or all over", async () => {
    const from = await aServer();
    const file = join(from.folder, "whole.tar");
    assert.equal((await sluice(["backup", file], from.env)).status, 0);
    const parts = join(from.folder, "parts");
    const packed = async (name: string, harm: () => Promise<unknown>): Promise<Said> => {
      await rm(parts, { recursive: true, force: true });
      await mkdir(parts);
      await run("tar", ["-xf", file, "-C", parts]);
      await harm();
      const harmed = join(from.folder, name);
      await run("tar", ["-cf", harmed, "-C", parts, ...readdirSync(parts)]);
      return await sluice(["restore", harmed, "--to", join(from.folder, "to")]);
    };
    const database = join(parts, "sluice.sqlite");
    const list = await packed("list.tar", () => writeFile(join(parts, "backup.json"), "{ no json"));
    assert.match(list.err, /list\.tar is damaged \(backup\.json cannot be read\): take another backup/);
    const pages = await packed("pages.tar", async () => {
      const bytes = readFileSync(database);
      await writeFile(
        database,
        Buffer.concat([bytes.subarray(0, 8192), Buffer.alloc(bytes.length - 8192, 0x55)]),
      );
    });
    assert.match(pages.err, /pages\.tar is damaged \(its database\): take another backup/);
    const head = await packed("head.tar", () => writeFile(database, "this is no database"));
    assert.match(head.err, /head\.tar is damaged \(its database\): take another backup/);
    const none = await packed("none.tar", () => rm(database));
    assert.match(none.err, /none\.tar is damaged \(sluice\.sqlite is not in it\)/);
    const garbage = join(from.folder, "garbage.tar");
    await writeFile(garbage, Buffer.alloc(100_000, 0x55));
    const all = await sluice(["restore", garbage, "--to", join(from.folder, "to")]);
    assert.match(all.err, /garbage\.tar is cut, damaged or no backup/);
    for (const { status, err } of [list, pages, head, none, all]) {
      assert.equal(status, 1);
      assert.doesNotMatch(err, /^ {4}at /mu, "a stack is no message for a person");
    }
    assert.ok(!existsSync(join(from.folder, "to")), "a failed restore leaves nothing");
  });

  it("F33: made while builds begin, end and print is whole: restored elsewhere nothing is missing and nothing goes on by itself", async () => {
    const from = await aServer();
    let isOver = false;
    let made = 0;
    const load = async (): Promise<void> => {
      while (!isOver) {
        made += 1;
        const number = 100 + made;
        const running = await from.store.call(aBuild, { key: "shop", number, state: "running" });
        const log = createBuildFiles(from.dataFolder).logOf(running, 1);
        await mkdir(dirname(log), { recursive: true });
        await writeFile(log, LOG);
        await from.store.db
          .insertInto("steps")
          .values({ buildId: running, stepNo: 1, name: "sh", state: "succeeded", logBytes: LOG.length })
          .execute();
        if (made % 2 === 0) await from.store.call(buildReaches, { id: running, state: "succeeded" });
      }
    };
    const loading = load();
    const file = join(from.folder, "under-load.tar");
    const said = await sluice(["backup", file], from.env);
    const atEnd = made;
    await until("it went on all the while", () => made > atEnd);
    isOver = true;
    await loading;
    assert.equal(said.status, 0, said.err);
    const to = join(from.folder, "elsewhere");
    const restored = await sluice(["restore", file, "--to", to, "--key", from.key]);
    assert.equal(restored.status, 0, restored.err);
    assert.match(restored.out, /all is well/);
    const store = await open(to);
    const builds = await store.db.selectFrom("builds").select(["number", "state", "reasonCode"]).execute();
    assert.ok(builds.length > 2 && builds.length <= 2 + atEnd, `${builds.length} builds`);
    assert.deepEqual(
      builds.filter(({ state }) => !["succeeded", "failed"].includes(state)),
      [],
    );
    assert.ok(builds.some(({ reasonCode }) => reasonCode === "restored"));
    assert.ok((await readSafeMode(store)) !== null);
    assert.deepEqual(await store.db.selectFrom("outbox").selectAll().execute(), []);
    assert.deepEqual(await findViolations(store), []);
    await store.close();
    const doctor = await sluice(["doctor", "--data", to]);
    assert.equal(doctor.status, 0, doctor.out);
  });

  it("takes a PostgreSQL database along by its own tools, and brings it into an empty one", async () => {
    const database = await startDatabase();
    endings.push(() => database.drop());
    const from = await aServer(database.url);
    const file = join(from.folder, "pg.tar");
    const made = await sluice(["backup", file], from.env);
    assert.equal(made.status, 0, made.err);
    const nowhere = await sluice(["restore", file, "--verify"]);
    assert.equal(nowhere.status, 1);
    assert.match(nowhere.err, /make an empty one and name it by DATABASE_URL/);
    const empty = await startDatabase();
    endings.push(() => empty.drop());
    const to = join(from.folder, "back");
    const restored = await sluice(["restore", file, "--to", to, "--key", from.key], {
      DATABASE_URL: empty.url,
    });
    assert.equal(restored.status, 0, restored.err + restored.out);
    const store = await open(to, empty.url);
    const next = await store.call(aBuild, { key: "shop", number: 1003, state: "queued" });
    assert.ok(next > 100_000);
    const full = await sluice(["restore", file, "--verify"], { DATABASE_URL: empty.url });
    assert.equal(full.status, 1);
    assert.match(full.err, /pg_restore failed/);
  });
});
