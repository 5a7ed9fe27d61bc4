import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { chooseLine, formatLineRange, parseLineRange } from "../../../web/src/log/line-range.ts";

describe("the lines in an address", () => {
  it("are one line or a range, in either order", () => {
    assert.deepEqual(parseLineRange("#L10"), { from: 10, to: 10 });
    assert.deepEqual(parseLineRange("#L10-L20"), { from: 10, to: 20 });
    assert.deepEqual(parseLineRange("#L20-10"), { from: 10, to: 20 });
  });

  it("are nothing when they are anything else", () => {
    for (const hash of ["", "#", "#L0", "#L", "#L1-", "#x10", "#L10-L0", "#L99999999999"]) {
      assert.equal(parseLineRange(hash), undefined, hash);
    }
  });

  it("are written as they are read", () => {
    for (const range of [
      { from: 1, to: 1 },
      { from: 3, to: 900 },
    ]) {
      assert.deepEqual(parseLineRange(formatLineRange(range)), range);
    }
  });

  it("grow with Shift and begin anew without", () => {
    assert.deepEqual(chooseLine({ from: 5, to: 5 }, 9, true), { from: 5, to: 9 });
    assert.deepEqual(chooseLine({ from: 5, to: 9 }, 2, true), { from: 2, to: 5 });
    assert.deepEqual(chooseLine({ from: 5, to: 9 }, 2, false), { from: 2, to: 2 });
  });
});
