import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { DEFAULT_LIMITS } from "../../../pipelines/interpreter/limits.ts";
import { Meter } from "../../../pipelines/interpreter/meter.ts";
import { Choices } from "../../../pipelines/interpreter/regex/choices.ts";
import { findMatch, matchStart } from "../../../pipelines/interpreter/regex/match.ts";
import { FailureMemory } from "../../../pipelines/interpreter/regex/memory.ts";
import { programOf } from "../../../pipelines/interpreter/regex/patterns.ts";
import { PatternValue } from "../../../pipelines/interpreter/values.ts";
import { valueOf } from "./support.ts";

const meter = (): Meter => new Meter(DEFAULT_LIMITS);

/** The texts of the groups of the first match; null when there is none. */
function found(source: string, text: string, flags = 0): (string | null)[] | null {
  const count = meter();
  const groups = findMatch(programOf(new PatternValue(source, flags), count), text, 0, count);
  return groups === null ? null : groups.map(({ start, end }) => (start < 0 ? null : text.slice(start, end)));
}

/** How many evaluations a match of the whole text takes. */
function cost(source: string, text: string): number {
  const count = meter();
  const program = programOf(new PatternValue(source), count);
  const before = count.used;
  matchStart(program, text, "at-end", count);
  return count.used - before;
}

describe("a regular expression", () => {
  it("finds what Java finds", () => {
    assert.deepEqual(found("(a+)(b?)", "xaab"), ["aab", "aa", "b"]);
    assert.deepEqual(found("(a)|(b)", "b"), ["b", null, "b"]);
    assert.deepEqual(found("a{2,3}?", "aaaa"), ["aa"]);
    assert.deepEqual(found("(?<name>\\d+)-\\k<name>", "12-12"), ["12-12", "12"]);
    assert.deepEqual(found("(?<=\\$)\\d+(?!\\d|\\.)", "a 12 $34"), ["34"]);
    assert.deepEqual(found("(?>a+)b", "aaab"), ["aaab"]);
    assert.deepEqual(found("a++a", "aaa"), null);
    assert.deepEqual(found("(?i)straße", "STRAßE"), ["STRAßE"]);
    assert.deepEqual(found("^b$", "a\nb\nc", 8), ["b"]);
    assert.deepEqual(found("[a-z&&[^b]]+", "abc"), ["a"]);
    assert.deepEqual(found("\\Qa.b\\E", "a.b"), ["a.b"]);
    assert.deepEqual(found("\\p{Lu}\\p{javaLowerCase}", "aBc"), ["Bc"]);
    assert.deepEqual(found("(a|ab)(c|bcd)(d*)", "abcd"), ["abcd", "a", "bcd", ""]);
  });

  it("goes on where it is asked to, and counts characters beyond 16 bits as one", () => {
    assert.deepEqual(valueOf("('a1b22' =~ /\\d+/).collect { it }"), ["1", "22"]);
    assert.deepEqual(found("^.$", "\u{1F600}"), ["\u{1F600}"]);
  });

  it("agrees with JavaScript's where both mean the same", () => {
    const atom = fc.constantFrom(
      "a",
      "b",
      ".",
      "[ab]",
      "[^a]",
      "(a)",
      "(a|b)",
      "(?:ab)",
      "(b*)",
      "(?=a)",
      "(?!b)",
    );
    const piece = fc
      .tuple(atom, fc.constantFrom("", "*", "+", "?", "{2}", "*?", "{1,2}"))
      .map(([one, many]) => (one.startsWith("(?=") || one.startsWith("(?!") ? one : one + many));
    const pattern = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join(""));
    const text = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 8 }).map((list) => list.join(""));
    fc.assert(
      fc.property(pattern, text, (source, subject) => {
        const ours = found(source, subject);
        const theirs = new RegExp(source, "u").exec(subject);
        assert.equal(ours?.[0] ?? null, theirs?.[0] ?? null, `${source} on ${subject}`);
      }),
      { numRuns: 2000 },
    );
  });

  it("takes a time that grows with the text, not with its square", () => {
    for (const source of ["(a+)+b", "(a|a)*b", "(a*)*b", "(?:a|aa)+b", "(.*)*x"]) {
      const [short, long] = [cost(source, "a".repeat(2_000)), cost(source, "a".repeat(20_000))];
      assert.ok(long < short * 15, `${source}: ${short}, ${long}`);
    }
  });

  it("counts the compiling of a pattern once for each script", () => {
    const count = meter();
    const pattern = new PatternValue("(a|b){1,40}");
    programOf(pattern, count);
    const first = count.used;
    assert.ok(first > 100);
    programOf(pattern, count);
    assert.equal(count.used, first);
    const other = meter();
    programOf(pattern, other);
    assert.equal(other.used, first);
  });

  it("forgets the oldest of many patterns, and none is lost by it", () => {
    const count = meter();
    for (let i = 0; i < 200; i += 1) programOf(new PatternValue(`(a|b){1,900}${i}`), count);
    const again = programOf(new PatternValue("(a|b){1,900}0"), count);
    assert.notEqual(matchStart(again, "ab0", "at-end", count), null);
  });
});

describe("the memory of failures", () => {
  it("knows what was tried, until it forgets", () => {
    const memory = FailureMemory.of(10, 100, true, meter());
    assert.ok(memory !== null);
    assert.deepEqual(
      [memory.visit(3, 50), memory.visit(3, 50), memory.visit(3, 51), memory.visit(4, 50)],
      [false, true, false, false],
    );
    memory.forget();
    assert.equal(memory.visit(3, 50), false);
  });

  it("is not made where it would be too large", () => {
    assert.equal(FailureMemory.of(20_000, 16_000_000, false, meter()), null);
  });
});

describe("the choices of a match", () => {
  it("come back last in, first out, as they grow", () => {
    const choices = new Choices();
    for (let i = 0; i < 1000; i += 1) choices.push(-i, i);
    for (let i = 999; i >= 0; i -= 1) {
      assert.deepEqual(
        [choices.first, choices.second],
        [-i + 0, i].map((n) => n + 0),
      );
      choices.drop();
    }
    assert.ok(choices.isEmpty);
  });
});
