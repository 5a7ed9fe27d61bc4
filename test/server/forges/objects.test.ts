import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { ForgeError } from "../../../server/forges/errors.ts";
import { openObjects } from "../../../server/forges/git/objects.ts";
import type { GitObjects } from "../../../server/forges/git/objects.ts";
import { commitOf, entryIn } from "../../../server/forges/git/read-objects.ts";
import { temporaryFolder } from "../../support/services/folder.ts";
import { GIT_ENV } from "../../support/services/git.ts";

const NEVER = new AbortController().signal;
const LARGE_BYTES = 17 * 1024 * 1024;

describe("the objects of a repository", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let gitDir: string;
  let objects: GitObjects;

  before(async () => {
    folder = await temporaryFolder("objects");
    gitDir = join(folder.path, "a.git");
    git("", "init", "--quiet", "--bare", gitDir);
    objects = openObjects({ gitDir, home: folder.path });
  });
  after(async () => {
    objects.close();
    await folder.remove();
  });

  function git(input: string | Buffer, ...args: string[]): string {
    return execFileSync("git", args, { cwd: folder.path, env: GIT_ENV, input }).toString().trim();
  }

  function blob(content: string | Buffer): string {
    return git(content, `--git-dir=${gitDir}`, "hash-object", "-w", "--stdin");
  }

  it("are read as they are, also those that came after the first reading", async () => {
    const first = blob("one\n");
    assert.equal((await objects.read(first, NEVER))?.content?.toString(), "one\n");
    const second = blob("");
    const read = await objects.read(second, NEVER);
    assert.deepEqual([read?.type, read?.sizeBytes, read?.content?.toString()], ["blob", 0, ""]);
  });

  it("are null when they are not there", async () => {
    assert.equal(await objects.read("1".repeat(40), NEVER), null);
    assert.equal(await objects.read(`${"1".repeat(40)}^{tree}`, NEVER), null);
  });

  it("are answered in the order they were asked for", async () => {
    const ids = Array.from({ length: 40 }, (_, at) => blob(`${at}\n`.repeat(at * 500)));
    const read = await Promise.all(ids.map((id) => objects.read(id, NEVER)));
    assert.deepEqual(
      read.map((object) => object?.id),
      ids,
    );
  });

  it("are told by their size alone when they are too large, and the next one is read as ever", async () => {
    const large = await objects.read(blob(Buffer.alloc(LARGE_BYTES)), NEVER);
    assert.deepEqual([large?.sizeBytes, large?.content], [LARGE_BYTES, null]);
    assert.equal((await objects.read(blob("small"), NEVER))?.content?.toString(), "small");
  });

  it("are read again after the reader was closed, and not for somebody who has given up", async () => {
    const id = blob("again");
    objects.close();
    assert.equal((await objects.read(id, NEVER))?.content?.toString(), "again");
    await assert.rejects(objects.read(id, AbortSignal.abort()), ForgeError);
  });

  it("are out of reach when there is no repository", async () => {
    const nowhere = openObjects({ gitDir: join(folder.path, "none.git"), home: folder.path });
    await assert.rejects(
      nowhere.read("1".repeat(40), NEVER),
      (error) => error instanceof ForgeError && error.code === "away",
    );
  });

  it("of a tree name files by their modes, whatever is in a name", async () => {
    const id = blob("x");
    const lines = [`100644 blob ${id}\ta b\u00fc`, `120000 blob ${id}\tlink`, `100755 blob ${id}\trun`];
    const tree = git(`${lines.join("\n")}\n`, `--git-dir=${gitDir}`, "mktree");
    const read = await objects.read(tree, NEVER);
    assert.ok(read !== null);
    assert.deepEqual(entryIn(read, "a b\u00fc"), { mode: "100644", id });
    assert.deepEqual(entryIn(read, "link"), { mode: "120000", id });
    assert.deepEqual(entryIn(read, "run"), { mode: "100755", id });
    assert.equal(entryIn(read, "ru"), null);
  });

  it("of a commit are read in the encoding it names", async () => {
    const tree = git("", `--git-dir=${gitDir}`, "mktree");
    const text = `tree ${tree}\nauthor M\u00fcller <m@example.test> 1700000000 +0100\ncommitter C <c@example.test> 1700000001 +0100\nencoding ISO-8859-1\n\nGr\u00fc\u00dfe\n\nlong\n`;
    const bytes = Buffer.from(text, "latin1");
    const id = git(bytes, `--git-dir=${gitDir}`, "hash-object", "-t", "commit", "-w", "--stdin");
    const read = await objects.read(`${id}^{commit}`, NEVER);
    assert.ok(read !== null);
    assert.deepEqual(commitOf(read), {
      sha: id,
      author: "M\u00fcller",
      authorMail: "m@example.test",
      atMs: 1_700_000_001_000,
      title: "Gr\u00fc\u00dfe",
      message: "Gr\u00fc\u00dfe\n\nlong",
    });
  });
});
