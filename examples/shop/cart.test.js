import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { total } from "./cart.js";

describe("cart", () => {
  it("adds up what is in it", () => {
    assert.equal(
      total([
        { price: 30, count: 2 },
        { price: 40, count: 1 },
      ]),
      100,
    );
  });

  it("applies the discount once", () => {
    assert.equal(total([{ price: 100, count: 1 }], 0.1), 90);
  });

  it("costs nothing when empty", () => {
    assert.equal(total([]), 0);
  });
});
