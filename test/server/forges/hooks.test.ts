import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { describe, it } from "mocha";
import { z } from "zod";
import { hookOf } from "../../../server/forges/hooks.ts";
import type { HookReading, HookRequest } from "../../../server/forges/hook.ts";
import type { TriggerEvent } from "../../../server/forges/trigger-event.ts";

const FOLDER = new URL("../../fixtures/deliveries/gitea/", import.meta.url);
const SECRET = "made-up-secret-1";
const Stored = z.object({ headers: z.record(z.string(), z.string()), body: z.string() });

function stored(name: string): HookRequest {
  const { headers, body } = Stored.parse(JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf8")));
  return request(headers, body);
}

function request(headers: Record<string, string>, body: string): HookRequest {
  const lower = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return { headers: lower, body: Buffer.from(body) };
}

function eventOf(reading: HookReading): TriggerEvent {
  assert.equal(reading.kind, "event", JSON.stringify(reading));
  if (reading.kind !== "event") throw new Error("no event");
  return reading.event;
}

const gitea = hookOf("gitea");

describe("deliveries of a real Gitea", () => {
  const names = readdirSync(FOLDER)
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -5));

  it("are all here", () => assert.ok(names.length > 50));

  for (const name of names) {
    it(`reads ${name} without a fault, and knows its sender`, () => {
      const one = stored(name);
      assert.equal(gitea.isSigned(one, [SECRET], 0), name !== "push-no-secret");
      assert.equal(gitea.isSigned(one, ["another-secret"], 0), false);
      assert.equal(gitea.isSigned(one, [""], 0), false);
      assert.notEqual(gitea.read(one).kind, "unreadable");
    });
  }

  it("gives a push its commit, author and actor", () => {
    const event = eventOf(gitea.read(stored("push")));
    assert.equal(event.kind, "push");
    assert.equal(event.name, "main");
    assert.equal(event.commit, "f8420ab890e853e0f5050b3912e35a12f52b03a8");
    assert.equal(event.title, "Change a, add b");
    assert.equal(event.repo, "acme/web");
    assert.notEqual(event.actor.login, "");
  });

  it("gives an annotated tag the commit, not the tag object", () => {
    const event = eventOf(gitea.read(stored("push-tag-annotated")));
    assert.equal(event.kind, "tag");
    assert.notEqual(event.commit, event.after);
  });

  it("takes the deleting of branches and tags as such", () => {
    assert.equal(eventOf(gitea.read(stored("push-tag-delete"))).deleted, true);
    assert.equal(eventOf(gitea.read(stored("delete-branch"))).deleted, true);
    assert.equal(gitea.read(stored("delete-tag")).kind, "ignored");
  });

  it("hears [skip ci]", () =>
    assert.equal(eventOf(gitea.read(stored("push-unicode-skip-ci"))).skipCi, "[skip ci]"));

  it("builds nothing for the test button", () => {
    for (const name of ["push-test-ui", "push-test-ui-empty", "push-test"])
      assert.equal(gitea.read(stored(name)).kind, "ignored", name);
  });

  it("knows a fork by the repositories' ids", () => {
    assert.equal(eventOf(gitea.read(stored("pull_request-fork-opened"))).change?.fork, true);
    assert.equal(eventOf(gitea.read(stored("pull_request-opened"))).change?.fork, false);
    assert.equal(eventOf(gitea.read(stored("pull_request-synchronized"))).change?.action, "updated");
  });

  it("builds nothing for what changes no commit", () => {
    for (const name of [
      "pull_request-label",
      "pull_request-closed",
      "pull_request-merged",
      "pull_request-edited",
      "create-branch",
    ]) {
      assert.equal(gitea.read(stored(name)).kind, "ignored", name);
    }
  });
});

describe("the signatures of other forges", () => {
  it("GitHub's documented vector fits, and only it", () => {
    const hook = hookOf("github");
    const one = request(
      { "X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" },
      "Hello, World!",
    );
    assert.ok(hook.isSigned(one, ["It's a Secret to Everybody"], 0));
    assert.ok(hook.isSigned(one, ["other", "It's a Secret to Everybody"], 0));
    assert.ok(
      !hook.isSigned({ ...one, body: Buffer.from("Hello, World! ") }, ["It's a Secret to Everybody"], 0),
    );
    assert.ok(!hook.isSigned({ ...one, headers: {} }, ["It's a Secret to Everybody"], 0));
    assert.ok(
      !hook.isSigned(
        { ...one, headers: { "x-hub-signature-256": "sha256=12" } },
        ["It's a Secret to Everybody"],
        0,
      ),
    );
  });

  it("GitLab's token and its signing token fit, the latter for five minutes", () => {
    const hook = hookOf("gitlab");
    assert.ok(hook.isSigned(request({ "X-Gitlab-Token": "made-up" }, "{}"), ["made-up"], 0));
    assert.ok(!hook.isSigned(request({ "X-Gitlab-Token": "made-upx" }, "{}"), ["made-up"], 0));
    assert.ok(!hook.isSigned(request({ "X-Gitlab-Token": "" }, "{}"), [""], 0));
    const signed = request(
      {
        "webhook-id": "0192f0a1-0000-7000-8000-000000000001",
        "webhook-timestamp": "1767225600",
        "webhook-signature": "v1,NgkVUxKDZPL+PmFiJRozWu0SIvdlGZQ8NXlXaXcQtC8=",
      },
      '{"object_kind":"push"}',
    );
    const secret = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    assert.ok(hook.isSigned(signed, [secret], 1_767_225_600_000));
    assert.ok(!hook.isSigned(signed, [secret], 1_767_225_600_000 + 301_000));
  });

  it("plain git may sign as GitHub does", () => {
    const body = '{"ref":"refs/heads/main"}';
    const signature = createHmac("sha256", "s").update(body).digest("hex");
    assert.ok(
      hookOf("git").isSigned(request({ "X-Hub-Signature-256": `sha256=${signature}` }, body), ["s"], 0),
    );
  });
});

describe("what other forges send", () => {
  const A = "a".repeat(40);
  const B = "b".repeat(40);
  const ZERO = "0".repeat(40);

  it("GitHub: an annotated tag is its commit, a deleted tag is no push", () => {
    const body = {
      ref: "refs/tags/v1",
      before: ZERO,
      after: A,
      head_commit: { id: B, message: "m\n\nlong", author: { name: "W" } },
      repository: { id: 7, full_name: "acme/web" },
    };
    const headers = { "X-GitHub-Event": "push" };
    const event = eventOf(hookOf("github").read(request(headers, JSON.stringify(body))));
    assert.equal(event.commit, B);
    assert.equal(event.title, "m");
    const gone = eventOf(
      hookOf("github").read(request(headers, JSON.stringify({ ...body, after: ZERO, head_commit: null }))),
    );
    assert.equal(gone.deleted, true);
  });

  it("GitHub: a pull request whose fork is gone is one of a fork", () => {
    const body = {
      action: "synchronize",
      number: 12,
      pull_request: {
        title: "t",
        user: { login: "li" },
        head: { ref: "fix", sha: A, repo: null },
        base: { ref: "main", repo: { id: 7 } },
      },
      repository: { id: 7, full_name: "acme/web" },
    };
    const event = eventOf(
      hookOf("github").read(request({ "X-GitHub-Event": "pull_request" }, JSON.stringify(body))),
    );
    assert.equal(event.change?.fork, true);
    assert.equal(event.ref, "refs/pull/12/head");
  });

  it("GitLab: the commit is checkout_sha, and an edit of a merge request is no news", () => {
    const project = { id: 15, path_with_namespace: "acme/web" };
    const push = {
      object_kind: "tag_push",
      ref: "refs/tags/v1",
      before: ZERO,
      after: A,
      checkout_sha: B,
      message: "tag",
      user_username: "wang",
      user_id: 4,
      project,
      commits: [],
    };
    assert.equal(
      eventOf(hookOf("gitlab").read(request({ "X-Gitlab-Event": "Tag Push Hook" }, JSON.stringify(push))))
        .commit,
      B,
    );
    const merge = {
      object_kind: "merge_request",
      user: { id: 4, username: "wang" },
      project,
      object_attributes: {
        iid: 3,
        action: "update",
        title: "t",
        source_branch: "x",
        target_branch: "main",
        source_project_id: 16,
        target_project_id: 15,
        last_commit: { id: A, message: "m" },
      },
    };
    const headers = { "X-Gitlab-Event": "Merge Request Hook" };
    assert.equal(hookOf("gitlab").read(request(headers, JSON.stringify(merge))).kind, "ignored");
    const moved = { ...merge, object_attributes: { ...merge.object_attributes, oldrev: B } };
    assert.equal(eventOf(hookOf("gitlab").read(request(headers, JSON.stringify(moved)))).change?.fork, true);
  });

  it("plain git: a tag's commit is asked for later", () => {
    const body = JSON.stringify({ ref: "refs/tags/v1", before: ZERO, after: A, repository: "shop" });
    assert.equal(eventOf(hookOf("git").read(request({}, body))).commit, null);
  });

  for (const [what, body] of [
    ["no JSON", "{"],
    ["JSON of another kind", "[1,2]"],
    ["nesting without end", "[".repeat(200_000)],
    ["a million members", `[${"1,".repeat(1_000_000)}1]`],
    ["nothing", ""],
  ] as const) {
    it(`calls ${what} unreadable`, () => {
      for (const [type, headers] of [
        ["github", { "X-GitHub-Event": "push" }],
        ["gitlab", { "X-Gitlab-Event": "Push Hook" }],
        ["gitea", { "X-Gitea-Event": "push" }],
        ["git", {}],
      ] as const) {
        assert.equal(hookOf(type).read(request(headers, body)).kind, "unreadable", type);
      }
    });
  }

  it("leaves a hostile ref name alone, and refuses one that git would", () => {
    const body = (ref: string) => JSON.stringify({ ref, before: ZERO, after: A, repository: "shop" });
    assert.equal(
      eventOf(hookOf("git").read(request({}, body("refs/heads/<svg/onload=alert(1)>")))).name,
      "<svg/onload=alert(1)>",
    );
    for (const ref of [
      "refs/heads/a b",
      "refs/heads/--x",
      "refs/heads/a..b",
      "refs/heads/a.lock",
      "refs/notes/x",
      "HEAD",
    ]) {
      assert.equal(hookOf("git").read(request({}, body(ref))).kind, "ignored", ref);
    }
  });
});
