import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { layOut, type Box, type GraphNode } from "../../../web/src/graph/layout.ts";
import { graphOf } from "../../../web/src/graph/stages.ts";
import { aStage } from "../support/fixtures.ts";

function stage(id: string): GraphNode {
  return { kind: "stage", id, title: id, note: "2s", done: true };
}

const FORK: GraphNode = {
  kind: "sequence",
  items: [
    stage("checkout"),
    {
      kind: "parallel",
      title: "test",
      items: [
        stage("unit"),
        { kind: "sequence", items: [stage("build"), stage("integration")] },
        stage("lint"),
      ],
    },
    stage("push"),
  ],
};

function boxOf(boxes: readonly Box[], id: string): Box {
  const box = boxes.find((candidate) => candidate.id === id);
  assert.ok(box !== undefined, `no box ${id}`);
  return box;
}

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

describe("the drawing of a pipeline", () => {
  it("puts stages side by side that run one after another", () => {
    const { boxes } = layOut(FORK);
    const order = ["checkout", "build", "integration", "push"].map((id) => boxOf(boxes, id).x);
    assert.deepEqual(
      order.toSorted((a, b) => a - b),
      order,
    );
  });

  it("stacks branches that run at once, at the same place from the left", () => {
    const { boxes } = layOut(FORK);
    const [unit, build, lint] = ["unit", "build", "lint"].map((id) => boxOf(boxes, id));
    assert.equal(unit?.x, build?.x);
    assert.equal(unit?.x, lint?.x);
    assert.ok((unit?.y ?? 0) < (build?.y ?? 0) && (build?.y ?? 0) < (lint?.y ?? 0));
  });

  it("lets no two boxes overlap and keeps all of them inside", () => {
    const { boxes, width, height } = layOut(FORK);
    for (const [index, a] of boxes.entries()) {
      assert.ok(a.x >= 0 && a.y >= 0 && a.x + a.width <= width && a.y + a.height <= height);
      for (const b of boxes.slice(index + 1)) assert.ok(!overlap(a, b), `${a.id} and ${b.id}`);
    }
  });

  it("names a fork above its branches", () => {
    const { names, boxes } = layOut(FORK);
    assert.deepEqual(
      names.map((name) => name.title),
      ["test"],
    );
    assert.ok((names[0]?.y ?? 0) < boxOf(boxes, "unit").y);
  });

  it("takes the stages as the API lists them: flat, each naming its parent", () => {
    const root = graphOf(
      [
        aStage({ path: "a", name: "Checkout" }),
        aStage({ path: "b", name: "Test", kind: "parallel" }),
        aStage({ path: "b/1", parent: "b", name: "unit", kind: "branch" }),
        aStage({ path: "b/2", parent: "b", name: "lint", kind: "branch" }),
        aStage({ path: "b/2/x", parent: "b/2", name: "eslint" }),
        aStage({ path: "c", name: "Push", state: "not_built" }),
      ],
      () => "",
    );
    assert.equal(root.kind, "sequence");
    const { boxes, names } = layOut(root);
    assert.deepEqual(boxes.map((box) => box.id).toSorted(), ["a", "b/1", "b/2/x", "c"]);
    assert.deepEqual(
      names.map((name) => name.title),
      ["Test", "lint"],
    );
  });

  it("draws the way as passed over a stage that was left out, and as not passed behind a failure", () => {
    const passed = (first: "succeeded" | "failed", rest: "skipped" | "not_built"): readonly boolean[] =>
      layOut(
        graphOf(
          [
            aStage({ path: "a", state: first }),
            aStage({ path: "b", state: rest }),
            aStage({ path: "c", state: rest }),
          ],
          () => "",
        ),
      ).edges.map((edge) => edge.done);
    assert.ok(passed("succeeded", "skipped").every((done) => done));
    assert.ok(passed("failed", "skipped").every((done) => !done));
    assert.ok(passed("failed", "not_built").every((done) => !done));
  });

  it("draws a build without stages as nothing", () => {
    assert.deepEqual(layOut(graphOf([], () => "")).boxes, []);
  });
});
