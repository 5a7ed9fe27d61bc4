import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "mocha";
import { dataKeyOf } from "../../../server/secrets/data-key.ts";
import { KEY_BYTES, UnsealError, seal, unseal } from "../../../server/secrets/seal.ts";

const key = randomBytes(KEY_BYTES);

describe("sealed bytes", () => {
  it("open to what was sealed, also to nothing", () => {
    for (const plain of [new Uint8Array(), randomBytes(1), randomBytes(70_000)]) {
      assert.deepEqual([...unseal(key, seal(key, plain, "args|0:1"), "args|0:1")], [...plain]);
    }
  });

  it("never look the same twice and never show the text", () => {
    const text = Buffer.from("a text that must not be seen");
    const [one, two] = [seal(key, text, "c"), seal(key, text, "c")];
    assert.notDeepEqual(one, two);
    assert.equal(Buffer.from(one).includes(text), false);
  });

  it("do not open under another key or in another place", () => {
    const sealed = seal(key, Buffer.from("text"), "secret|1|2");
    assert.throws(() => unseal(randomBytes(KEY_BYTES), sealed, "secret|1|2"), UnsealError);
    assert.throws(() => unseal(key, sealed, "secret|1|3"), UnsealError);
  });

  it("do not open with any byte changed or missing", () => {
    const sealed = seal(key, Buffer.from("text"), "c");
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      assert.throws(() => unseal(key, changed, "c"), UnsealError);
      assert.throws(() => unseal(key, sealed.subarray(0, at), "c"), UnsealError);
    }
  });

  it("keep text of every alphabet", () => {
    const dataKey = dataKeyOf(key);
    const text = "пароль 密码 🔑\n";
    assert.equal(dataKey.unseal(dataKey.seal(text, "outcome|0:2"), "outcome|0:2"), text);
  });
});
