import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { afterEach, describe, it } from "mocha";
import { Engine } from "../../runners/docker/engine.ts";
import { ensureSharedBridge } from "../../runners/docker/network.ts";
import { dockerForTests, engineAddress } from "../support/services/docker.ts";

describe("the bridge of a runner", function () {
  this.timeout(120_000);
  const docker: Docker = dockerForTests();
  const instance = `t${randomBytes(4).toString("hex")}`;
  const engines: Engine[] = [];

  afterEach(async () => {
    for (const { Id } of await ours()) await docker.getNetwork(Id).remove();
    for (const engine of engines.splice(0)) engine.close();
  });

  async function ours() {
    return await docker.listNetworks({ filters: { label: [`sluice.instance=${instance}`] } });
  }

  function anEngine(): Engine {
    const engine = new Engine(engineAddress());
    engines.push(engine);
    return engine;
  }

  it("is one, whoever makes it in the same moment", async () => {
    const runners = Array.from({ length: 4 }, anEngine);
    const ids = await Promise.all(runners.map((engine) => ensureSharedBridge(engine, instance, "north")));
    assert.equal(new Set(ids).size, 1);
    assert.deepEqual(
      (await ours()).map(({ Id }) => Id),
      [ids[0]],
    );
  });

  it("is its own on an engine that others work on", async () => {
    const [north, south] = await Promise.all(
      ["north", "south"].map((runner) => ensureSharedBridge(anEngine(), instance, runner)),
    );
    assert.notEqual(north, south);
    assert.equal((await ours()).length, 2);
  });

  it("is the oldest where the engine has got two of that name", async () => {
    for (let time = 0; time < 2; time += 1) {
      await docker.createNetwork({
        Name: `sl-${instance}-at-north`,
        CheckDuplicate: false,
        Labels: { "sluice.instance": instance },
      });
    }
    const [one, other] = await Promise.all([
      ensureSharedBridge(anEngine(), instance, "north"),
      ensureSharedBridge(anEngine(), instance, "north"),
    ]);
    assert.equal(one, other);
  });
});
