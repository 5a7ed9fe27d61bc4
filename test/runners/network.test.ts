import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { afterEach, describe, it } from "mocha";
import { Engine } from "../../runners/docker/engine.ts";
import { ensureSharedBridge } from "../../runners/docker/network.ts";
import { dockerForTests, engineAddress } from "../support/services/docker.ts";

describe("the bridge that runners on one engine share", function () {
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
    const ids = await Promise.all(runners.map((engine) => ensureSharedBridge(engine, instance)));
    assert.equal(new Set(ids).size, 1);
    assert.deepEqual(
      (await ours()).map(({ Id }) => Id),
      [ids[0]],
    );
  });

  it("is the same for all where an engine has got two of that name", async () => {
    for (let time = 0; time < 2; time += 1) {
      await docker.createNetwork({
        Name: `sl-${instance}`,
        CheckDuplicate: false,
        Labels: { "sluice.instance": instance },
      });
    }
    const [one, other] = await Promise.all([
      ensureSharedBridge(anEngine(), instance),
      ensureSharedBridge(anEngine(), instance),
    ]);
    assert.equal(one, other);
  });
});
