import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { until } from "../support/services/until.ts";
import { NO_LIMITS, TestSession, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

const HEAD = 100_000;
const TAIL = 40_000;

describe("a step that writes more than is kept", function () {
  this.timeout(180_000);
  let world: World;
  let session: TestSession;

  before(async () => {
    world = await startWorld();
    session = new TestSession(world);
    await session.begin({ limits: { ...NO_LIMITS, logHeadBytes: HEAD, logTailBytes: TAIL } });
  });
  after(async () => {
    await world.stop();
  });

  function check(log: string, total: number): void {
    assert.equal(log.slice(0, HEAD), linesUpTo(40_000).slice(0, HEAD));
    const notice = /\n\[Sluice: (\d+) lines, (\d+) bytes cut here: [^\n]*\]\n/.exec(log);
    assert.ok(notice !== null, log.slice(HEAD, HEAD + 200));
    const tail = log.slice(notice.index + notice[0].length);
    assert.equal(HEAD + Number(notice[2]) + tail.length, total, "every byte is kept or counted");
    assert.ok(tail.length <= TAIL);
  }

  it("keeps its head and its end, and counts what is between", async () => {
    const step = await session.sh("#!/bin/sh\nseq 1 300000\nexit 5\n");
    assert.equal(step.exit, 5);
    assert.ok(step.log.endsWith("\n299999\n300000\n"));
    check(step.log, linesUpTo(300_000).length);
  });

  it("keeps and counts the same when the runner changes in the middle", async () => {
    const id = session.exec(
      "#!/bin/sh\nseq 1 4000000; until [ -e go ]; do sleep 0.05; done; seq 4000001 4200000; exit 6\n",
    );
    for (let i = 0; i < 3; i += 1) {
      await until("the head is stored", () => world.server.log(id).length >= HEAD);
      await world.restart();
    }
    await session.sh("touch go\n");
    const step = await session.ended(id);
    assert.equal(step.exit, 6);
    const log = world.server.log(id);
    assert.ok(log.endsWith("\n4200000\n"));
    check(log, linesUpTo(4_200_000).length);
  });

  it("is stored whole where it fits", async () => {
    const step = await session.sh("#!/bin/sh\nseq 1 10000\n");
    assert.equal(step.log, linesUpTo(10_000));
  });
});

function linesUpTo(last: number): string {
  return Array.from({ length: last }, (_none, i) => `${String(i + 1)}\n`).join("");
}
