import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { compareTags, nextTag, parseTagGrammar, readTag } from "../../../server/projects/tag-grammar.ts";
import type { TagGrammar, TagReading } from "../../../server/projects/tag-grammar.ts";

function grammar(source: string): TagGrammar {
  const parsed = parseTagGrammar(source);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.grammar;
}

function fieldsOf(reading: TagReading): Readonly<Record<string, string>> {
  assert.equal(reading.kind, "match");
  return reading.kind === "match" ? reading.fields : {};
}

const RELEASE = "release-v{version}.{month}.{date}.{order}";

describe("a tag grammar", () => {
  it("reads fields as written, padding kept", () => {
    assert.deepEqual(fieldsOf(readTag(grammar(RELEASE), "release-v5.12.05.02")), {
      version: "5",
      month: "12",
      date: "05",
      order: "02",
    });
  });

  for (const [tag, kind, message] of [
    ["release-v5.13.05.02", "rejected", /month 13 is not 1\.\.12/u],
    ["release-v5.2.05.02", "rejected", /month "2" has 1 digit, not 2/u],
    ["release-v5.02.30.02", "rejected", /no day of the calendar/u],
    ["release-v5.12.05", "rejected", /"\." expected/u],
    ["release-v5.12.05.02x", "rejected", /more than the grammar has/u],
    ["release-v5.12.05.1234567890", "rejected", /more than 9 digits/u],
    ["v1", "other", /^$/u],
    ["xrelease-v5.12.05.02", "other", /^$/u],
  ] as const) {
    it(`says what it thinks of ${tag}`, () => {
      const reading = readTag(grammar(RELEASE), tag);
      assert.equal(reading.kind, kind);
      assert.match(reading.kind === "rejected" ? reading.message : "", message);
    });
  }

  it("has widths, ranges, text and one optional tail", () => {
    const one = grammar("v{major:2,1..12}-{name:text}[+{build:1..3}]");
    assert.deepEqual(fieldsOf(readTag(one, "v07-beta_2")), { major: "07", name: "beta_2" });
    assert.deepEqual(fieldsOf(readTag(one, "v07-x+3")), { major: "07", name: "x", build: "3" });
    assert.equal(readTag(one, "v07-x+4").kind, "rejected");
    assert.equal(readTag(one, "v13-x").kind, "rejected");
  });

  for (const [source, message] of [
    ["{a}{b}", /literal text between/u],
    ["v", /at least one field/u],
    ["v{a", /has no \}/u],
    ["v{a}[.{b}]x", /nothing may follow/u],
    ["v{a}[.{b}", /has no \]/u],
    ["v{a}.{a}", /there twice/u],
    ["v{a:9..1}", /upside down/u],
    ["v{1}", /is no field/u],
  ] as const) {
    it(`refuses ${source} in words`, () => {
      const parsed = parseTagGrammar(source);
      assert.match(parsed.ok ? "" : parsed.message, message);
    });
  }

  it("orders tags field by field, numbers as numbers, a missing tail first", () => {
    const one = grammar("v{a}.{b}[.{c}]");
    const tags = ["v1.10", "v1.9.1", "v1.9", "v1.2.3", "v2.0"].map((tag) => fieldsOf(readTag(one, tag)));
    const sorted = tags
      .toSorted((left, right) => compareTags(one, left, right))
      .map((fields) => Object.values(fields).join("."));
    assert.deepEqual(sorted, ["1.2.3", "1.9", "1.9.1", "1.10", "2.0"]);
  });

  it("names the next tag: one more today, the first of a new day", () => {
    const one = grammar(RELEASE);
    const latest = fieldsOf(readTag(one, "release-v5.12.05.02"));
    assert.equal(nextTag(one, latest, { year: 2026, month: 12, day: 5 }), "release-v5.12.05.03");
    assert.equal(nextTag(one, latest, { year: 2026, month: 12, day: 6 }), "release-v5.12.06.01");
  });

  it("is never slow on a hostile tag", () => {
    const one = grammar("v{a:text}-x{b}");
    assert.equal(readTag(one, `v${"-x".repeat(100_000)}`).kind, "rejected");
  });
});
