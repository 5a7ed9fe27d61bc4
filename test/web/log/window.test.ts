import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import {
  atEnd,
  atStart,
  EMPTY,
  firstLine,
  holds,
  lastLine,
  MAX_LINES,
  merge,
  type LogWindow,
  type Range,
} from "../../../web/src/log/window.ts";

/** What the server answers for a range: begun at the beginning of a line, with that line's number. */
function rangeOf(log: string, from: number, to: number): Range {
  const startByte = from === 0 ? 0 : log.lastIndexOf("\n", from - 1) + 1;
  const endByte = Math.min(log.length, Math.max(to, startByte));
  const text = log.slice(startByte, endByte);
  const firstNumber = log.slice(0, startByte).split("\n").length;
  return {
    startByte,
    endByte,
    sizeBytes: log.length,
    firstLine: firstNumber,
    text,
    complete: true,
    missingBytes: 0,
  };
}

function linesOf(window: LogWindow): string[] {
  return window.blocks.flatMap((block) =>
    block.lines.map((line) => line.spans.map((span) => span.text).join("")),
  );
}

function numbersOf(window: LogWindow): number[] {
  return window.blocks.flatMap((block) => block.lines.map((line) => line.number));
}

describe("the part of a log that is held", () => {
  it("is the whole log after it was read on in pieces of any size", () => {
    const line = fc.string({ unit: fc.constantFrom("a", "b", " "), maxLength: 8 });
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 60 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        fc.boolean(),
        (lines, steps, closed) => {
          const log = lines.join("\n") + (closed ? "\n" : "");
          let window = EMPTY;
          for (let at = 0, turn = 0; at < log.length; turn += 1) {
            const to = at + (steps[turn % steps.length] ?? 1);
            window = merge(window, rangeOf(log, at, to));
            at = Math.min(log.length, to);
          }
          const wanted = log.split("\n");
          if (wanted.at(-1) === "") wanted.pop();
          assert.deepEqual(linesOf(window), wanted);
          assert.deepEqual(
            numbersOf(window),
            wanted.map((_, index) => index + 1),
          );
          assert.ok(atEnd(window) && atStart(window));
        },
      ),
    );
  });

  it("is the whole log after it was read backwards from its end", () => {
    const log = Array.from({ length: 50 }, (_, index) => `line ${index + 1}`).join("\n");
    let window = merge(EMPTY, rangeOf(log, 300, log.length));
    while (!atStart(window)) {
      const start = window.blocks[0]?.startByte ?? 0;
      window = merge(window, rangeOf(log, Math.max(0, start - 37), start));
    }
    assert.equal(linesOf(window).join("\n"), log);
    assert.equal(firstLine(window), 1);
    assert.equal(lastLine(window), 50);
  });

  it("replaces an unfinished last line when more of it comes", () => {
    let window = merge(EMPTY, rangeOf("one\ntw", 0, 6));
    window = merge(window, rangeOf("one\ntwo\nthree\n", 6, 14));
    assert.deepEqual(linesOf(window), ["one", "two", "three"]);
  });

  it("takes a range from elsewhere instead of making a hole", () => {
    const log = Array.from({ length: 100 }, (_, index) => `line ${index + 1}`).join("\n");
    const window = merge(merge(EMPTY, rangeOf(log, 0, 50)), rangeOf(log, 400, 450));
    assert.ok(!holds(window, 1));
    assert.ok(holds(window, firstLine(window)));
    assert.ok(!atStart(window) && !atEnd(window));
  });

  it("changes nothing when it is given what it holds", () => {
    const window = merge(EMPTY, rangeOf("a\nb\n", 0, 4));
    assert.deepEqual(merge(window, rangeOf("a\nb\n", 2, 4)).blocks, window.blocks);
  });

  it("never holds much more than its limit, and stays without a gap", () => {
    const log = "x\n".repeat(MAX_LINES * 2);
    let window = EMPTY;
    for (let at = 0; at < log.length; at += 8000) window = merge(window, rangeOf(log, at, at + 8000));
    const numbers = numbersOf(window);
    assert.ok(numbers.length <= MAX_LINES);
    assert.equal(numbers.at(-1), MAX_LINES * 2);
    assert.equal((numbers.at(-1) ?? 0) - (numbers[0] ?? 0) + 1, numbers.length);
  });

  it("stays few blocks while a log grows line by line", () => {
    let log = "";
    let window = EMPTY;
    for (let line = 0; line < 400; line += 1) {
      const from = log.length;
      log += `line ${line}\n`;
      window = merge(window, rangeOf(log, from, log.length));
    }
    assert.equal(lastLine(window), 400);
    assert.ok(window.blocks.length <= 2);
  });
});
