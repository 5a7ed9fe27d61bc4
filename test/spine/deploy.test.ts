import assert from "node:assert/strict";
import type Docker from "dockerode";
import { after, before, describe, it } from "mocha";
import { Deployment, Deployments } from "../../server/http/contract/deployments.ts";
import { Environment } from "../../server/http/contract/environments.ts";
import { Gate, Gates } from "../../server/http/contract/gates.ts";
import { PATIENCE, problemCode } from "../support/api.ts";
import { addPerson } from "../support/person.ts";
import { dockerForTests } from "../support/services/docker.ts";
import { startEngineProxy } from "../support/services/engine-proxy.ts";
import type { EngineProxy } from "../support/services/engine-proxy.ts";
import { busyboxImage } from "../support/services/images.ts";
import { freePort } from "../support/services/ports.ts";
import { startRegistry } from "../support/services/registry.ts";
import type { Registry } from "../support/services/registry.ts";
import { createSwarmService } from "../support/services/swarm-service.ts";
import type { SwarmService } from "../support/services/swarm-service.ts";
import { joinOrMakeSwarm } from "../support/services/swarm.ts";
import { until } from "../support/services/until.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";
import { createStops } from "../support/stops.ts";

const DOCKERFILE = `FROM sluice-demo/busybox:1
COPY index.html /www/
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
`;
const CRASHING = `FROM sluice-demo/busybox:1
CMD ["sh", "-c", "echo it does not start; exit 7"]
`;

describe("a deployment", function () {
  this.timeout(300_000);
  const stops = createStops();
  let docker: Docker;
  let registry: Registry;
  let proxy: EngineProxy;
  let web: SwarmService;
  let idle: SwarmService;
  let spine: Spine;
  let hostPort: number;

  before(async () => {
    docker = dockerForTests();
    const image = await busyboxImage(docker);
    const swarm = await joinOrMakeSwarm(docker);
    stops.add(() => swarm.leave());
    registry = await startRegistry();
    stops.add(() => registry.stop());
    proxy = await startEngineProxy();
    stops.add(() => proxy.stop());
    const name = `sluice-spine-${process.pid}`;
    hostPort = await freePort();
    web = await createSwarmService(docker, { name: `${name}-web`, image, replicas: 1, hostPort });
    stops.add(() => web.remove());
    // Nothing of it has to start, so a roll-out costs next to nothing.
    idle = await createSwarmService(docker, { name: `${name}-idle`, image, replicas: 0 });
    stops.add(() => idle.remove());
    spine = await startSpine({
      project: "registry: here, images: [shop/web]",
      file: `registries:
  here: { host: '${registry.host}', insecure: true, secret: registry }
targets:
  swarm: { type: swarm, host: '${proxy.address}' }
environments:
  staging:
    policy: gate
    approve: { role: deployer, pusher: true }
    waves: [[swarm]]
    services: { web: ${web.name} }
    soak: 1s
    limit: 2m
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
    const { username, password } = registry;
    await spine.server.api.putSecret("registry", { type: "usernamePassword", username, password });
  });
  after(async () => await stops.all());

  const jenkinsfile = (): string => `pipeline {
  agent none
  stages {
    stage('Image') {
      agent any
      steps {
        script {
          docker.withRegistry('http://${registry.host}', 'registry') {
            docker.build("shop/web:\${GIT_COMMIT.take(8)}").push()
          }
        }
      }
    }
    stage('Deploy') { steps { deploy environment: 'staging' } }
  }
}
`;
  const deploymentOf = async (id: number) => await spine.server.api.read(Deployment, `/deployments/${id}`);

  it("shows its plan, waits for a click, and makes exactly the pushed digest live", async () => {
    const { api } = spine.server;
    const commit = await spine.push("Sell", {
      Jenkinsfile: jenkinsfile(),
      Dockerfile: DOCKERFILE,
      "index.html": "shop one\n",
    });
    const gate = await api.openGate(PROJECT, 1);
    const digest = await registry.digestOf("shop/web", commit.slice(0, 8));
    assert.ok(digest, "the image is not in the registry");
    const [change] = gate.plan?.targets.flatMap(({ images }) => images) ?? [];
    assert.equal(change?.service, web.name);
    assert.match(change.from ?? "", /^sluice-demo\/busybox:1/u);
    assert.ok(change.to.endsWith(`@${digest}`), change.to);
    assert.equal(proxy.takeUpdates(), 0, "something was sent before the click");
    assert.doesNotMatch(await web.image(), /shop/u);

    const decided = await api.decide(gate.id, { decision: "approve", planHash: gate.planHash });
    assert.equal(decided.status, 200, decided.text);
    const build = await api.buildEnded(PROJECT, 1);
    assert.equal(build.state, "succeeded", await api.console(build.id));
    const deployment = await deploymentOf(gate.deployment ?? 0);
    assert.deepEqual(
      [deployment.state, deployment.release, deployment.approvedBy],
      ["succeeded", 1, "grace"],
    );
    assert.ok((await web.image()).endsWith(`@${digest}`), await web.image());
    assert.equal(proxy.takeUpdates(), 1);
    const page = await until("the new version answers", async () =>
      (await fetch(`http://127.0.0.1:${hostPort}/`)).text(),
    );
    assert.equal(page, "shop one\n");
    const { live } = await api.read(Environment, "/environments/staging");
    assert.deepEqual(
      live.map(({ release }) => release),
      [1],
    );
  });

  it("is planned anew when somebody has changed the service meanwhile", async () => {
    const { api } = spine.server;
    await spine.push("Sell more", { "index.html": "shop two\n" });
    const gate = await api.openGate(PROJECT, 2);
    await web.changeByHand(["CHANGED=by hand"]);
    const refused = await api.decide(gate.id, { decision: "approve", planHash: gate.planHash });
    assert.equal(refused.status, 409, refused.text);
    assert.equal(problemCode(refused), "plan_stale");
    assert.equal(proxy.takeUpdates(), 0, "something was sent on a plan nobody saw");

    const renewed = await api.read(Gate, `/gates/${gate.id}`);
    assert.notEqual(renewed.planHash, gate.planHash);
    assert.equal(renewed.state, "open");
    const decided = await api.decide(gate.id, { decision: "approve", planHash: renewed.planHash });
    assert.equal(decided.status, 200, decided.text);
    const build = await api.buildEnded(PROJECT, 2);
    assert.equal(build.state, "succeeded", await api.console(build.id));
    assert.deepEqual(await web.env(), ["CHANGED=by hand"], "what somebody else set was lost");
    assert.equal(proxy.takeUpdates(), 1);
  });

  it("of an image that does not stay up is rolled back, and its build fails saying why", async () => {
    const { api } = spine.server;
    const before = await web.image();
    await spine.push("Break", { Dockerfile: CRASHING });
    const gate = await api.openGate(PROJECT, 3);
    const decided = await api.decide(gate.id, { decision: "approve", planHash: gate.planHash });
    assert.equal(decided.status, 200, decided.text);
    const build = await api.buildEnded(PROJECT, 3);
    assert.equal(build.state, "failed", await api.console(build.id));
    const deployment = await deploymentOf(gate.deployment ?? 0);
    assert.equal(deployment.state, "rolled_back");
    assert.match(deployment.targets[0]?.reason?.text ?? "", /non-zero exit|exit \(7\)|\(7\)/u);
    assert.equal(await web.image(), before);
    await until(
      "the old version answers again",
      async () => (await (await fetch(`http://127.0.0.1:${hostPort}/`)).text()) === "shop two\n",
    );
    assert.equal(proxy.takeUpdates(), 2, "one there and one back");
  });

  it("happens once for each of a hundred gates that two people decide at the same instant", async () => {
    const { api } = spine.server;
    const heidi = await addPerson(spine.server, "heidi", "deployer");
    const image = await web.image();
    await spine.push("Ask a hundred times", {
      Jenkinsfile: `for (int i = 1; i <= 100; i++) { deploy environment: 'many', images: [idle: '${image}'] }\n`,
    });
    const seen = new Set<number>();
    const winners = { grace: 0, heidi: 0 };
    for (let round = 1; round <= 100; round += 1) {
      const open = await until(
        `gate ${round} is open`,
        async () => {
          const { items } = await api.read(Gates, "/gates?state=open");
          return items.find(({ id }) => !seen.has(id));
        },
        { ...PATIENCE, everyMs: 10 },
      );
      seen.add(open.id);
      const gate = await api.read(Gate, `/gates/${open.id}`);
      const decision = { decision: "approve", planHash: gate.planHash };
      const answers = await Promise.all([api.decide(gate.id, decision), heidi.decide(gate.id, decision)]);
      const statuses = answers.map(({ status }) => status);
      assert.deepEqual(
        statuses.toSorted((a, b) => a - b),
        [200, 409],
        answers.map(({ text }) => text).join("\n"),
      );
      const lost = answers.find(({ status }) => status === 409);
      assert.equal(lost === undefined ? "" : problemCode(lost), "already_decided");
      const winner = statuses[0] === 200 ? "grace" : "heidi";
      winners[winner] += 1;
      const deployment = await api.deploymentEnded(gate.deployment ?? 0);
      assert.deepEqual([deployment.state, deployment.approvedBy], ["succeeded", winner]);
    }
    const build = await api.buildEnded(PROJECT, 4);
    assert.equal(build.state, "succeeded", await api.console(build.id));
    assert.equal(build.deployments.length, 100);
    assert.equal(winners.grace + winners.heidi, 100);
    assert.equal(proxy.takeUpdates(), 1, "the first changed the image, the others had nothing to change");
    const listed = await api.read(Deployments, "/deployments?environment=many&limit=200");
    assert.equal(listed.items.length, 100);
    const releases = listed.items.map(({ release }) => release ?? 0);
    assert.equal(new Set(releases).size, 100, "two deployments have one release number");
  });
});
