import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { startWorld, type World } from "./support/world.ts";

describe("what a failing step leaves on the page", function () {
  this.timeout(60_000);
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  it("is the line of its log that says why, and stages behind it that were not built", async () => {
    await world.begin();
    const build = await world.build(
      `pipeline { agent none
        stages {
          stage('One') { steps { echo 'fine'\n error 'the cart is empty' } }
          stage('Two') { stages { stage('Inner') { steps { echo 'never' } } } }
          stage('Three') { when { expression { false } }\n steps { echo 'never' } }
        } }`,
    );
    assert.equal(await world.ends(build), "failed");
    const steps = await world.base.db
      .selectFrom("steps")
      .select(["name", "state", "failingLine"])
      .where("buildId", "=", build)
      .orderBy("stepNo")
      .execute();
    assert.deepEqual(steps, [
      { name: "echo", state: "succeeded", failingLine: null },
      { name: "error", state: "failed", failingLine: 1 },
    ]);
    const stages = await world.base.db
      .selectFrom("stages")
      .select(["name", "state"])
      .where("buildId", "=", build)
      .orderBy("no")
      .execute();
    assert.deepEqual(
      stages.map(({ name, state }) => `${name} ${state}`),
      ["One failed", "Two not_built", "Inner not_built", "Three not_built"],
    );
  });
});
