import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { dockerForTests } from "../support/services/docker.ts";
import { until } from "../support/services/until.ts";
import { PATIENCE } from "../support/api.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";

const WAITING = `pipeline {
  agent { docker 'sluice-demo/busybox:1' }
  stages {
    stage('Ask') {
      steps {
        sh 'echo kept > file; echo in the container > /tmp/other || true'
        input 'Shall we go on?'
        sh 'echo the file is $(cat file)'
      }
    }
  }
}
`;

const PLAIN = `pipeline {
  agent { docker 'sluice-demo/busybox:1' }
  stages { stage('Run') { steps { sh 'echo ran beside it' } } }
}
`;

const NESTED = `pipeline {
  agent { docker 'sluice-demo/busybox:1' }
  stages {
    stage('Outer') { steps { sh 'echo outer' } }
    stage('Inner') {
      agent { docker 'sluice-demo/busybox:1' }
      steps { sh 'echo inner' }
    }
    stage('Again') { steps { sh 'echo outer again' } }
  }
}
`;
const NESTED_BUILDS = 5;

/** Containers of this build's sessions that run now. */
async function running(spine: Spine, buildId: number): Promise<number> {
  const label = [`sluice.instance=${await spine.server.instance()}`];
  const listed = await dockerForTests().listContainers({ filters: { label } });
  return listed.filter((container) => (container.Labels["sluice.session"] ?? "").startsWith(`b${buildId}.`))
    .length;
}

describe("an agent whose build waits for a person", () => {
  let spine: Spine;
  before(async function () {
    this.timeout(120_000);
    spine = await startSpine({ places: 1, env: { SLUICE_PARK_AFTER: "1s" } });
  });
  after(async function () {
    this.timeout(60_000);
    await spine.stop();
  });

  it("gives its place back with its containers stopped, and goes on where it was", async function () {
    this.timeout(300_000);
    const { api } = spine.server;
    await spine.push("ask", { Jenkinsfile: WAITING });
    const gate = await api.openGate(PROJECT, 1);
    const asking = await api.build(PROJECT, 1);
    await until(
      "its container is stopped",
      async () => ((await running(spine, asking.id)) === 0 ? true : null),
      PATIENCE,
    );

    await spine.push("beside", { Jenkinsfile: PLAIN }, "other");
    assert.equal((await api.buildEnded(PROJECT, 2)).state, "succeeded");

    assert.equal((await api.decide(gate.id, { decision: "approve" })).status, 200);
    const ended = await api.buildEnded(PROJECT, 1);
    assert.equal(ended.state, "succeeded");
    assert.match(await api.console(ended.id), /the file is kept/);
  });

  it("lends its one place to agents inside it: builds with agents in agents all end", async function () {
    this.timeout(300_000);
    const { api } = spine.server;
    const first = (await api.builds(PROJECT)).length + 1;
    for (let i = 0; i < NESTED_BUILDS; i += 1)
      await spine.push(`nest ${i}`, { Jenkinsfile: `${NESTED}// ${i}\n` }, `nest-${i}`);
    for (let i = 0; i < NESTED_BUILDS; i += 1) {
      const build = await api.buildEnded(PROJECT, first + i);
      const console = await api.console(build.id);
      assert.equal(build.state, "succeeded", console);
      assert.deepEqual(console.match(/^(outer|inner|outer again)$/gmu), ["outer", "inner", "outer again"]);
    }
  });
});
