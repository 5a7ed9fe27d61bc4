import assert from "node:assert/strict";

import { describe, it } from "mocha";

import { readBenchOptions, USUAL_PARTS } from "../../scripts/bench/arguments.ts";
import { judge, lineOf, statusOf } from "../../scripts/bench/report.ts";
import type { Measure } from "../../scripts/bench/report.ts";
import { longFile, manyStages } from "../../scripts/bench/language-samples.ts";
import { spreadOf } from "../../scripts/bench/statistics.ts";
import { lint } from "../../pipelines/lint.ts";

function aRatio(more: Partial<Extract<Measure, { kind: "ratio" }>> = {}): Measure {
  return {
    kind: "ratio",
    name: "a thing",
    unit: "ms",
    product: [130, 120, 900],
    beside: "its floor",
    floor: [100, 90, 400],
    goal: { atMost: 1.3 },
    ...more,
  };
}

describe("the bench's arguments", () => {
  it("ask for everything when nothing is said, and check nothing", () => {
    assert.deepEqual(readBenchOptions([]), { parts: USUAL_PARTS, check: false, rounds: 10 });
  });

  it("ask for one part, for rounds and for the check", () => {
    const options = readBenchOptions(["--only", "pipeline", "--rounds", "3", "--check"]);
    assert.deepEqual(options, { parts: ["pipeline"], check: true, rounds: 3 });
  });

  it("are refused in words when they name no part, no number, or nothing known", () => {
    assert.equal(readBenchOptions(["--only", "web"]), '--only takes pipeline, language, accept, not "web"');
    assert.equal(readBenchOptions(["--rounds", "0"]), "--rounds takes a number from 1 on");
    const refusal = readBenchOptions(["--quick"]);
    assert.ok(typeof refusal === "string" && refusal.includes("--quick"));
  });
});

describe("the bench's report", () => {
  it("compares the medians, so that one busy moment decides nothing", () => {
    const verdict = judge(aRatio());
    assert.equal(verdict.figure, 1.3);
    assert.equal(verdict.met, true);
  });

  it("misses a goal from above and from below", () => {
    assert.equal(judge(aRatio({ goal: { atMost: 1.29 } })).met, false);
    assert.equal(judge(aRatio({ goal: { atLeast: 1.31 } })).met, false);
    assert.equal(judge(aRatio({ goal: { atLeast: 1.3 } })).met, true);
  });

  it("holds a figure without a floor against its own unit", () => {
    const verdict = judge({
      kind: "plain",
      name: "lint",
      unit: "ms",
      product: [7, 5, 6],
      goal: { atMost: 5 },
    });
    assert.equal(verdict.figure, 6);
    assert.equal(verdict.met, false);
    assert.equal(lineOf(verdict), "missed lint: 6.00 ms (goal <= 5 ms): 6.00 ms [5.00-7.00]");
  });

  it("holds the worst round against the goal where that is what counts", () => {
    const lost: Measure = {
      kind: "plain",
      name: "lost",
      unit: "pushes",
      product: [0, 0, 1],
      goal: { atMost: 0 },
      most: true,
    };
    assert.equal(judge(lost).met, false);
    assert.equal(judge({ ...lost, product: [0, 0, 0] }).met, true);
  });

  it("shows the ratio, both sides with their ends, and what is to be known of it", () => {
    assert.equal(
      lineOf(judge(aRatio({ note: "the first: 900 ms" }))),
      "ok     a thing: 1.30x (goal <= 1.3x): 130 ms [120-900] beside its floor 100 ms [90.0-400]; the first: 900 ms",
    );
  });

  it("ends with 1 only when a goal is missed and that was to be checked", () => {
    const missed = judge(aRatio({ goal: { atMost: 1 } }));
    assert.equal(statusOf([judge(aRatio()), missed], true), 1);
    assert.equal(statusOf([missed], false), 0);
    assert.equal(statusOf([judge(aRatio())], true), 0);
  });

  it("takes the middle of an even number of figures between the two, and refuses none at all", () => {
    assert.deepEqual(spreadOf([4, 1, 3, 2]), { median: 2.5, least: 1, most: 4 });
    assert.throws(() => spreadOf([]), /without figures/);
  });
});

describe("the bench's samples", () => {
  it("are of the size they are said to be, and valid", () => {
    assert.equal(longFile().split("\n").length, 200);
    assert.equal(manyStages().match(/stage\(/g)?.length, 300);
    for (const text of [longFile(), manyStages()]) assert.deepEqual(lint(text), []);
  });
});
