import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { piecesOf } from "../../../web/src/log/links.ts";

function links(text: string): string[] {
  return piecesOf(text).flatMap((piece) => piece.href ?? []);
}

describe("addresses in a log", () => {
  it("are found without the punctuation of their sentence", () => {
    assert.deepEqual(links("see https://example.com/a, or (http://b.test/x(1))."), [
      "https://example.com/a",
      "http://b.test/x(1)",
    ]);
    assert.deepEqual(links("打开 https://example.com/a。然后"), ["https://example.com/a"]);
  });

  it("leave the text whole", () => {
    const text = "a http://x.test/?q=1&r=[2] b https://y.test. c";
    assert.equal(
      piecesOf(text)
        .map((piece) => piece.text)
        .join(""),
      text,
    );
  });

  it("are web addresses only", () => {
    assert.deepEqual(links("javascript:alert(1) ftp://x file:///etc/passwd"), []);
  });
});
