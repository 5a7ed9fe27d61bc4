import assert from "node:assert/strict";
import { describe, it } from "mocha";
import fc from "fast-check";
import { createOptions } from "../../runners/docker/create-options.ts";
import type { ContainerPlan } from "../../runners/docker/create-options.ts";
import { credentialKey, splitReference } from "../../runners/docker/images.ts";
import { readLines } from "../../runners/docker/lines.ts";
import { readServerEvents } from "../../runners/server-events.ts";
import { MarkerScanner } from "../../runners/step/marker.ts";
import { isIgnored, parseDockerignore } from "../../runners/workspace/build-context.ts";
import { isFullRef } from "../../runners/workspace/git.ts";
import { GlobSet, matchesName, matchesParts } from "../../runners/workspace/globs.ts";
import { TAR_END, readTar, tarHeader, tarPadding } from "../../runners/workspace/tar.ts";
import { NO_ARGS, NO_LIMITS } from "./support/world.ts";

const PLAN: ContainerPlan = {
  name: "sl-a-b-main",
  image: "sha256:1",
  profile: "standard",
  args: NO_ARGS,
  env: {},
  limits: NO_LIMITS,
  labels: {},
  network: "sl-a",
  aliases: [],
  runnerUser: null,
  lacks: new Set(),
  folders: { bin: "/b", session: "/s", input: "/i", workspace: "/w", temp: "/t", mirror: null },
  command: null,
  volumes: [],
};

async function* chunks(text: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let i = 0; i < text.length; i += size) yield text.subarray(i, i + size);
}

describe("a container's create options", () => {
  it("give no build a capability, a host namespace or a folder beyond its profile", () => {
    for (const profile of ["standard", "untrusted"] as const) {
      const { HostConfig: host, ...options } = createOptions({ ...PLAN, profile });
      assert.ok(host !== undefined);
      assert.equal(host.Privileged, false);
      assert.deepEqual(host.CapDrop, ["ALL"]);
      assert.deepEqual(host.SecurityOpt, ["no-new-privileges:true"]);
      assert.equal(host.MaskedPaths, undefined);
      assert.equal(host.NetworkMode, "sl-a");
      assert.equal(host.Binds, undefined);
      assert.equal(host.Memory, host.MemorySwap);
      assert.deepEqual(options.Healthcheck?.Test, ["NONE"]);
      assert.deepEqual(
        host.Mounts?.map((mount) => [mount.Target, mount.ReadOnly]),
        [
          ["/.sluice/bin", true],
          ["/.sluice/s", false],
          ["/.sluice/s/in", true],
          ["/sluice/src", false],
          ["/sluice/tmp", false],
        ],
      );
    }
    const untrusted = createOptions({ ...PLAN, profile: "untrusted", args: { ...NO_ARGS, user: "0:0" } });
    assert.equal(untrusted.User, "10001:10001");
    assert.deepEqual(untrusted.HostConfig?.CapAdd, []);
    assert.equal(untrusted.HostConfig?.ReadonlyRootfs, true);
  });

  it("never go above the limits, whatever the file asks for", () => {
    const limits = { ...NO_LIMITS, memoryBytes: 1000, cpus: 1 };
    const args = { ...NO_ARGS, memoryBytes: 5000, cpus: 9, shmBytes: 10_000 };
    const { HostConfig: host } = createOptions({ ...PLAN, limits, args });
    assert.deepEqual([host?.Memory, host?.NanoCpus, host?.ShmSize], [1000, 1e9, 1000]);
  });
});

describe("patterns", () => {
  it("match as Ant's do", () => {
    for (const [pattern, path, expected] of [
      ["**/*.txt", "a.txt", true],
      ["**/*.txt", "a/b/c.txt", true],
      ["*.txt", "a/b.txt", false],
      ["a/**", "a/b/c", true],
      ["a/", "a/b/c", true],
      ["a/**/b", "a/b", true],
      ["a/**/b", "a/x/y/b", true],
      ["a?c/*", "abc/d", true],
      ["./x", "x", true],
      ["**", "anything/at/all", true],
    ] as const) {
      const globs = new GlobSet({ include: [pattern], exclude: [], defaultExcludes: false });
      assert.equal(globs.matches(path.split("/")), expected, `${pattern} ${path}`);
    }
    const usual = new GlobSet({ include: [], exclude: ["**/skip/**"], defaultExcludes: true });
    assert.equal(usual.matches([".git", "config"]), false);
    assert.equal(usual.matches(["a", "skip", "b"]), false);
    assert.ok(usual.prunes(["a", "skip"]));
  });

  it("cannot explode", () => {
    assert.equal(matchesName("*a".repeat(60) + "b", "a".repeat(5000)), false);
    assert.equal(
      matchesParts(
        Array.from({ length: 60 }, () => "**"),
        Array.from({ length: 500 }, () => "a"),
      ),
      true,
    );
  });

  it("of a .dockerignore: the last that matches decides", () => {
    const rules = parseDockerignore("# comment\n*\n!src\nsrc/*.log\n\n!/src/keep.log\n");
    const ignored = (path: string): boolean => isIgnored(rules, path.split("/"));
    assert.deepEqual(
      ["a", "src", "src/x", "src/a.log", "src/keep.log"].map((path) => ignored(path)),
      [true, false, false, true, false],
    );
  });
});

describe("an archive", () => {
  it("is read as it was written, however the stream is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            path: fc.array(fc.stringMatching(/^[a-zA-Zé文 ]{1,40}$/), { minLength: 1, maxLength: 8 }),
            content: fc.uint8Array({ maxLength: 3000 }),
            executable: fc.boolean(),
          }),
          { maxLength: 6 },
        ),
        fc.integer({ min: 1, max: 5000 }),
        async (files, size) => {
          const parts: Buffer[] = [];
          for (const { path, content, executable } of files) {
            const head = {
              path: path.join("/"),
              kind: "file",
              bytes: content.length,
              executable,
              modifiedAtMs: 5000,
              target: "",
            } as const;
            parts.push(tarHeader(head), Buffer.from(content), tarPadding(content.length));
          }
          const seen = [];
          for await (const entry of readTar(chunks(Buffer.concat([...parts, TAR_END]), size))) {
            const content: Buffer[] = [];
            for await (const part of entry.content()) content.push(Buffer.from(part));
            seen.push({
              path: entry.path,
              executable: entry.executable,
              content: Buffer.concat(content).toString("hex"),
            });
          }
          const wanted = files.map(({ path, executable, content }) => ({
            path: path.join("/"),
            executable,
            content: Buffer.from(content).toString("hex"),
          }));
          assert.deepEqual(seen, wanted);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("streams", () => {
  it("of the engine are read however they are cut", async () => {
    const text = Buffer.from(
      '{"stream":"Größe\\n"}\n{"errorDetail":{"message":"no"}}\n{"aux":{"ID":"sha256:1"}}',
    );
    for (let size = 1; size < text.length; size += 1) {
      const lines = [];
      for await (const line of readLines(chunks(text, size))) lines.push(line);
      assert.equal(lines[0]?.stream, "Größe\n");
      assert.equal(lines[1]?.errorDetail?.message, "no");
      assert.equal(lines[2]?.aux?.ID, "sha256:1");
    }
  });

  it("of the server are read however they are cut", async () => {
    const text = Buffer.from(
      ': hi\n\nid: 7\nevent: command\ndata: {"a":\ndata: 1}\n\nevent: x\n\ndata: last\n\n',
    );
    for (let size = 1; size < text.length; size += 1) {
      const events = [];
      for await (const event of readServerEvents(chunks(text, size))) events.push(event);
      assert.deepEqual(events, [
        { name: "command", id: "7", data: '{"a":\n1}' },
        { name: "message", id: "7", data: "last" },
      ]);
    }
  });

  it("of a step end at the marker wherever it is cut; what follows is a background process's", () => {
    const text = Buffer.from(
      "out n-4 n-5 0\nn-5 \nn-5 7 2\nlate\n".replaceAll("n-5 0", "n-6 0").replaceAll("n-5 \n", "n-5x\n"),
    );
    for (let i = 0; i <= text.length; i += 1) {
      const scanner = new MarkerScanner("n", 5);
      const out = Buffer.concat([
        Buffer.from(scanner.push(text.subarray(0, i))),
        Buffer.from(scanner.push(text.subarray(i))),
      ]);
      assert.equal(out.toString(), "out n-4 n-6 0\nn-5x\n");
      assert.deepEqual(scanner.end, { code: 7, oomKills: 2 });
    }
  });
});

describe("names", () => {
  it("of images are split into repository and tag or digest", () => {
    assert.deepEqual(splitReference("host:5000/a/b"), ["host:5000/a/b", "latest"]);
    assert.deepEqual(splitReference("host:5000/a/b:1"), ["host:5000/a/b", "1"]);
    assert.deepEqual(splitReference("a@sha256:1"), ["a", "sha256:1"]);
    assert.equal(credentialKey("docker.io"), "https://index.docker.io/v1/");
  });

  it("of refs are those that git allows", () => {
    for (const good of ["refs/heads/main", "refs/tags/v1.2", "refs/heads/<svg/onload=alert(1)>"])
      assert.ok(isFullRef(good), good);
    for (const bad of [
      "main",
      "--upload-pack=x",
      "refs/heads/a..b",
      "refs/heads/a b",
      "refs/heads/a.lock",
      "refs/heads/",
      "refs/heads/\u0001",
    ]) {
      assert.ok(!isFullRef(bad), bad);
    }
  });
});
