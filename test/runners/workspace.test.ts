import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "mocha";
import { GIT_ENV, cloneForTests, startGitServer } from "../support/services/git.ts";
import type { GitServer, WorkingCopy } from "../support/services/git.ts";
import { runToEnd } from "../support/services/process.ts";
import type { CheckoutValue, FileOperation, FileValue, Globs, Outcome, Scm } from "../../runners/protocol.ts";
import { TestSession, expectOk, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

const ALL: Globs = { include: ["**"], exclude: [], defaultExcludes: true };

describe("a workspace", function () {
  this.timeout(180_000);
  let world: World;
  let forge: GitServer;
  let copy: WorkingCopy;
  let url: string;
  let first: string;
  let second: string;

  before(async () => {
    forge = await startGitServer({ credentials: { username: "ci", password: "git-pass-word" } });
    url = await forge.createRepository("acme/web");
    copy = await cloneForTests(url.replace("http://", "http://ci:git-pass-word@"));
    first = await copy.commit("first", {
      "README.md": "one\n",
      "src/main.txt": "main\n",
      ".gitignore": "out/\n",
    });
    second = await copy.commit("second", { "README.md": "two\n", "src/main.txt": null });
    await copy.push("HEAD:refs/heads/main");
    world = await startWorld();
    world.server.secrets.set("git-user", { value: "ci", mask: false });
    world.server.secrets.set("git-pass", { value: "git-pass-word", mask: true });
  });
  after(async () => {
    await world.stop();
    await copy.remove();
    await forge.stop();
  });

  function scmAt(sha: string, more: Partial<Scm> = {}): Scm {
    const credential = { kind: "basic", username: "git-user", password: "git-pass" } as const;
    return { url, sha, ref: "refs/heads/main", credential, mirrorPath: null, insecureHttp: true, ...more };
  }

  async function checkout(
    session: TestSession,
    scm: Scm,
    more: { dir?: string; depth?: number } = {},
  ): Promise<Outcome> {
    return session.run({
      id: session.command(),
      type: "checkout",
      dir: more.dir ?? ".",
      scm,
      depth: more.depth ?? null,
      submodules: false,
      lfs: false,
    });
  }

  function checkedOut(outcome: Outcome): CheckoutValue {
    const result = expectOk(outcome);
    assert.ok(result.of === "checkout");
    return result.value;
  }

  async function file(session: TestSession, operation: FileOperation, cwd = "/sluice/src"): Promise<Outcome> {
    return session.run({ id: session.command(), type: "file", cwd, operation });
  }

  function fileValue(outcome: Outcome): FileValue {
    const result = expectOk(outcome);
    assert.ok(result.of === "file");
    return result.value;
  }

  it("is filled with a commit while its container starts", async () => {
    const session = new TestSession(world);
    const opening = session.open({ project: "web", scm: scmAt(first) });
    const id = session.command();
    session.send({
      id,
      type: "checkout",
      dir: ".",
      scm: scmAt(first),
      depth: null,
      submodules: false,
      lfs: false,
    });
    const entering = session.container();
    for (const one of [opening, entering]) expectOk(await world.server.outcome(one));
    const value = checkedOut(await world.server.outcome(id));
    assert.equal(value.commit, first);
    assert.equal(value.message, "first");
    assert.equal(value.env["GIT_BRANCH"], "origin/main");
    assert.match(world.server.log(id), /Checked out/);
    assert.equal(
      (await session.sh("#!/bin/sh\ncat README.md src/main.txt; cat .git/HEAD\n")).log,
      `one\nmain\n${first}\n`,
    );
    await session.close();
  });

  it("is reset to the next commit, and what a build left is gone, hooks too", async () => {
    const session = new TestSession(world);
    await session.begin({ project: "web", scm: scmAt(second) });
    checkedOut(await checkout(session, scmAt(second)));
    await session.sh(
      "#!/bin/sh\nmkdir -p out .git/hooks sub/.git; echo junk >out/x; echo junk >y; echo junk >sub/z; echo '#!/bin/sh' >.git/hooks/post-checkout; printf '[core]\\n\\tfsmonitor = /bin/false\\n' >>.git/config; echo changed >README.md\n",
    );
    await session.close();
    const next = new TestSession(world);
    await next.begin({ project: "web", scm: scmAt(second) });
    checkedOut(await checkout(next, scmAt(second)));
    const left = await next.sh(
      "#!/bin/sh\ncat README.md; find . -path ./.git -prune -o -type f -print | sort; ls .git/hooks 2>/dev/null; grep -c fsmonitor .git/config\n",
    );
    assert.equal(left.log, "two\n./.gitignore\n./README.md\n0\n");
    await next.close();
  });

  it("has a .git that git can read with the mirror, and holds no credential", async () => {
    const session = new TestSession(world);
    await session.begin({ project: "web", scm: scmAt(second) });
    checkedOut(await checkout(session, scmAt(second)));
    const slots = path.join(world.dataFolder, "slots");
    const grep = await session.sh(
      "#!/bin/sh\ngrep -r git-pass .git && echo found || echo clean; ls /sluice/mirror/HEAD; touch /sluice/mirror/x 2>&1 | grep -o Read-only\n",
    );
    assert.equal(grep.log, "clean\n/sluice/mirror/HEAD\nRead-only\n");
    const mirrors = path.join(world.dataFolder, "mirrors");
    const [mirror = ""] = await readdir(mirrors);
    const src = await findSource(slots, second);
    const env = { ...GIT_ENV, GIT_ALTERNATE_OBJECT_DIRECTORIES: path.join(mirrors, mirror, "objects") };
    const inside = async (...args: string[]): Promise<string> =>
      runToEnd("git", ["-c", "safe.directory=*", ...args], { cwd: src, env });
    assert.equal(await inside("log", "-1", "--format=%s"), "second\n");
    assert.equal(await inside("status", "--porcelain"), "");
    await session.close();
  });

  it("of an untrusted build has its own objects and no mirror", async () => {
    const session = new TestSession(world);
    await session.begin({ project: "web", trust: "untrusted", profile: "untrusted", scm: scmAt(second) });
    checkedOut(await checkout(session, scmAt(second)));
    const step = await session.sh(
      "#!/bin/sh\nls /sluice; ls .git/objects/info/alternates 2>&1 | grep -c 'No such'; cat README.md; echo x >mine && stat -c %u mine README.md\n",
    );
    assert.equal(step.log, "home\nsrc\ntmp\n1\ntwo\n10001\n10001\n");
    await session.close();
  });

  it("takes another repository into a folder, and refuses other places", async () => {
    const session = new TestSession(world);
    await session.begin({ project: "web", scm: scmAt(second) });
    checkedOut(await checkout(session, scmAt(second)));
    checkedOut(await checkout(session, scmAt(first), { dir: "deps/lib" }));
    assert.equal(
      (
        await session.sh(
          "#!/bin/sh\ncat README.md deps/lib/README.md; git --version >/dev/null 2>&1; cat deps/lib/.git/HEAD\n",
        )
      ).log,
      `two\none\n${first}\n`,
    );
    const out = await checkout(session, scmAt(first), { dir: "../x" });
    assert.ok(!out.ok && out.failure.code === "path_refused");
    await session.sh("ln -s /etc link\n");
    const link = await checkout(session, scmAt(first), { dir: "link/x" });
    assert.ok(!link.ok && link.failure.code === "path_refused");
    await session.close();
  });

  it("is not filled from what does not exist or is not allowed, in git's words", async () => {
    const session = new TestSession(world);
    await session.begin({ project: "web", scm: scmAt(second) });
    const missing = await checkout(session, scmAt("0123456789".repeat(4)));
    assert.ok(!missing.ok && missing.failure.code === "checkout_failed", JSON.stringify(missing));
    const file = await checkout(session, scmAt(first, { url: "file:///etc" }));
    assert.ok(!file.ok && file.failure.code === "refused");
    const plain = await checkout(session, scmAt("1".repeat(40), { insecureHttp: false }));
    assert.ok(!plain.ok && plain.failure.code === "refused");
    const option = await checkout(session, scmAt("2".repeat(40), { ref: "--upload-pack=x" }));
    assert.ok(!option.ok && option.failure.code === "refused");
    world.server.secrets.set("bad", { value: "wrong-password", mask: true });
    const credential = { kind: "basic", username: "git-user", password: "bad" } as const;
    const denied = await checkout(session, scmAt("3".repeat(40), { credential }));
    assert.ok(!denied.ok && denied.failure.code === "checkout_failed");
    assert.doesNotMatch(JSON.stringify(denied), /wrong-password/);
    await session.close();
  });

  it("is read and written by file steps, never outside and never through a link", async () => {
    const session = new TestSession(world);
    await session.begin({ project: "files" });
    const text = "line\nключ\n";
    fileValue(
      await file(session, { op: "write", path: "a/b/c.txt", data: { kind: "text", text }, append: false }),
    );
    fileValue(
      await file(session, {
        op: "write",
        path: "a/b/c.txt",
        data: { kind: "text", text: "more" },
        append: true,
      }),
    );
    assert.deepEqual(
      fileValue(await file(session, { op: "read", path: "c.txt", as: "text" }, "/sluice/src/a/b")),
      {
        kind: "data",
        data: { kind: "text", text: `${text}more` },
      },
    );
    assert.deepEqual(fileValue(await file(session, { op: "exists", path: "a/b" })), {
      kind: "done",
      done: true,
    });
    assert.deepEqual(fileValue(await file(session, { op: "exists", path: "a/none" })), {
      kind: "done",
      done: false,
    });
    fileValue(await file(session, { op: "touch", path: "/sluice/tmp/t", atMs: null }));
    const found = fileValue(await file(session, { op: "find", globs: { ...ALL, include: ["**/*.txt"] } }));
    assert.ok(found.kind === "files");
    assert.deepEqual(
      found.files.map((one) => one.path),
      ["a/b/c.txt"],
    );
    await session.sh("#!/bin/sh\nln -s /etc/passwd link; ln -s /etc dir; mkfifo pipe\n");
    for (const [name, code] of [
      ["link", "path_refused"],
      ["dir/passwd", "path_refused"],
      ["pipe", "path_refused"],
      ["/etc/passwd", "path_refused"],
      ["../../../etc/passwd", "path_refused"],
      ["none", "file_missing"],
    ] as const) {
      const outcome = await file(session, { op: "read", path: name, as: "text" });
      assert.ok(!outcome.ok, name);
      assert.equal(outcome.failure.code, code, name);
    }
    const through = await file(session, {
      op: "write",
      path: "link",
      data: { kind: "text", text: "x" },
      append: false,
    });
    assert.ok(!through.ok);
    fileValue(await file(session, { op: "delete", path: "." }));
    assert.equal((await session.sh("#!/bin/sh\nls -A | wc -l\n")).log.trim(), "0");
    await session.close();
  });

  it("gives test reports with their text", async () => {
    const session = new TestSession(world);
    await session.begin({ project: "reports" });
    await session.sh(
      "#!/bin/sh\nmkdir -p r; for i in 1 2 3; do echo \"<testsuite n='$i'/>\" >r/t$i.xml; done\n",
    );
    const value = fileValue(
      await file(session, {
        op: "read-all",
        globs: { ...ALL, include: ["r/*.xml"] },
        maxFiles: 2,
        maxBytes: 1000,
      }),
    );
    assert.ok(value.kind === "texts");
    assert.equal(value.left, 1);
    assert.deepEqual(
      value.texts.map((one) => one.data),
      [
        { kind: "text", text: "<testsuite n='1'/>\n" },
        { kind: "text", text: "<testsuite n='2'/>\n" },
      ],
    );
    await session.close();
  });

  it("is stashed and restored elsewhere, with modes, without links", async () => {
    const session = new TestSession(world);
    await session.begin({ project: "stash" });
    const long = "n".repeat(120);
    await session.sh(
      `#!/bin/sh\nmkdir -p d/${long}; echo run >d/run.sh; chmod 755 d/run.sh; echo x >d/${long}/f; ln -s /etc/passwd d/link; echo no >other\n`,
    );
    const stash = expectOk(
      await session.run({
        id: session.command(),
        type: "blob",
        cwd: "/sluice/src",
        operation: { op: "stash", globs: { ...ALL, include: ["d/"] }, allowEmpty: false },
      }),
    );
    assert.ok(stash.of === "blob");
    assert.equal(stash.value.count, 2);
    const blob = stash.value.blob ?? "";
    await session.sh("#!/bin/sh\nrm -rf d; ln -s /tmp d\n");
    const blocked = await session.run({
      id: session.command(),
      type: "blob",
      cwd: "/sluice/src",
      operation: { op: "unstash", blob },
    });
    assert.ok(!blocked.ok && blocked.failure.code === "path_refused");
    fileValue(await file(session, { op: "mkdir", path: "back" }));
    expectOk(
      await session.run({
        id: session.command(),
        type: "blob",
        cwd: "/sluice/src/back",
        operation: { op: "unstash", blob },
      }),
    );
    const step = await session.sh(
      `#!/bin/sh\ncd back; cat d/run.sh d/${long}/f; stat -c %a d/run.sh; ls d | grep -c link\n`,
    );
    assert.equal(step.log, "run\nx\n755\n0\n");
    const empty = await session.run({
      id: session.command(),
      type: "blob",
      cwd: "/sluice/src",
      operation: { op: "stash", globs: { ...ALL, include: ["*.none"] }, allowEmpty: false },
    });
    assert.ok(!empty.ok && empty.failure.code === "file_missing");
    const archive = expectOk(
      await session.run({
        id: session.command(),
        type: "blob",
        cwd: "/sluice/src",
        operation: { op: "archive", globs: { ...ALL, include: ["other", "back/d/*.sh"] }, allowEmpty: false },
      }),
    );
    assert.ok(archive.of === "blob");
    assert.deepEqual(
      archive.value.files.map((one) => one.path),
      ["back/d/run.sh", "other"],
    );
    assert.equal(world.server.blobs.get(archive.value.files[1]?.blob ?? "")?.toString(), "no\n");
    await session.close();
  });
});

async function findSource(slots: string, sha: string): Promise<string> {
  for (const group of await readdir(slots)) {
    for (const slot of await readdir(path.join(slots, group))) {
      const src = path.join(slots, group, slot, "src");
      if (
        (await readdir(src)).includes(".git") &&
        (await readdir(path.join(slots, group, slot))).includes("git")
      ) {
        const head = await readFile(path.join(src, ".git/HEAD"), "utf8");
        const linked = await readdir(path.join(src, ".git/objects/info")).catch(() => [""]);
        if (head.trim() === sha && linked.includes("alternates")) return src;
      }
    }
  }
  throw new Error(`no workspace at ${sha}`);
}
