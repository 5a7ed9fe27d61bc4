import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { matchPath, parseId, safeReturn } from "../../../web/src/routing/address.ts";
import { links } from "../../../web/src/routing/links.ts";

describe("addresses of the page", () => {
  it("give the named pieces of their pattern", () => {
    assert.deepEqual(matchPath("/p/:project/b/:number", "/p/orders-api/b/412"), {
      project: "orders-api",
      number: "412",
    });
    assert.deepEqual(matchPath("/", "/"), {});
    assert.deepEqual(matchPath("/p/:project", "/p/a%2Fb/"), { project: "a/b" });
  });

  it("do not fit a pattern of another shape, nor with a stray percent sign", () => {
    assert.equal(matchPath("/p/:project", "/p"), undefined);
    assert.equal(matchPath("/p/:project", "/q/x"), undefined);
    assert.equal(matchPath("/p/:project", "/p/%E0%A4%A"), undefined);
  });

  it("are read as they are written", () => {
    const step = links.step("a b", 3, 7, { from: 10, to: 20 });
    assert.equal(step, "/p/a%20b/b/3/s/7#L10-L20");
    assert.deepEqual(matchPath("/p/:project/b/:number/s/:step", step.split("#")[0] ?? ""), {
      project: "a b",
      number: "3",
      step: "7",
    });
  });

  it("take whole numbers above zero for ids, nothing else", () => {
    assert.equal(parseId("412"), 412);
    for (const text of ["0", "-1", "1e3", "01", "", "1.5", "9999999999999999", undefined])
      assert.equal(parseId(text), undefined);
  });

  it("lead back after signing in to a path of this page only", () => {
    assert.equal(safeReturn("/gates/77"), "/gates/77");
    for (const wanted of [null, "", "https://evil.test", "//evil.test", "/\\evil.test", "gates"])
      assert.equal(safeReturn(wanted), "/");
  });
});
