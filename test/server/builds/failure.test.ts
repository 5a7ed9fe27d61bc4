import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { failingLineOf } from "../../../server/builds/failure.ts";

describe("the failing line of a log", () => {
  it("is the first that says what went wrong", () => {
    assert.equal(
      failingLineOf(["+ make test", "ok 1 adds", "not ok 2 pays", "  expected 200", "1 failed"]),
      2,
    );
    assert.equal(failingLineOf(["compiling", "\u001B[31merror\u001B[0m: missing semicolon", "done"]), 1);
  });

  it("is not one that only names errors, nor the command itself", () => {
    assert.equal(
      failingLineOf(["+ grep error log.txt", "0 errors, 0 failed", "tests: AssertionError: 1 != 2"]),
      2,
    );
  });

  it("is the last line that says anything where none of them does", () => {
    assert.equal(failingLineOf(["one", "two", "", ""]), 1);
    assert.equal(failingLineOf(["", ""]), null);
  });
});
