import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, it } from "mocha";
import { verifyAudit } from "../../../server/audit/chain.ts";
import { SERVER_PROCEDURES } from "../../../server/procedures.ts";
import { createSecrets } from "../../../server/secrets/secrets.ts";
import { openVault } from "../../../server/secrets/vault.ts";
import { systemClock } from "../../../server/store/clock.ts";
import { findViolations } from "../../../server/store/invariants.ts";
import { MIGRATIONS } from "../../../server/store/migrate.ts";
import { sqliteFacts } from "../../../server/store/store-facts.ts";
import { openStore } from "../../../server/store/store.ts";
import { temporaryFolder } from "../../support/services/folder.ts";

const STORES = join(import.meta.dirname, "../../stores");
const newest = MIGRATIONS.at(-1)?.version ?? 0;

describe("a store of an earlier release", function () {
  this.timeout(60_000);
  const endings: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).toReversed()) await end();
  });
  const kept = readdirSync(STORES).toSorted();

  it("is kept for every schema", () => {
    const wanted = MIGRATIONS.map(({ version }) => String(version).padStart(4, "0"));
    assert.deepEqual(kept, wanted, "scripts/make-store.ts writes the one of this release");
  });

  for (const name of kept)
    it(`of schema ${name} opens, comes up to date, and shows its rows and secrets`, async () => {
      const folder = await temporaryFolder("upgrade");
      endings.push(() => folder.remove());
      await cp(join(STORES, name), folder.path, { recursive: true });
      const before = sqliteFacts(join(folder.path, "sluice.sqlite"));
      assert.equal(before.schema, Number(name));
      const store = await openStore({
        dataFolder: folder.path,
        clock: systemClock,
        procedures: SERVER_PROCEDURES,
      });
      endings.push(() => store.close());
      const after = sqliteFacts(join(folder.path, "sluice.sqlite"));
      assert.deepEqual(after, { ...before, schema: newest });
      const vault = await openVault({ store, keyFile: join(folder.path, "secret.key") });
      const secrets = createSecrets({ store, vault });
      assert.deepEqual((await secrets.resolveSecret("shop", "token"))?.value, {
        type: "string",
        text: "kept well",
      });
      const project = await store.db.selectFrom("projects").selectAll().executeTakeFirstOrThrow();
      assert.equal(vault.unseal(project.hookSecret, "hook|shop"), "hush");
      const builds = await store.db.selectFrom("builds").selectAll().orderBy("number").execute();
      assert.deepEqual(
        builds.map(({ number, state, reasonText }) => [number, state, reasonText]),
        [
          [1, "succeeded", null],
          [2, "failed", "sh gave 1"],
          [3, "waiting", null],
        ],
      );
      for (const { dataKey } of builds) assert.ok(vault.openDataKey(dataKey));
      const [gate] = await store.db.selectFrom("gates").selectAll().execute();
      assert.deepEqual([gate?.state, gate?.message], ["open", "Go on?"]);
      const [live] = await store.db.selectFrom("live").selectAll().execute();
      assert.equal(live?.digest, "sha256:1");
      const audit = await verifyAudit(store);
      assert.deepEqual([audit.ok, audit.ok && audit.rows], [true, 2]);
      assert.deepEqual(await findViolations(store), []);
    });
});
