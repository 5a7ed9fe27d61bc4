import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { matchesGlob } from "../../../server/projects/glob.ts";

describe("a glob over names", () => {
  for (const [glob, name, expected] of [
    ["main", "main", true],
    ["main", "main2", false],
    ["main", "Main", false],
    ["release/*", "release/1.x", true],
    ["release/*", "release/1/x", false],
    ["release/**", "release/1/x", true],
    ["**", "a/b/c", true],
    ["*", "", true],
    ["", "", true],
    ["", "a", false],
    ["v?.?", "v1.2", true],
    ["v?", "v/", false],
    ["*-rc", "v1-rc-rc", true],
    ["a.b", "axb", false],
    ["*a*", "bbabb", true],
  ] as const) {
    it(`${expected ? "takes" : "refuses"} ${JSON.stringify(name)} for ${JSON.stringify(glob)}`, () => {
      assert.equal(matchesGlob(glob, name), expected);
    });
  }

  it("answers a hostile pattern on a long name", () => {
    assert.equal(matchesGlob("*a*a*a*a*a*a*a*b", "a".repeat(5000)), false);
  });
});
