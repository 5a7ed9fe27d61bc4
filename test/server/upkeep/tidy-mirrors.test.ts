import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, it } from "mocha";
import { SluiceFile } from "../../../server/config-schema.ts";
import { createForges } from "../../../server/forges/forges.ts";
import { tidyMirrors } from "../../../server/upkeep/tidy-mirrors.ts";
import { startRepository } from "../../support/server/repository.ts";
import { git } from "../../support/services/git.ts";
import { createStops } from "../../support/stops.ts";
import { startWorld } from "../builds/support/world.ts";

const DAY_MS = 86_400_000;
const never = new AbortController().signal;

describe("the mirrors of a server", function () {
  this.timeout(180_000);
  const stops = createStops();
  afterEach(() => stops.all());

  it("keep the commits of builds, and go a month after the last use when their project or library is gone", async () => {
    const repository = await startRepository();
    stops.add(() => repository.stop());
    const world = await startWorld();
    stops.add(() => world.stop());
    const { db } = world.base;
    const { forges: config } = SluiceFile.parse({
      forges: { here: { type: "git", url: repository.server.url, insecureHttp: true, secret: "login" } },
    });
    const folder = join(world.folder, "mirrors");
    const forges = createForges({
      forges: config,
      folder,
      secrets: {
        resolveSecret: async () => ({
          secretId: 1,
          version: 1,
          type: "usernamePassword",
          place: { scope: "server", scopeId: "" },
          value: { type: "usernamePassword", ...repository.credentials },
        }),
      },
    });
    await db.updateTable("projects").set({ forge: "here", cloneUrl: repository.url }).execute();
    const project = (key: string) =>
      db.selectFrom("projects").selectAll().where("key", "=", key).executeTakeFirstOrThrow();
    const [shop, mill] = [await project("shop"), await project("mill")];
    const library = { id: -7, key: "", forge: "here", cloneUrl: repository.url };

    const commits: string[] = [];
    const pushed = async (name: string): Promise<string> => {
      const sha = await repository.commit(name, name, name);
      await repository.git("push", "--quiet", "--force", "origin", "HEAD:refs/heads/main");
      for (const one of [shop, mill, library]) await forges.mirrorOf(one).fetchCommit(sha, "refs/heads/main");
      commits.push(sha);
      return sha;
    };
    const base = await pushed("a");
    const built = await pushed("of a build that is kept");
    await repository.git("reset", "--quiet", "--hard", base);
    const forgotten = await pushed("of none");
    await repository.git("reset", "--quiet", "--hard", base);
    const head = await pushed("b");
    for (const key of ["shop", "mill"]) {
      const id = await world.build("echo 'a'\n", key);
      await db.updateTable("builds").set({ sha: built }).where("id", "=", id).execute();
    }

    const said: string[] = [];
    const tell = (fields: Readonly<Record<string, unknown>>, text: string): void =>
      void said.push(`${text} ${JSON.stringify(fields)}`);
    const look = async (days: number): Promise<string[]> => {
      const nowMs = () => Date.now() + days * DAY_MS;
      await tidyMirrors(
        { store: world.base, mirrors: forges.mirrors, nowMs, log: { info: tell, warn: tell } },
        never,
      );
      return await readdir(folder);
    };
    const has = (of: typeof shop, sha: string): Promise<boolean> =>
      git(forges.mirrorOf(of).path, ["cat-file", "-e", sha]).then(
        () => true,
        () => false,
      );

    // Mill has left sluice.yml, but a build of it is still to end.
    await db.updateTable("projects").set({ archivedAtMs: 1 }).where("key", "=", "mill").execute();
    assert.equal((await look(8)).length, 3);
    assert.equal(said.filter((line) => line.startsWith("a mirror was packed")).length, 3, said.join("\n"));
    for (const sha of [base, built, forgotten, head]) assert.ok(await has(shop, sha));

    await pushed("c");
    assert.equal((await look(50)).length, 2, "the library's mirror is still there");
    assert.ok(await has(shop, built), "a build's commit went");
    assert.ok(await has(mill, built), "a commit of an unfinished build went");
    assert.ok(!(await has(shop, forgotten)), "a commit that nothing needs is still there");

    await db.updateTable("builds").set({ endedAtMs: 1, state: "succeeded" }).execute();
    assert.equal((await look(100)).length, 1);
    assert.ok(await has(shop, built));
    assert.deepEqual(
      said.filter((line) => line.includes("could not")),
      [],
    );
  });
});
