import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { problemCode } from "../support/api.ts";
import { dockerForTests } from "../support/services/docker.ts";
import { until } from "../support/services/until.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";

const LONG = `pipeline {
  agent { docker 'sluice-demo/busybox:1' }
  stages {
    stage('Long') {
      steps { sh 'echo begun; sleep 98765' }
      post {
        aborted { echo 'told that it was aborted' }
        always { sh 'echo cleaned up' }
      }
    }
    stage('After') { steps { echo 'never' } }
  }
}
`;
const GATE = `pipeline {
  agent none
  stages {
    stage('Ask') { steps { input 'Go on?' } }
    stage('After') { steps { echo 'never' } }
  }
  post { aborted { echo 'nobody wanted it' } }
}
`;
const ELSEWHERE = "node('a-label-nobody-has') { echo 'never' }\n";

describe("stopping a build", function () {
  this.timeout(180_000);
  let spine: Spine;

  before(async () => {
    spine = await startSpine();
  });
  after(async () => await spine?.stop());

  const abort = async (build: number) => await spine.server.api.ask("POST", `/builds/${build}/abort`, {});

  it("ends the command that runs, carries out post, and is refused once the build is over", async () => {
    const { api } = spine.server;
    await spine.push("Take long", { Jenkinsfile: LONG });
    const running = await api.buildIs(PROJECT, 1, "runs its command", ({ stages }) =>
      stages.some(({ steps }) => steps.some(({ name }) => name === "sh")),
    );
    const step = running.stages.flatMap(({ steps }) => steps).find(({ name }) => name === "sh");
    assert.ok(step);
    await until("the command has begun", async () =>
      /^begun$/mu.test((await api.stepLog(running.id, step.n)).text),
    );
    assert.equal((await sleepers()).length, 1);

    const answer = await abort(running.id);
    assert.equal(answer.status, 202, answer.text);
    const build = await api.buildEnded(PROJECT, 1);
    const console = await api.console(build.id);
    assert.equal(build.state, "aborted", console);
    assert.deepEqual([build.reason?.code, build.reason?.fault], ["aborted", "person"]);
    assert.match(build.reason?.text ?? "", /Grace|grace/u);
    assert.deepEqual(await sleepers(), [], "the command still runs");
    assert.match(console, /^told that it was aborted$/mu);
    assert.match(console, /^cleaned up$/mu);
    assert.doesNotMatch(console, /^never$/mu);
    assert.match(console, /^Aborted by grace$/mu);
    assert.match(console.trimEnd(), /Finished: ABORTED$/u);

    const again = await abort(build.id);
    assert.equal(again.status, 409, again.text);
    assert.equal(problemCode(again), "conflict");
  });

  it("ends one that waits at a gate, and the gate with it", async () => {
    const { api } = spine.server;
    await spine.push("Ask", { Jenkinsfile: GATE });
    const gate = await api.openGate(PROJECT, 2);
    const waiting = await api.build(PROJECT, 2);
    assert.equal((await abort(waiting.id)).status, 202);
    const build = await api.buildEnded(PROJECT, 2);
    assert.equal(build.state, "aborted");
    assert.match(await api.console(build.id), /^nobody wanted it$/mu);
    const late = await api.decide(gate.id, { decision: "approve" });
    assert.equal(late.status, 409, late.text);
    assert.equal((await abort(build.id)).status, 409);
  });

  it("ends one that waits for an agent nobody offers, which said so", async () => {
    const { api } = spine.server;
    await spine.push("Go elsewhere", { Jenkinsfile: ELSEWHERE });
    const waiting = await api.buildIs(PROJECT, 3, "waits for an agent", ({ waits }) =>
      waits.some(({ text }) => text.includes("a-label-nobody-has")),
    );
    assert.equal((await abort(waiting.id)).status, 202);
    const build = await api.buildEnded(PROJECT, 3);
    assert.equal(build.state, "aborted");
    assert.doesNotMatch(await api.console(build.id), /^never$/mu);
  });

  async function sleepers(): Promise<string[]> {
    const docker = dockerForTests();
    const found: string[] = [];
    for (const { Id, Labels } of await docker.listContainers()) {
      if (Labels["sluice.build"] === undefined) continue;
      const top = await docker
        .getContainer(Id)
        .top()
        .catch(() => ({ Processes: [] }));
      for (const process of top.Processes) {
        const command = String(process.at(-1));
        if (command.startsWith("sleep 98765")) found.push(command);
      }
    }
    return found;
  }
});
