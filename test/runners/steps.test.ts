import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { TestSession, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

describe("steps in a container", function () {
  this.timeout(300_000);
  let world: World;
  let session: TestSession;

  before(async () => {
    world = await startWorld();
    session = new TestSession(world);
    await session.begin();
  });
  after(async () => {
    await world.stop();
  });

  it("gives a script's output and exit code", async () => {
    const step = await session.sh("echo hello\nexit 3\n");
    assert.equal(step.exit, 3);
    assert.equal(step.log, "+ echo hello\nhello\n+ exit 3\n");
  });
});
