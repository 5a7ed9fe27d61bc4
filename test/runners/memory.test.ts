import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { NO_LIMITS, TestSession, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

const LIMIT_MIB = 24;
/** Grows until the kernel ends it. */
const HUNGRY = "x=0123456789abcdef; while :; do x=$x$x; done";

describe("a container whose memory runs out", function () {
  this.timeout(180_000);
  let world: World;

  before(async () => {
    world = await startWorld();
  });
  after(async () => {
    await world.stop();
  });

  async function aSession(): Promise<TestSession> {
    const session = new TestSession(world);
    await session.begin({ limits: { ...NO_LIMITS, memoryBytes: LIMIT_MIB * 1024 * 1024 } });
    return session;
  }

  it("F40: says so in the log of a script that went on and ended well, with limit and peak", async () => {
    const session = await aSession();
    const step = await session.sh(`#!/bin/sh\nsh -c '${HUNGRY}'\necho went on\nexit 0\n`);
    assert.equal(step.exit, 0);
    assert.equal(step.oom, true, step.log);
    assert.equal(step.memory?.limitBytes, LIMIT_MIB * 1024 * 1024);
    assert.match(step.log, /^went on$/mu);
    assert.match(
      step.log,
      /^\[Sluice: the container ran out of memory, and the kernel killed a process of it \(limit 24 MiB, peak [\d.]+ MiB\)\]$/mu,
    );
    const next = await session.sh("#!/bin/sh\necho calm\n");
    assert.deepEqual([next.oom, next.memory, next.log], [false, undefined, "calm\n"]);
    await session.close();
  });

  it("F40: is told apart from a script that was killed by somebody else", async () => {
    const session = await aSession();
    const eaten = await session.sh(`#!/bin/sh\n${HUNGRY}\n`);
    assert.deepEqual([eaten.exit, eaten.oom], [137, true]);
    const killed = await session.sh("#!/bin/sh\nkill -9 $$\n");
    assert.deepEqual([killed.exit, killed.oom], [137, false]);
    await session.close();
  });

  it("F41: is the reason when its first process is killed, with limit and peak", async () => {
    const session = await aSession();
    // Files in memory belong to no process, so the kernel takes the one that was made the first to go: what carries the steps.
    const id = session.exec(
      `#!/bin/sh\nfor p in $(pgrep -f supervisor) 1; do echo 1000 >/proc/$p/oom_score_adj; done\nhead -c 100000000 /dev/zero >/tmp/eaten\n`,
    );
    const outcome = await world.server.outcome(id);
    assert.ok(!outcome.ok, JSON.stringify(outcome));
    assert.deepEqual([outcome.failure.code, outcome.failure.fault], ["oom", "command"]);
    assert.match(outcome.failure.message, /ran out of memory and was killed \(limit 24 MiB, peak 24 MiB\)/);
    await session.close();
  });
});
