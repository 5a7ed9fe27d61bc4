import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "mocha";
import type { CheckoutCommand, Scm } from "../../runners/protocol.ts";
import { checkout } from "../../runners/workspace/checkout.ts";
import { Mirrors } from "../../runners/workspace/mirrors.ts";
import { Slots } from "../../runners/workspace/slots.ts";
import type { Slot } from "../../runners/workspace/slots.ts";
import { tidyWorkspaces } from "../../runners/workspace/upkeep.ts";
import { temporaryFolder } from "../support/services/folder.ts";
import { cloneForTests, git, startGitServer } from "../support/services/git.ts";
import type { GitServer, WorkingCopy } from "../support/services/git.ts";

const DAY_MS = 86_400_000;
const WISH = { project: "acme/web", trust: "trusted", workspace: null, ref: "refs/heads/main" };

describe("looking after a runner's workspaces and mirrors", function () {
  this.timeout(120_000);
  let forge: GitServer;
  let copy: WorkingCopy;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let mirrors: Mirrors;
  let slots: Slots;
  let url: string;
  const complaints: string[] = [];
  const never = new AbortController().signal;

  before(async () => {
    forge = await startGitServer();
    url = await forge.createRepository("acme/web");
    copy = await cloneForTests(url);
    folder = await temporaryFolder("runner");
    mirrors = new Mirrors(path.join(folder.path, "mirrors"));
    slots = new Slots(path.join(folder.path, "slots"));
  });
  after(async () => {
    await copy.remove();
    await forge.stop();
    await folder.remove();
  });

  const tidy = (nowMs: number): Promise<void> => {
    const say = (fields: object, text: string): void =>
      void complaints.push(`${text} ${JSON.stringify(fields)}`);
    const log = { debug: say, info: say, warn: say, error: say };
    return tidyWorkspaces({ mirrors, slots, log }, nowMs, never);
  };
  const mirrorFolders = (): Promise<string[]> => readdir(path.join(folder.path, "mirrors"));

  async function pushed(name: string): Promise<string> {
    const sha = await copy.commit(name, { "README.md": `${name}\n`, [name]: name });
    await copy.push("+HEAD:refs/heads/main");
    return sha;
  }

  async function checkedOut(slot: Slot, sha: string): Promise<void> {
    const scm: Scm = {
      url,
      sha,
      ref: "refs/heads/main",
      credential: null,
      mirrorPath: null,
      insecureHttp: true,
    };
    const command: CheckoutCommand = {
      id: `c${sha}`,
      seq: 1,
      session: "s",
      fence: 1,
      type: "checkout",
      dir: ".",
      scm,
      depth: null,
      submodules: false,
      lfs: false,
    };
    const mounted = await mirrors.place(WISH.project, scm, never);
    await checkout({
      command,
      project: WISH.project,
      untrusted: false,
      slot,
      mirrors,
      mounted,
      login: null,
      say: () => undefined,
      signal: never,
    });
  }

  it("packs mirrors and keeps what a workspace has checked out, however long ago", async () => {
    const held = await slots.take(WISH);
    const free = await slots.take(WISH);
    const first = await pushed("first");
    await checkedOut(held, first);
    for (const name of ["second", "third"]) await checkedOut(free, await pushed(name));
    const last = await pushed("fourth");
    await checkedOut(free, last);
    await slots.giveBack(free, WISH.ref, true);

    await tidy(Date.now() + 8 * DAY_MS);
    const [name = ""] = await mirrorFolders();
    const mirror = path.join(folder.path, "mirrors", name);
    const packs = (await readdir(path.join(mirror, "objects/pack"))).filter((one) => one.endsWith(".pack"));
    assert.equal(packs.length, 1);
    for (const sha of [first, last]) await git(mirror, ["cat-file", "-e", sha]);
    assert.equal(await readFile(path.join(held.src, "README.md"), "utf8"), "first\n");
    await git(mirror, ["fsck", "--strict"]);

    // Much later: the workspace that nobody has goes, the one that a session has stays, and so does its mirror.
    await pushed("fifth");
    await tidy(Date.now() + 60 * DAY_MS);
    assert.ok(!existsSync(free.folder));
    assert.ok(existsSync(held.folder));
    await git(mirror, ["cat-file", "-e", first]);
    assert.deepEqual(await mirrorFolders(), [name]);
    await checkedOut(held, await pushed("sixth"));
    assert.equal(await readFile(path.join(held.src, "README.md"), "utf8"), "sixth\n");
    await slots.giveBack(held, WISH.ref, true);
  });

  it("removes a mirror that no workspace reads and nothing used for a month, and half made and half removed ones", async () => {
    const half = path.join(folder.path, "mirrors", "ab.git.gone");
    await mkdir(half, { recursive: true });
    await writeFile(path.join(half, "HEAD"), "");
    await mkdir(path.join(folder.path, "mirrors", "cd.git.new"));
    await tidy(Date.now() + 200 * DAY_MS);
    assert.deepEqual(await readdir(path.join(folder.path, "slots")), []);
    assert.deepEqual(await mirrorFolders(), []);
    // It is fetched again where a build comes after all.
    const slot = await slots.take(WISH);
    await checkedOut(slot, await pushed("seventh"));
    assert.equal(await readFile(path.join(slot.src, "README.md"), "utf8"), "seventh\n");
    await slots.giveBack(slot, WISH.ref, true);
  });

  it("goes on past a mirror that is broken, and says so", async () => {
    const broken = path.join(folder.path, "mirrors", "00.git");
    const objects = path.join(broken, "objects", "aa");
    await mkdir(objects, { recursive: true });
    await writeFile(path.join(broken, "HEAD"), "no repository");
    for (const name of ["1", "2"]) await writeFile(path.join(objects, name), "");
    const old = new Date(Date.now() - DAY_MS);
    await utimes(path.join(broken, "HEAD"), old, old);
    await tidy(Date.now() + 8 * DAY_MS);
    assert.equal(complaints.length, 1, complaints.join("\n"));
    assert.match(complaints[0] ?? "", /could not be packed .*00\.git/u);
    const [good = ""] = (await mirrorFolders()).filter((name) => name !== "00.git");
    assert.ok(existsSync(path.join(folder.path, "mirrors", good, "sluice-packed")));
  });
});
