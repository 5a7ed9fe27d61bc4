import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "mocha";
import { startRunner } from "../../runners/main.ts";
import type { StartedRunner } from "../../runners/main.ts";
import { engineAddress } from "../support/services/docker.ts";
import { temporaryFolder } from "../support/services/folder.ts";
import { until } from "../support/services/until.ts";
import { TestSession, logInto, startWorld } from "./support/world.ts";
import type { World } from "./support/world.ts";

describe("two runners on one engine", function () {
  this.timeout(180_000);
  let world: World;
  let second: StartedRunner | null = null;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;

  before(async () => {
    world = await startWorld();
    folder = await temporaryFolder("second-runner");
  });
  after(async () => {
    await second?.stop();
    await world.stop();
    await folder.remove();
  });

  async function startSecond(): Promise<void> {
    second = await startRunner({
      url: world.server.url,
      key: world.server.key,
      dataFolder: folder.path,
      memoryFolder: path.join(folder.path, "memory"),
      dockerHost: engineAddress(),
      labels: [],
      places: 4,
      log: logInto(world.complaints),
      agentImage: world.image,
    });
    await world.server.connected();
  }

  it("do not take each other's containers for their own when a session goes from one to the other", async () => {
    const session = new TestSession(world);
    const nonce = "0123456789abcdef01234567";
    await session.begin({ nonce });
    await session.sh("#!/bin/sh\ntouch of-the-first\n");
    await world.runner.stop();
    world.server.raiseFence(session.id);
    await startSecond();
    await session.begin({ nonce });
    assert.equal((await session.sh("#!/bin/sh\nls | wc -l; touch of-the-second\n")).log, "0\n");
    await second?.stop();

    // The first is back, hears that the session is not its own, and takes away what is left of it and nothing else.
    await world.start();
    await until("the first one has closed it", async () => {
      return (await readdir(path.join(world.dataFolder, "sessions"))).length === 0;
    });
    await world.runner.stop();
    await startSecond();
    assert.equal((await session.sh("#!/bin/sh\nls\n")).log, "of-the-second\n");
    await session.close();
  });
});
