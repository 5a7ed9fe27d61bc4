import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, it } from "mocha";
import { until } from "../support/services/until.ts";
import { TestSession, expectOk, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

describe("the runner link", function () {
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

  it("kill point 24: stores each byte of a log once though answers are lost", async () => {
    let broken = 0;
    world.server.breakAfterPut = () => {
      broken += 1;
      return broken % 2 === 1 && broken < 12;
    };
    const step = await session.sh("#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8; do echo line $i; sleep 0.05; done\n");
    world.server.breakAfterPut = null;
    assert.equal(step.log, [1, 2, 3, 4, 5, 6, 7, 8].map((i) => `line ${String(i)}\n`).join(""));
    assert.ok(world.server.puts.some((put) => put.status === 409));
  });

  it("goes on where the server is, and says how much it lost", async () => {
    const id = session.exec("#!/bin/sh\necho first\nuntil [ -e go ]; do sleep 0.05; done\necho second\n");
    await until("the first line is stored", () => world.server.log(id) === "first\n");
    world.server.logs.set(id, Buffer.from("fir"));
    await session.sh("touch go\n");
    await session.ended(id);
    assert.equal(
      world.server.log(id),
      "fir\n[Sluice: 3 bytes of this log were stored and are gone from the server]\nsecond\n",
    );
  });

  it("tells an end until it is acked, and the server sees the same end", async () => {
    world.server.breakAfterEvents = 3;
    const id = session.exec("#!/bin/sh\nexit 8\n");
    const step = await session.ended(id);
    await until(
      "the event was told again",
      () => world.server.endedCount(id) >= 2 || world.server.breakAfterEvents === 0,
    );
    assert.equal(step.exit, 8);
    const ends = world.server.events.filter((event) => event.type === "ended" && event.command === id);
    for (const end of ends) assert.deepEqual({ ...end, no: 0 }, { ...ends[0], no: 0 });
  });

  it("kill point 7: takes up commands that were sent while the stream was broken", async () => {
    world.server.breakStream();
    const step = await session.sh("echo here\n");
    assert.equal(step.exit, 0);
  });

  it("reads a blob whole although the line breaks in its middle", async () => {
    const bytes = randomBytes(300_000);
    const blob = createHash("sha256").update(bytes).digest("hex");
    world.server.blobs.set(blob, bytes);
    world.server.breakBlobs = 2;
    const data = { kind: "blob" as const, blob, bytes: bytes.length };
    const operation = { op: "write" as const, path: "copy", data, append: false };
    expectOk(await session.run({ id: session.command(), type: "file", cwd: "/sluice/src", operation }));
    const step = await session.sh("#!/bin/sh\nsha256sum <copy\n");
    assert.equal(step.log, `${blob}  -\n`);
    assert.equal(world.server.breakBlobs, 0);
  });

  it("keeps commands for a runner that is away", async () => {
    await world.runner.stop();
    const id = session.exec("echo later\n");
    await world.start();
    assert.equal((await session.ended(id)).exit, 0);
  });
});

describe("a runner whose key is not valid", function () {
  this.timeout(60_000);

  it("ends, saying so", async () => {
    const world = await startWorld({ run: false });
    try {
      Object.defineProperty(world.server, "key", { value: "another" });
      const { startRunner } = await import("../../runners/main.ts");
      const { engineAddress } = await import("../support/services/docker.ts");
      const runner = await startRunner({
        url: world.server.url,
        key: "wrong",
        dataFolder: world.dataFolder,
        memoryFolder: world.memoryFolder,
        dockerHost: engineAddress(),
        labels: [],
        places: 1,
        log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
      });
      await assert.rejects(runner.ended, /key/);
      await runner.stop();
    } finally {
      await world.stop();
    }
  });

  it("does not share its data folder with another runner", async () => {
    const world = await startWorld();
    try {
      await assert.rejects(world.start(), /another runner/);
    } finally {
      await world.stop();
    }
  });
});
