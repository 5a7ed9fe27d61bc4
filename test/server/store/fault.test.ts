import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { isStoreError } from "../../../server/store/errors.ts";
import { faultsFrom } from "../../../server/store/fault.ts";

describe("fault points", () => {
  it("do nothing without SLUICE_FAULT, nor at another point", () => {
    for (const env of [{}, { SLUICE_FAULT: "" }, { SLUICE_FAULT: "other:after-but-error" }]) {
      const faults = faultsFrom(env);
      faults.before("point");
      faults.after("point");
    }
  });

  it("lose the answer at the pass asked for, once", () => {
    const faults = faultsFrom({ SLUICE_FAULT: "a:after-but-error:2,b:after-but-error" });
    faults.after("a");
    assert.throws(
      () => faults.after("a"),
      (error) => isStoreError(error, "outcome_unknown"),
    );
    faults.after("a");
    assert.throws(
      () => faults.after("b"),
      (error) => isStoreError(error, "outcome_unknown"),
    );
  });

  it("are refused in production and when they cannot be read", () => {
    assert.throws(() => faultsFrom({ SLUICE_FAULT: "a:before", NODE_ENV: "production" }), /NODE_ENV/);
    for (const bad of ["a", "a:never", "a:before:0", ":before", "a:before:x"]) {
      assert.throws(() => faultsFrom({ SLUICE_FAULT: bad }), /point:before\|after/);
    }
  });
});
