import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { isDue } from "../../../runners/mirror-upkeep.ts";
import { createMirror, type Mirror } from "../../../server/forges/git/mirror.ts";
import { startRepository } from "../../support/server/repository.ts";
import { temporaryFolder } from "../../support/services/folder.ts";
import { git } from "../../support/services/git.ts";
import { until } from "../../support/services/until.ts";

const DAY_MS = 86_400_000;
const NOTHING = (): boolean => false;

describe("looking after a mirror", function () {
  this.timeout(180_000);
  let repository: Awaited<ReturnType<typeof startRepository>>;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let mirror: Mirror;

  before(async () => {
    repository = await startRepository();
    folder = await temporaryFolder("mirror");
    const { url, credentials } = repository;
    mirror = createMirror({
      folder: folder.path,
      remote: async () => ({ url, credentials, insecureHttp: true }),
    });
  });
  after(async () => {
    await repository.stop();
    await folder.remove();
  });

  async function pushed(path: string, text: string): Promise<string> {
    const sha = await repository.commit(path, text, path);
    await repository.git("push", "--quiet", "--force", "origin", "HEAD:refs/heads/main");
    await mirror.fetchCommit(sha, "refs/heads/main");
    return sha;
  }

  const packs = async (): Promise<string[]> =>
    (await readdir(join(mirror.path, "objects", "pack"))).filter((name) => name.endsWith(".pack"));
  const isHere = (sha: string): Promise<boolean> =>
    git(mirror.path, ["cat-file", "-e", sha]).then(
      () => true,
      () => false,
    );

  it("is due the sooner the more there is to pack, and never twice within an hour", () => {
    const hours = (count: number): number => count * 3_600_000;
    assert.ok(!isDue({ packs: 1, objects: 0 }, hours(24 * 400)));
    assert.ok(!isDue({ packs: 2, objects: 30 }, hours(24 * 6)));
    assert.ok(isDue({ packs: 2, objects: 30 }, hours(24 * 7)));
    assert.ok(isDue({ packs: 0, objects: 600 }, hours(24)));
    assert.ok(!isDue({ packs: 10, objects: 0 }, hours(23)));
    assert.ok(isDue({ packs: 60, objects: 0 }, hours(1)));
    assert.ok(!isDue({ packs: 900, objects: 90_000 }, hours(0.9)));
  });

  it("packs what was fetched and lets go of a commit that nothing needs; what a build needs stays", async () => {
    const base = await pushed("a", "1");
    const dropped = await pushed("b", "of no branch any more");
    await repository.git("reset", "--quiet", "--hard", base);
    const needed = await pushed("c", "of a build that is kept");
    await repository.git("reset", "--quiet", "--hard", base);
    const head = await pushed("d", "the head");
    await mirror.fetchRef("refs/heads/main");
    const nowMs = Date.now();

    // A week later all is young.
    assert.equal(await mirror.tidy(NOTHING, nowMs + 8 * DAY_MS), "packed");
    assert.equal((await packs()).length, 1);
    for (const sha of [base, dropped, needed, head]) assert.ok(await isHere(sha), sha);
    assert.equal(await mirror.tidy(NOTHING, nowMs + 8 * DAY_MS), "left");

    const later = await pushed("e", "comes later");
    const month = nowMs + 40 * DAY_MS;
    assert.equal(await mirror.tidy((sha) => [needed, head, later].includes(sha), month), "packed");
    assert.ok(!(await isHere(dropped)), "what no build needs is still here");
    for (const sha of [base, needed, head, later]) assert.ok(await isHere(sha), sha);
    assert.deepEqual(await mirror.readFile(needed, "c"), { kind: "file", text: "of a build that is kept" });
    assert.equal((await readdir(join(mirror.path, "refs", "sluice"))).includes(dropped), false);
    // A commit whose own ref went, but which a branch holds, is held anew before a build reads it.
    await mirror.fetchCommit(base, null);
    assert.ok(existsSync(join(mirror.path, "refs", "sluice", base)));
  });

  it("removes what a git that was killed has left, and goes on", async () => {
    const old = new Date(Date.now() - DAY_MS);
    const left = ["gc.pid", "shallow.lock", "objects/pack/.tmp-77-pack-12.pack", "objects/pack/tmp_pack_x"];
    for (const name of [...left, "refs/sluice/heads/x.lock"]) {
      await mkdir(join(mirror.path, name, ".."), { recursive: true });
      await writeFile(join(mirror.path, name), "");
      await utimes(join(mirror.path, name), old, old);
    }
    const young = join(mirror.path, "objects/pack/.tmp-78-pack-13.pack");
    await writeFile(young, "");
    await mirror.tidy(NOTHING, Date.now());
    for (const name of left) assert.ok(!existsSync(join(mirror.path, name)), name);
    assert.ok(existsSync(young), "somebody may be writing this one");
    const next = await pushed("f", "after the locks");
    assert.equal((await mirror.commitInfo(next)).title, "f");
  });

  it("may be killed while it packs: the mirror works, and the next time packs it", async () => {
    for (let at = 0; at < 150; at += 1)
      await writeFile(join(repository.work, `blob-${at}`), randomBytes(40_000));
    const large = await pushed("large", "x");
    const stop = new AbortController();
    const packing = mirror
      .tidy(() => true, Date.now() + 100 * DAY_MS, stop.signal)
      .then(
        (done) => done,
        () => "killed",
      );
    await until("git packs", async () => existsSync(join(mirror.path, "gc.pid")) || (await ended(packing)));
    stop.abort();
    await packing;
    await git(mirror.path, ["fsck", "--connectivity-only"]);
    assert.equal((await mirror.readFile(large, "large")).kind, "file");
    const next = await pushed("g", "after the kill");
    assert.equal((await mirror.commitInfo(next)).title, "g");
    assert.equal(await mirror.tidy(() => true, Date.now() + 108 * DAY_MS), "packed");
    assert.equal((await packs()).length, 1);
    await git(mirror.path, ["fsck", "--strict"]);
  });

  it("removes it whole, and it is made anew when it is needed", async () => {
    await mirror.remove();
    assert.ok(!existsSync(folder.path));
    const sha = await pushed("h", "again");
    assert.equal((await mirror.commitInfo(sha)).title, "h");
  });
});

async function ended(work: Promise<unknown>): Promise<boolean> {
  return await Promise.race([work.then(() => true), Promise.resolve(false)]);
}
