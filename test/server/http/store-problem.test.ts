import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { storeProblem } from "../../../server/http/store-problem.ts";
import { StoreError } from "../../../server/store/errors.ts";

describe("a database that fails under a request", () => {
  it("is no mistake of ours where it is full or away: ask again later, and it is said what was done", () => {
    for (const [code, said] of [
      ["full", "disk"],
      ["away", "db_down"],
      ["closed", "db_down"],
      ["outcome_unknown", "outcome_unknown"],
    ] as const) {
      const problem = storeProblem(new StoreError(code, "no"));
      assert.equal(problem?.status, 503);
      assert.equal(problem.code, said);
      assert.ok((problem.retryAfterSeconds ?? 0) > 0);
    }
  });

  it("is our mistake where a row or a procedure is wrong", () => {
    assert.equal(storeProblem(new StoreError("constraint", "no")), null);
    assert.equal(storeProblem(new Error("no")), null);
  });
});
