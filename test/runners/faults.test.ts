import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { faultsOf } from "../../bin/fault-points.ts";
import { LostAnswer, faultsFrom } from "../../runners/faults.ts";
import { isStoreError } from "../../server/store/errors.ts";
import { faultsFrom as commitFaultsFrom } from "../../server/store/fault.ts";

describe("fault points", () => {
  it("do nothing without SLUICE_FAULT, nor at another point", async () => {
    for (const env of [{}, { SLUICE_FAULT: "" }, { SLUICE_FAULT: "other:after-but-error" }]) {
      const faults = faultsFrom(env);
      faults.before("point");
      faults.after("point");
      assert.equal(await faults.around("point", async () => 7), 7);
    }
  });

  it("lose the answer at the pass asked for, once", async () => {
    const faults = faultsFrom({ SLUICE_FAULT: "a:after-but-error:2,b:after-but-error" });
    faults.after("a");
    let calls = 0;
    const call = async (): Promise<number> => (calls += 1);
    await assert.rejects(faults.around("a", call), LostAnswer);
    assert.equal(await faults.around("a", call), 2);
    assert.throws(() => faults.after("b"), LostAnswer);
  });

  it("lose no answer of a call that failed by itself", async () => {
    const faults = faultsFrom({ SLUICE_FAULT: "a:after-but-error" });
    const call = async (): Promise<never> => {
      throw new Error("by itself");
    };
    await assert.rejects(faults.around("a", call), /by itself/);
    assert.throws(() => faults.after("a"), LostAnswer);
  });

  it("give a lost commit as a database does", () => {
    const faults = commitFaultsFrom({ SLUICE_FAULT: "a:after-but-error" });
    assert.throws(
      () => faults.after("a"),
      (error) => isStoreError(error, "outcome_unknown"),
    );
  });

  it("are refused in production and when they cannot be read", () => {
    assert.throws(() => faultsFrom({ SLUICE_FAULT: "a:before", NODE_ENV: "production" }), /NODE_ENV/);
    for (const bad of ["a", "a:never", "a:before:0", ":before", "a:before:x"]) {
      assert.throws(() => faultsFrom({ SLUICE_FAULT: bad }), /point:before\|after/);
    }
  });

  it("are refused by server and runner in production, and where there is no such point", async () => {
    const known = "docker.startContainer:before";
    await assert.rejects(faultsOf({ SLUICE_FAULT: known, NODE_ENV: "production" }), /SLUICE_FAULT.*NODE_ENV/);
    await assert.rejects(
      faultsOf({ SLUICE_FAULT: `${known},docker.strat:after` }),
      /no point "docker\.strat"/,
    );
    await faultsOf({ SLUICE_FAULT: `${known},recordDelivery:after:2` });
  });
});
