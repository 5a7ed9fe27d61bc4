import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, it } from "mocha";
import { copyDatabase } from "../../../server/store/backup.ts";
import { systemClock } from "../../../server/store/clock.ts";
import { StoreError, isStoreError } from "../../../server/store/errors.ts";
import { openStore } from "../../../server/store/store.ts";
import type { Store } from "../../../server/store/store.ts";
import { temporaryFolder } from "../../support/services/folder.ts";
import { putSetting, putSettingSoftly, readSynchronous, takeAnything } from "./support/procedures.ts";
import { TEST_PROCEDURES } from "./support/test-procedures.ts";

const FULL = 2;
const NORMAL = 1;

describe("the database thread", function () {
  this.timeout(120_000);
  const endings: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).toReversed()) await end();
  });

  async function aFolder(): Promise<string> {
    const folder = await temporaryFolder("sqlite");
    endings.push(() => folder.remove());
    return folder.path;
  }

  async function open(dataFolder: string): Promise<Store> {
    const store = await openStore({ dataFolder, clock: systemClock, procedures: [TEST_PROCEDURES] });
    endings.push(() => store.close());
    return store;
  }

  it("lets what queues during a commit share the next one, up to 64", async () => {
    const store = await open(await aFolder());
    let commits = 0;
    store.onWritten("settings", () => (commits += 1));
    await Promise.all(
      Array.from({ length: 641 }, (_, at) => store.call(putSetting, { name: `n${at}`, body: "" })),
    );
    // The first goes alone and at once; the 640 that came meanwhile are ten commits.
    assert.equal(commits, 11);
  });

  it("commits as hard as the strictest of those who share the commit", async () => {
    const store = await open(await aFolder());
    assert.equal(await store.call(readSynchronous, null), NORMAL);
    const [, soft] = await Promise.all([
      store.call(putSetting, { name: "alone", body: "" }),
      store.call(readSynchronous, null),
      store.call(putSetting, { name: "strict", body: "" }),
    ]);
    assert.equal(soft, FULL);
    assert.equal(await store.call(readSynchronous, null), NORMAL);
  });

  it("reads while nothing is written, and sees each acknowledged write", async () => {
    const store = await open(await aFolder());
    for (let at = 0; at < 50; at += 1) {
      await store.call(putSettingSoftly, { name: `n${at}`, body: "" });
      assert.equal((await store.db.selectFrom("settings").select("name").execute()).length, at + 1);
    }
  });

  it("fails only the call whose input cannot cross to the thread", async () => {
    const store = await open(await aFolder());
    const settled = await Promise.allSettled([
      store.call(putSetting, { name: "first", body: "" }),
      store.call(putSetting, { name: "good", body: "" }),
      store.call(takeAnything, { thing: () => {} }),
    ]);
    assert.deepEqual(
      settled.map(({ status }) => status),
      ["fulfilled", "fulfilled", "rejected"],
    );
  });

  it("names a damaged file and the remedy", async () => {
    const folder = await aFolder();
    const store = await open(folder);
    await store.call(putSetting, { name: "a", body: "" });
    await store.close();
    const file = join(folder, "sluice.sqlite");
    const good = await readFile(file);
    const noHeader = Buffer.concat([Buffer.alloc(4096, 0x55), good.subarray(4096)]);
    const badPages = Buffer.concat([good.subarray(0, 4096), Buffer.alloc(good.length - 4096, 0x55)]);
    for (const bytes of [noHeader, badPages]) {
      await writeFile(file, bytes);
      await assert.rejects(open(folder), (error) => {
        assert.ok(error instanceof StoreError);
        assert.equal(error.code, "corrupt");
        assert.ok(error.message.includes(file));
        assert.match(error.message, /sluice restore/);
        return true;
      });
    }
    await writeFile(file, good);
    await (await open(folder)).close();
  });

  it("can be copied while it is open, to a file that is new", async () => {
    const folder = await aFolder();
    const store = await open(folder);
    await store.call(putSetting, { name: "a", body: "" });
    const copy = await aFolder();
    await copyDatabase(store, join(copy, "sluice.sqlite"));
    await store.call(putSetting, { name: "later", body: "" });
    await assert.rejects(copyDatabase(store, join(copy, "sluice.sqlite")), /exists already/);
    const restored = await open(copy);
    assert.deepEqual(await restored.db.selectFrom("settings").select("name").execute(), [{ name: "a" }]);
  });

  it("rejects what was under way and everything later when it is closed twice or used after", async () => {
    const store = await open(await aFolder());
    await Promise.all([store.close(), store.close()]);
    await assert.rejects(store.db.selectFrom("settings").selectAll().execute(), (error) =>
      isStoreError(error, "closed"),
    );
  });
});
