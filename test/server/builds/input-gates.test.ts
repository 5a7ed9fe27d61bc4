import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { mayAnswer } from "../../../server/builds/input-gates.ts";
import type { Actor } from "../../../server/http/world.ts";

function somebody(more: Partial<Actor> = {}): Actor {
  return { userId: 1, login: "ann", role: "developer", by: "session", ...more };
}

describe("who may answer an input", () => {
  it("is every developer where the file names nobody", () => {
    assert.equal(mayAnswer(null, somebody()).may, true);
    const viewer = mayAnswer(null, somebody({ role: "viewer" }));
    assert.deepEqual([viewer.may, viewer.whyNot], [false, "answering needs the role developer"]);
  });

  it("is whom the file names, by login or by role, and administrators", () => {
    const named = JSON.stringify(["bob", "deployer"]);
    assert.equal(mayAnswer(named, somebody()).may, false);
    assert.match(mayAnswer(named, somebody()).whyNot ?? "", /bob, deployer/);
    assert.equal(mayAnswer(named, somebody({ login: "bob" })).may, true);
    assert.equal(mayAnswer(named, somebody({ role: "deployer" })).may, true);
    assert.equal(mayAnswer(named, somebody({ role: "admin" })).may, true);
  });

  it("is no viewer, whatever the file says", () => {
    assert.equal(mayAnswer(JSON.stringify(["ann"]), somebody({ role: "viewer" })).may, false);
  });
});
