import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { nameWithin, stepOfStage, stepToOpen, wordsOf } from "../../../web/src/pages/build/step-to-open.ts";
import { aFailure, aStage, aStep } from "../support/fixtures.ts";

const done = aStep({ n: 1, stage: "a", state: "succeeded" });
const broken = aStep({ n: 2, stage: "b", state: "failed" });
const after = aStep({ n: 3, stage: "b", state: "succeeded" });
const running = aStep({ n: 4, stage: "c", state: "running", endedAtMs: null });

describe("the step that is opened when nobody has chosen one", () => {
  it("is the failing one of a failed build", () => {
    const stages = [aStage({ path: "a", steps: [done] }), aStage({ path: "b", steps: [broken, after] })];
    assert.equal(stepToOpen({ state: "failed", stages, steps: [], failure: aFailure({ step: 2 }) })?.n, 2);
  });

  it("is the running one of a running build", () => {
    const stages = [aStage({ path: "a", steps: [done] }), aStage({ path: "c", steps: [running] })];
    assert.equal(stepToOpen({ state: "running", stages, steps: [], failure: null })?.n, 4);
  });

  it("is else the last one that said something", () => {
    const silent = aStep({ n: 5, stage: "a", logBytes: 0 });
    const stages = [aStage({ path: "a", steps: [done, silent] })];
    assert.equal(stepToOpen({ state: "succeeded", stages, steps: [], failure: null })?.n, 1);
  });

  it("is none where there is none", () => {
    assert.equal(stepToOpen({ state: "queued", stages: [], steps: [], failure: null }), undefined);
  });
});

describe("the step a stage leads to", () => {
  it("is the failed one, and for a stage that only holds others one of theirs", () => {
    const outer = aStage({ path: "p", kind: "parallel" });
    const inner = aStage({ path: "p/b", parent: "p", steps: [done, broken] });
    assert.equal(stepOfStage(outer, [outer, inner])?.n, 2);
  });
});

describe("what a step is called", () => {
  it("is its label, with the step's name where the label alone would not tell", () => {
    const said = [
      { name: "sh", label: "npm test" },
      { name: "junit", label: "report.xml" },
      { name: "docker push", label: "docker push shop/web" },
      { name: "checkout", label: "" },
    ].map(wordsOf);
    assert.deepEqual(said, ["npm test", "junit report.xml", "docker push shop/web", "checkout"]);
  });
});

describe("the name of a stage below another", () => {
  it("leaves out the name of the matrix that its cell is of", () => {
    const matrix = { name: "Matrix" };
    assert.equal(nameWithin({ name: "Matrix - P = 'a'" }, matrix), "P = 'a'");
    assert.equal(nameWithin({ name: "Deploy" }, matrix), "Deploy");
    assert.equal(nameWithin({ name: "Matrix - P = 'a'" }, undefined), "Matrix - P = 'a'");
  });
});
