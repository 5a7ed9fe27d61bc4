import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { ENDED, PATIENCE } from "../support/api.ts";
import { busyboxImage } from "../support/services/images.ts";
import { startSecondEngine } from "../support/services/second-engine.ts";
import type { SecondEngine } from "../support/services/second-engine.ts";
import { until } from "../support/services/until.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";
import { createStops } from "../support/stops.ts";

describe("a Docker daemon that is stopped under builds", function () {
  this.timeout(300_000);
  const stops = createStops();
  let engine: SecondEngine;
  let spine: Spine;

  before(async () => {
    engine = await startSecondEngine({ liveRestore: false });
    stops.add(() => engine.stop());
    const image = await busyboxImage(engine.docker);
    assert.equal(image, "sluice-demo/busybox:1");
    spine = await startSpine({ env: { DOCKER_HOST: engine.address } });
    stops.add(() => spine.stop());
  });
  after(async () => await stops.all());

  /** Steps in a container, the last of which is held until `letGo`. */
  const jenkinsfile = (steps: string): string => `pipeline {
  agent { docker { image 'sluice-demo/busybox:1' } }
  stages {
    stage('Work') {
      steps {
        ${steps}
        sh 'echo is held; until [ -e go ]; do sleep 0.1; done; echo goes on'
      }
    }
  }
}
`;

  async function isHeld(number: number): Promise<boolean> {
    const { api } = spine.server;
    return /^is held$/mu.test(await api.console((await api.build(PROJECT, number)).id));
  }

  async function letGo(): Promise<void> {
    const slots = join(spine.server.dataFolder, "runner/slots");
    for (const group of await readdir(slots))
      for (const slot of await readdir(join(slots, group)))
        await writeFile(join(slots, group, slot, "src/go"), "");
  }

  it("F36: kill point 12: their agents are lost: the block runs again where nobody saw it, else the build fails as ours", async () => {
    const { api } = spine.server;
    await spine.push("Work", { Jenkinsfile: jenkinsfile("sh 'echo begins'") });
    await until("build 1 is held", () => isHeld(1), PATIENCE);
    await spine.push("Work and ask", { Jenkinsfile: jenkinsfile("input 'Go?'") }, "asked");
    const gate = await api.openGate(PROJECT, 2);
    const decided = await api.decide(gate.id, { decision: "approve" });
    assert.equal(decided.status, 200, decided.text);
    await until("build 2 is held", () => isHeld(2), PATIENCE);

    await engine.shutDown();
    await engine.startAgain();

    const seen = await api.buildEnded(PROJECT, 2);
    assert.deepEqual(
      [seen.state, seen.reason?.code, seen.reason?.fault],
      ["failed", "docker_daemon", "sluice"],
      await api.console(seen.id),
    );
    const again = await until(
      "build 1 has ended",
      async () => {
        await letGo();
        const build = await api.build(PROJECT, 1);
        return ENDED.includes(build.state) ? build : undefined;
      },
      PATIENCE,
    );
    const console = await api.console(again.id);
    assert.equal(again.state, "succeeded", console);
    assert.match(console, /The agent was lost: .*stopped from outside/u);
    assert.equal(console.match(/^begins$/gmu)?.length, 2, console);
    assert.equal(console.match(/^goes on$/gmu)?.length, 1, console);
  });
});
