import assert from "node:assert/strict";
import { describe, it } from "mocha";
import fc from "fast-check";
import { Masker, needlesFor } from "../../runners/mask.ts";

function masked(parts: Buffer[], secrets: Buffer[]): string {
  const masker = new Masker(needlesFor(secrets));
  const out = parts.map((part) => Buffer.from(masker.push(part)));
  return Buffer.concat([...out, masker.flush()]).toString();
}

const secret = Buffer.from("s3cr3t-Value+1");

describe("masking", () => {
  it("hides a secret wherever the stream is cut", () => {
    const text = Buffer.from(`a ${secret.toString()} b`);
    for (let i = 0; i <= text.length; i += 1) {
      assert.equal(masked([text.subarray(0, i), text.subarray(i)], [secret]), "a **** b");
    }
  });

  it("hides its usual encodings at each alignment", () => {
    for (const before of ["", "x", "xy", "xyz"]) {
      const encoded = Buffer.from(`${before}${secret.toString()}:rest`).toString("base64");
      assert.match(masked([Buffer.from(encoded)], [secret]), /\*\*\*\*/);
    }
    for (const form of [
      secret.toString("hex"),
      secret.toString("hex").toUpperCase(),
      encodeURIComponent(secret.toString()),
    ]) {
      assert.equal(masked([Buffer.from(`<${form}>`)], [secret]), "<****>");
    }
  });

  it("hides quoted forms", () => {
    const odd = Buffer.from(`it's "$HOME" \\ & more`);
    for (const form of [
      JSON.stringify(odd.toString()).slice(1, -1),
      odd.toString().replaceAll("'", `'\\''`),
      odd.toString().replaceAll("&", "&amp;").replaceAll('"', "&quot;"),
    ]) {
      assert.equal(masked([Buffer.from(`[${form}]`)], [odd]), "[****]", form);
    }
  });

  it("sees through line breaks and colours inside a secret", () => {
    const split = "x s3cr3t\u001b[1m-Val\r\nue+\u001b]0;t\u00071 y";
    for (let i = 0; i <= split.length; i += 1) {
      const parts = [Buffer.from(split.slice(0, i)), Buffer.from(split.slice(i))];
      assert.equal(masked(parts, [secret]), "x **** y");
    }
  });

  it("hides each line of a secret of many lines", () => {
    const key = Buffer.from("-----BEGIN-----\nfirst-line-of-key\nsecond-line-of-key\n-----END-----\n");
    assert.equal(masked([Buffer.from("got second-line-of-key here")], [key]), "got **** here");
    assert.equal(masked([Buffer.concat([Buffer.from("<"), key, Buffer.from(">")])], [key]), "<****\n>");
  });

  it("makes one mask of secrets that overlap", () => {
    const secrets = [Buffer.from("abcdefgh"), Buffer.from("efghijkl"), Buffer.from("ghijklmnopqrstuv")];
    assert.equal(masked([Buffer.from("-abcdefghijklmnop-")], secrets), "-****mnop-");
    assert.equal(masked([Buffer.from("-abcdefghijklmnopqrstuv-")], secrets), "-****-");
  });

  it("gives a beginning that came to nothing", () => {
    assert.equal(masked([Buffer.from("s3cr3t-Val"), Buffer.from("or not")], [secret]), "s3cr3t-Valor not");
    assert.equal(masked([Buffer.from("s3cr3t-Val")], [secret]), "s3cr3t-Val");
  });

  it("leaves text alone when there is no secret", () => {
    const text = Buffer.from([0, 27, 91, 255, 10]);
    assert.equal(masked([text], []), text.toString());
  });

  it("never lets a needle through, and gives the same bytes when taken up again", () => {
    const letters = fc.constantFrom("a", "b", "c", "\n");
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 6, maxLength: 9 });
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 4 }),
        fc.string({ unit: letters, minLength: 0, maxLength: 120 }),
        fc.array(fc.nat(120), { maxLength: 6 }),
        (words, text, cuts) => {
          const secrets = words.map((one) => Buffer.from(one));
          const raw = Buffer.from(text);
          const whole = masked([raw], secrets);
          const bare = whole.replaceAll("\n", "");
          for (const one of words) assert.ok(!bare.split("****").some((part) => part.includes(one)));
          const places = [...new Set(cuts.map((cut) => Math.min(cut, raw.length)))].sort((x, y) => x - y);
          const needles = needlesFor(secrets);
          let masker = new Masker(needles);
          let out = "";
          let at = 0;
          for (const place of [...places, raw.length]) {
            out += masker.push(raw.subarray(at, place)).toString();
            // A new process goes on from the last place where nothing was held.
            at = place - masker.heldBytes;
            masker = new Masker(needles);
          }
          masker.push(Buffer.alloc(0));
          const rest = new Masker(needles);
          const tail = rest.push(raw.subarray(at)).toString();
          assert.equal(out + tail + rest.flush().toString(), whole);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
