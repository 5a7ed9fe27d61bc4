import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { it } from "mocha";
import { MIGRATIONS } from "../../../server/store/migrate.ts";
import type { Store } from "../../../server/store/store.ts";
import { onBothDialects } from "./support/dialects.ts";
import type { Place } from "./support/dialects.ts";
import { putSetting } from "./support/procedures.ts";

const WRITER = fileURLToPath(new URL("./support/writer.ts", import.meta.url));
const KILLS = 5;
const STORES = fileURLToPath(new URL("../../stores", import.meta.url));
/** Schemas that this release brings forward. */
const OLDER = MIGRATIONS.map(({ version }) => String(version).padStart(4, "0")).slice(0, -1);

interface Written {
  /** Names whose commit was acknowledged. */
  done: string[];
  /** `code name` for each call that failed. */
  failed: string[];
  signal: NodeJS.Signals | null;
}

/** Runs the writer to its end, or kills it once it has acknowledged `killAfter` commits. */
async function write(
  place: Place,
  run: { prefix: string; count: number; killAfter?: number; fault?: string },
): Promise<Written> {
  const args = [WRITER, place.dataFolder, place.databaseUrl ?? "", run.prefix, String(run.count)];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...(run.fault === undefined ? {} : { SLUICE_FAULT: run.fault }) },
  });
  const written: Written = { done: [], failed: [], signal: null };
  const closed = new Promise<NodeJS.Signals | null>((resolve) => {
    child.once("close", (_, signal) => resolve(signal));
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, name = ""] = line.split(" ");
    if (word === "done") written.done.push(name);
    else written.failed.push(line);
    if (written.done.length === run.killAfter) child.kill("SIGKILL");
  }
  written.signal = await closed;
  return written;
}

async function names(place: Place, opened?: Store): Promise<string[]> {
  const store = opened ?? (await place.open());
  const rows = await store.db.selectFrom("settings").select("name").execute();
  if (opened === undefined) await store.close();
  return rows.map((row) => row.name);
}

onBothDialects("a store whose process is killed", (start) => {
  it("has every acknowledged row after each of several kills, and opens at once", async () => {
    const place = await start();
    const acknowledged: string[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const killAfter = 1 + 37 * kill;
      const { done, signal } = await write(place, { prefix: `k${kill}`, count: 100_000, killAfter });
      assert.equal(signal, "SIGKILL");
      acknowledged.push(...done);
    }
    const kept = new Set(await names(place));
    assert.deepEqual(
      acknowledged.filter((name) => !kept.has(name)),
      [],
    );
  });

  it("before a commit has nothing of it", async () => {
    const place = await start();
    const { done, signal } = await write(place, { prefix: "b", count: 1, fault: "putSetting:before" });
    assert.equal(signal, "SIGKILL");
    assert.deepEqual(done, []);
    assert.deepEqual(await names(place), []);
  });

  it("after a commit, before the answer, has all of it", async () => {
    const place = await start();
    const { done, signal } = await write(place, { prefix: "a", count: 1, fault: "putSetting:after" });
    assert.equal(signal, "SIGKILL");
    assert.deepEqual(done, []);
    assert.deepEqual(await names(place), ["a-0"]);
  });

  it("F31: inside a migration is completed by the next start, with the rows of before", async () => {
    for (const moment of ["before", "after"]) {
      for (const from of ["nothing", ...OLDER]) {
        const place = await start();
        const isKept = from !== "nothing" && place.dialect === "sqlite";
        if (isKept) await cp(join(STORES, from), place.dataFolder, { recursive: true });
        const fault = `schema.migrate:${moment}:1`;
        const { done, signal } = await write(place, { prefix: "m", count: 1, fault });
        assert.deepEqual([done, signal], [[], "SIGKILL"], `${moment}, from ${from}`);
        const store = await place.open();
        await store.call(putSetting, { name: "later", body: "" });
        assert.ok((await names(place, store)).includes("later"));
        const projects = await store.db.selectFrom("projects").select("id").execute();
        assert.equal(projects.length, isKept ? 1 : 0);
        await store.close();
      }
    }
  });

  it("says that the outcome is unknown where the answer to a commit is lost, at the pass asked for", async () => {
    const place = await start();
    const fault = "putSetting:after-but-error:2";
    const { done, failed, signal } = await write(place, { prefix: "e", count: 3, fault });
    assert.equal(signal, null);
    assert.equal(failed.length, 1);
    assert.match(failed[0] ?? "", /^outcome_unknown e-/);
    assert.equal(done.length, 2);
    assert.deepEqual((await names(place)).toSorted(), ["e-0", "e-1", "e-2"]);
  });
});
