import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { startEngineProxy } from "../support/services/engine-proxy.ts";
import type { EngineProxy } from "../support/services/engine-proxy.ts";
import { dockerForTests } from "../support/services/docker.ts";
import { busyboxImage } from "../support/services/images.ts";
import { createSwarmService } from "../support/services/swarm-service.ts";
import type { SwarmService } from "../support/services/swarm-service.ts";
import { joinOrMakeSwarm } from "../support/services/swarm.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";
import { createStops } from "../support/stops.ts";

/** No task is ever started of it, so nobody looks whether it is anywhere. */
const IMAGE = `localhost:1/shop/web:1@sha256:${"1".repeat(64)}`;

describe("a deployment under a server that dies", function () {
  this.timeout(300_000);
  const stops = createStops();
  let proxy: EngineProxy;
  let idle: SwarmService;
  let spine: Spine;

  before(async () => {
    const docker = dockerForTests();
    const image = await busyboxImage(docker);
    const swarm = await joinOrMakeSwarm(docker);
    stops.add(() => swarm.leave());
    proxy = await startEngineProxy();
    stops.add(() => proxy.stop());
    idle = await createSwarmService(docker, { name: `sluice-dies-${process.pid}`, image, replicas: 0 });
    stops.add(() => idle.remove());
    spine = await startSpine({
      runner: false,
      file: `targets:
  swarm: { type: swarm, host: '${proxy.address}' }
environments:
  many:
    policy: gate
    approve: { role: deployer, pusher: true }
    waves: [[swarm]]
    services: { idle: ${idle.name} }
    soak: 0s
    limit: 2m
`,
    });
    stops.add(() => spine.stop());
  });
  after(async () => await stops.all());

  it("is applied exactly once however the server dies around the write", async () => {
    const { api } = spine.server;
    let number = 0;
    for (const fault of ["before:1", "after:1", "before:2", "after:2"]) {
      number += 1;
      await spine.push(`Die ${fault}`, {
        Jenkinsfile: `deploy environment: 'many', images: [idle: '${IMAGE}'], env: [FAULT: '${fault}']\n`,
      });
      await spine.server.restart({ SLUICE_FAULT: `deployments.stepTarget:${fault}` });
      const gate = await api.openGate(PROJECT, number);
      const decided = await api.decide(gate.id, { decision: "approve", planHash: gate.planHash });
      assert.equal(decided.status, 200, decided.text);
      await spine.server.ended();
      await spine.server.restart({});
      const deployment = await api.deploymentEnded(gate.deployment ?? 0);
      assert.equal(deployment.state, "succeeded", `${fault}: ${JSON.stringify(deployment.targets)}`);
      assert.equal(proxy.takeUpdates(), 1, `${fault}: not applied exactly once`);
      assert.ok((await idle.env()).includes(`FAULT=${fault}`));
      const build = await api.buildEnded(PROJECT, number);
      assert.equal(build.state, "succeeded", await api.console(build.id));
    }
  });

  it("F10: is applied once where the server dies between the commit of the click and all that follows", async () => {
    const { api } = spine.server;
    await spine.push("Die after the click", {
      Jenkinsfile: `deploy environment: 'many', images: [idle: '${IMAGE}'], env: [FAULT: 'click']\n`,
    });
    const newest = Math.max(...(await api.builds(PROJECT)).map(({ number }) => number));
    await spine.server.restart({ SLUICE_FAULT: "deployments.decide:after" });
    const gate = await api.openGate(PROJECT, newest);
    // Whoever clicked hears nothing; what was decided stands.
    await assert.rejects(api.decide(gate.id, { decision: "approve", planHash: gate.planHash }));
    await spine.server.ended();
    await spine.server.restart({});
    const deployment = await api.deploymentEnded(gate.deployment ?? 0);
    assert.equal(deployment.state, "succeeded", JSON.stringify(deployment.targets));
    assert.equal(proxy.takeUpdates(), 1, "not applied exactly once");
    const build = await api.buildEnded(PROJECT, newest);
    assert.equal(build.state, "succeeded", await api.console(build.id));
  });
});
