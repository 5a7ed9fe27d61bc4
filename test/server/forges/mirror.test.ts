import assert from "node:assert/strict";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { ForgeError } from "../../../server/forges/errors.ts";
import { createMirror } from "../../../server/forges/git/mirror.ts";
import type { Mirror } from "../../../server/forges/git/mirror.ts";
import { checkRemote } from "../../../server/forges/git/run.ts";
import { smallDisk } from "../../support/services/small-disk.ts";
import { temporaryFolder } from "../../support/services/folder.ts";
import { startRepository } from "../../support/server/repository.ts";

describe("the mirror of a repository", () => {
  let repository: Awaited<ReturnType<typeof startRepository>>;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let mirror: Mirror;
  let first: string;
  let second: string;

  before(async () => {
    repository = await startRepository();
    folder = await temporaryFolder("mirror");
    const { url, credentials } = repository;
    mirror = createMirror({
      folder: folder.path,
      remote: async () => ({ url, credentials, insecureHttp: true }),
    });
    first = await repository.commit("Jenkinsfile", "pipeline { }\n", "First\n\nlong text");
    second = await repository.commit("ci/Jenkinsfile", "// second\n", "Second");
    symlinkSync("/etc/passwd", join(repository.work, "link"));
    await repository.commit("other", "x", "Third");
    await repository.git("tag", "--annotate", "v1", "--message", "one", second);
    await repository.git("push", "--quiet", "origin", "main", "v1");
  });
  after(async () => {
    await repository.stop();
    await folder.remove();
  });

  it("lists branches and tags, an annotated tag with its commit", async () => {
    const refs = await mirror.remoteRefs();
    assert.deepEqual([...refs.keys()].toSorted(), ["refs/heads/main", "refs/tags/v1"]);
    assert.equal(refs.get("refs/tags/v1")?.commit, second);
    assert.notEqual(refs.get("refs/tags/v1")?.sha, second);
  });

  it("reads a file at an older commit, fetched by its id", async () => {
    await mirror.fetchCommit(second, "refs/heads/main");
    assert.deepEqual(await mirror.readFile(second, "ci/Jenkinsfile"), { kind: "file", text: "// second\n" });
    await mirror.fetchCommit(first, null);
    assert.deepEqual(await mirror.readFile(first, "ci/Jenkinsfile"), { kind: "missing" });
  });

  it("is made when there is room again, wherever the disk ran full", async function () {
    this.timeout(60_000);
    const disk = await smallDisk(1024 * 1024);
    try {
      let failed = 0;
      for (let roomKib = 0; roomKib < 120; roomKib += 4) {
        const { url, credentials } = repository;
        const remote = async () => ({ url, credentials, insecureHttp: true });
        const one = createMirror({ folder: join(disk.path, `${roomKib}`), remote });
        await disk.fill(roomKib * 1024).catch(() => {});
        const isMade = await one.fetchCommit(second, "refs/heads/main").then(
          () => true,
          () => false,
        );
        if (!isMade) failed += 1;
        await disk.empty();
        await one.fetchCommit(second, "refs/heads/main");
        assert.equal((await one.readFile(second, "ci/Jenkinsfile")).kind, "file", `${roomKib} KiB`);
        await one.remove();
      }
      assert.ok(failed > 15, `${failed} times`);
    } finally {
      await disk.remove();
    }
  });

  it("finds the commit of a tag", async () => assert.equal(await mirror.fetchRef("refs/tags/v1"), second));

  it("tells a commit's author and message, and what lies between two", async () => {
    const info = await mirror.commitInfo(first);
    assert.deepEqual(
      [info.title, info.author, info.authorMail],
      ["First", "Ada Example", "ada@example.test"],
    );
    assert.equal(info.message, "First\n\nlong text");
    assert.deepEqual(
      (await mirror.commitsBetween(first, second)).map((commit) => commit.title),
      ["Second"],
    );
  });

  it("refuses links, folders and paths that lead outside", async () => {
    const head = await repository.git("rev-parse", "HEAD");
    await mirror.fetchCommit(head, null);
    for (const path of ["link", "ci", "../x", "/etc/passwd", "-x"]) {
      assert.equal((await mirror.readFile(head, path)).kind, "refused", path);
    }
    assert.equal((await mirror.readFile(head, ":(glob)*")).kind, "missing");
  });

  it("goes on after a git that was killed in the middle of a fetch", async () => {
    writeFileSync(join(folder.path, "mirror.git", "shallow.lock"), "");
    const next = await repository.commit("next", "x", "Fourth");
    await repository.git("push", "--quiet", "origin", "main");
    await mirror.fetchCommit(next, "refs/heads/main");
    assert.equal((await mirror.commitInfo(next)).title, "Fourth");
  });

  it("says what is missing, and never a password", async () => {
    await assert.rejects(
      async () => await mirror.fetchCommit("f".repeat(40), null),
      (error) => error instanceof ForgeError && error.code === "not_found",
    );
    await assert.rejects(
      async () => await mirror.fetchRef("refs/heads/none"),
      (error) => error instanceof ForgeError && error.code === "not_found",
    );
    const wrong = createMirror({
      folder: join(folder.path, "wrong"),
      remote: async () => ({
        url: repository.url,
        credentials: { username: "x", password: "hush-hush" },
        insecureHttp: true,
      }),
    });
    await assert.rejects(
      async () => await wrong.remoteRefs(),
      (error) =>
        error instanceof ForgeError && error.code === "unauthorised" && !error.message.includes("hush"),
    );
  });

  for (const url of [
    "--upload-pack=touch x",
    "ext::sh -c x",
    "file:///etc",
    "/etc",
    "git://host/x",
    "http://host/x",
    "https://u:p@host/x",
    "https://host/-x/y",
  ]) {
    it(`does not give git the address ${url}`, () => {
      assert.throws(
        () => checkRemote({ url, credentials: null, insecureHttp: false }),
        (error) => error instanceof ForgeError && error.code === "bad_address",
      );
    });
  }
});
