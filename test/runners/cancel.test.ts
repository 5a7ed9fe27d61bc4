import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { TestSession, expectOk, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";
import { until } from "../support/services/until.ts";

describe("cancelling a step", function () {
  this.timeout(180_000);
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

  async function cancelOnce(
    script: string,
    graceMs: number,
  ): Promise<Awaited<ReturnType<TestSession["ended"]>>> {
    const id = session.exec(script);
    await until("the step says that it runs", () => world.server.log(id).includes("running"));
    expectOk(await session.run({ id: session.command(), type: "cancel", command: id, graceMs }));
    return session.ended(id);
  }

  it("asks first: a script that obeys TERM ends with 143", async () => {
    const step = await cancelOnce("#!/bin/sh\necho running\nsleep 300\n", 60_000);
    assert.equal(step.exit, 143);
    assert.ok(step.cancelled);
  });

  it("lets a script that handles TERM choose its own code", async () => {
    const step = await cancelOnce(
      "#!/bin/sh\ntrap 'echo bye; exit 9' TERM\necho running\nwhile :; do sleep 0.1; done\n",
      60_000,
    );
    assert.equal(step.exit, 9);
    assert.ok(step.cancelled);
  });

  it("kills after the grace what ignores TERM", async () => {
    const step = await cancelOnce(
      "#!/bin/sh\ntrap '' TERM\necho running\nwhile :; do sleep 0.1; done\n",
      200,
    );
    assert.equal(step.exit, 137);
  });

  it("finds what left the step's process group", async () => {
    await cancelOnce("#!/bin/sh\nsetsid sleep 4242 &\nsetsid sleep 4242 &\necho running\nsleep 300\n", 100);
    const left = await session.sh("#!/bin/sh\nps | grep 'sleep 424[2]' || echo none\n");
    assert.equal(left.log, "none\n");
  });

  it("does not touch the session's other steps", async () => {
    const other = session.exec(
      "#!/bin/sh\necho here\nuntil [ -e /sluice/src/go ]; do sleep 0.05; done\nexit 5\n",
    );
    await until("the other step runs", () => world.server.log(other).includes("here"));
    await cancelOnce("#!/bin/sh\necho running\nsleep 300\n", 100);
    await session.sh("touch /sluice/src/go\n");
    assert.equal((await session.ended(other)).exit, 5);
  });

  it("is harmless for a step that is over or unknown", async () => {
    const step = session.exec("true\n");
    await session.ended(step);
    expectOk(await session.run({ id: session.command(), type: "cancel", command: step, graceMs: 0 }));
    expectOk(await session.run({ id: session.command(), type: "cancel", command: "b9.9", graceMs: 0 }));
    assert.equal(world.server.endedCount(step), 1);
  });

  it("is heard when it comes together with what it cancels", async () => {
    const other = new TestSession(world);
    const opening = other.open();
    const entering = other.container();
    const cancelling = other.command();
    other.send({ id: cancelling, type: "cancel", command: entering, graceMs: 0 });
    expectOk(await world.server.outcome(opening));
    const outcome = await world.server.outcome(entering);
    assert.equal(outcome.ok ? "entered" : outcome.failure.code, "cancelled");
    await other.close();
  });
});
