import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { TriggerEvent } from "../../../server/forges/trigger-event.ts";
import { judgeEvent } from "../../../server/projects/judge.ts";
import { EventRoute } from "../../../server/projects/route.ts";

const SHA = "a".repeat(40);

function anEvent(change: Partial<TriggerEvent>): TriggerEvent {
  return {
    kind: "push",
    forge: "gitea",
    repoId: "1",
    repo: "team/shop",
    ref: "refs/heads/main",
    name: "main",
    before: null,
    after: SHA,
    commit: SHA,
    deleted: false,
    skipCi: null,
    title: "One",
    author: { name: "Li", mail: null },
    actor: { login: "li", id: "4" },
    change: null,
    ...change,
  };
}

const RULES = {
  tags: { release: "release-v{version}.{month}" },
  routes: [
    { on: "tag", grammar: "release", build: true, deploy: ["hk"] },
    { on: "branch", match: "develop", build: true, deploy: ["staging"] },
    { on: "branch", match: "docs/*", build: false },
    { on: "branch", match: "master", build: true },
  ].map((route) => EventRoute.parse(route)),
};

describe("routes of a project", () => {
  it("build everything where none is written", () => {
    const judged = judgeEvent(anEvent({}), { routes: [], tags: {} });
    assert.ok(judged.build);
    assert.equal(judged.frozen.deploy, null);
  });

  it("freeze the environments of the first that matches", () => {
    const judged = judgeEvent(anEvent({ name: "develop" }), RULES);
    assert.ok(judged.build);
    assert.deepEqual(judged.frozen.deploy, ["staging"]);
    assert.deepEqual(
      judged.lines.map((line) => line.ok),
      [false, true],
    );
  });

  it("give a tag's fields to the build", () => {
    const judged = judgeEvent(
      anEvent({ kind: "tag", ref: "refs/tags/release-v5.12", name: "release-v5.12" }),
      RULES,
    );
    assert.ok(judged.build);
    assert.equal(judged.frozen.grammar, "release");
    assert.deepEqual(judged.frozen.fields, { version: "5", month: "12" });
  });

  it("say why a tag does not build, naming the field", () => {
    const judged = judgeEvent(
      anEvent({ kind: "tag", ref: "refs/tags/release-v5.13", name: "release-v5.13" }),
      RULES,
    );
    assert.ok(!judged.build);
    assert.match(judged.because, /month 13 is not 1\.\.12/u);
    const other = judgeEvent(anEvent({ kind: "tag", ref: "refs/tags/v1", name: "v1" }), RULES);
    assert.ok(!other.build);
    assert.equal(other.because, "tag `v1` does not match `release-v{version}.{month}`");
  });

  it("stop at a route that says no", () => {
    const judged = judgeEvent(anEvent({ name: "docs/a" }), RULES);
    assert.ok(!judged.build);
    assert.match(judged.because, /route 3/u);
  });

  it("never build a deletion, nor a commit that asks to be skipped", () => {
    assert.ok(!judgeEvent(anEvent({ deleted: true, after: null }), { routes: [], tags: {} }).build);
    const skipped = judgeEvent(anEvent({ skipCi: "[skip ci]" }), { routes: [], tags: {} });
    assert.ok(!skipped.build && skipped.because.includes("[skip ci]"));
  });
});
