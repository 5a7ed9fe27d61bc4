import assert from "node:assert/strict";
import { mkdir, rm, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { it } from "mocha";
import { createBuildFiles } from "../../server/builds/console.ts";
import { createBlobs } from "../../server/runners/blobs.ts";
import type { Store } from "../../server/store/store.ts";
import { onBothDialects } from "../server/store/support/dialects.ts";
import { aBuild } from "../server/store/support/worlds.ts";
import { type Exit, startChild } from "../support/services/process.ts";

const SLUICE = join(import.meta.dirname, "../../bin/sluice.js");
const PROCEDURES = [new URL("../server/store/support/worlds.ts", import.meta.url)];
const SHA256 = "ab".repeat(32);

interface Place {
  readonly dataFolder: string;
  readonly databaseUrl: string | undefined;
}

async function doctor({ dataFolder, databaseUrl }: Place): Promise<Exit & { out: string }> {
  const child = await startChild(process.execPath, [SLUICE, "doctor", "--data", dataFolder], {
    env: { ...process.env, DATABASE_URL: databaseUrl ?? "" },
  });
  const exit = await child.exited;
  return { ...exit, out: child.output() };
}

/** An ended build with a step's log, a console, a stash and an archived file, as rows and on disk. */
async function aBuildWithFiles(store: Store, dataFolder: string) {
  const id = await store.call(aBuild, { key: "shop", number: 1, state: "succeeded" });
  const files = createBuildFiles(dataFolder);
  const paths = {
    log: files.logOf(id, 3),
    console: files.consoleOf(id),
    blob: createBlobs(dataFolder).pathOf(id, SHA256),
  };
  for (const path of Object.values(paths)) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, "0123456789");
  }
  await store.db.updateTable("builds").set({ consoleLength: 10 }).where("id", "=", id).execute();
  await store.db
    .insertInto("steps")
    .values({ buildId: id, stepNo: 3, name: "sh", state: "succeeded", logBytes: 10, endedAtMs: 1 })
    .execute();
  const blob = { buildId: id, sizeBytes: 10, createdAtMs: 1 };
  await store.db
    .insertInto("blobs")
    .values({ ...blob, kind: "stash", name: "dist", sha256: SHA256, path: `${id}/${SHA256}` })
    .execute();
  await store.db
    .insertInto("artifacts")
    .values({ ...blob, kind: "file", name: "out/shop.tar", digest: SHA256 })
    .execute();
  return { id, ...paths };
}

onBothDialects("sluice doctor --data", (start) => {
  it("finds all well, beside a running server and after it, and changes nothing", async () => {
    const place = await start();
    const store = await place.open({ procedures: PROCEDURES });
    await aBuildWithFiles(store, place.dataFolder);
    const beside = await doctor(place);
    assert.equal(beside.code, 0, beside.out);
    assert.match(beside.out, /all is well/u);
    await store.db.updateTable("projects").set({ name: "Shop" }).execute();
    await store.close();
    const afterwards = await doctor(place);
    assert.equal(afterwards.code, 0, afterwards.out);
    const again = await place.open({ procedures: PROCEDURES });
    assert.equal(
      (await again.db.selectFrom("projects").select("name").executeTakeFirstOrThrow()).name,
      "Shop",
    );
  });

  it("names what is broken with what to do, and ends with 1", async () => {
    const place = await start();
    const store = await place.open({ procedures: PROCEDURES });
    const build = await aBuildWithFiles(store, place.dataFolder);
    const stuck = await store.call(aBuild, { key: "shop", number: 2, state: "running", nextOrd: 5 });
    await store.db.updateTable("builds").set({ createdAtMs: 1 }).where("id", "=", stuck).execute();
    await truncate(build.log, 9);
    await rm(build.console);
    await rm(build.blob);
    const { code, out } = await doctor(place);
    assert.equal(code, 1, out);
    const where = out.split("\n").filter((line) => line.startsWith("  where: "));
    assert.deepEqual(where, [
      `  where: b${stuck}`,
      `  where: b${build.id} step 3`,
      `  where: b${build.id}`,
      `  where: b${build.id} stash dist`,
      `  where: b${build.id} out/shop.tar`,
    ]);
    assert.match(out, /^broken: a build with work has a holder or a nudge$/mu);
    assert.equal(out.match(/^ {2}try: \S/gmu)?.length, where.length);
  });

  it("says nothing of the files of a build that is being removed", async () => {
    const place = await start();
    const store = await place.open({ procedures: PROCEDURES });
    const build = await aBuildWithFiles(store, place.dataFolder);
    await store.db.updateTable("builds").set({ waitCode: "removal" }).where("id", "=", build.id).execute();
    await rm(build.console);
    await rm(build.blob);
    const { code, out } = await doctor(place);
    assert.equal(code, 0, out);
  });

  it("says in words where there is no database of ours, and leaves the folder alone", async () => {
    const place = await start();
    const { code, out } = await doctor({ ...place, dataFolder: join(place.dataFolder, "elsewhere") });
    assert.equal(code, 69, out);
    assert.match(out, /holds no database|no database of a server/u);
  });
});
