import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";

/** Each step writes a line into the workspace, so that one that ran twice would be seen. */
const STEPS = `node {
  docker.image('sluice-demo/busybox:1').inside {
    sh 'rm -f ran; echo one >> ran'
    parallel(
      left: { sh 'echo left >> ran' },
      right: { sh 'echo right >> ran' },
    )
    def answer = sh(script: 'echo three >> ran; sort ran | tr "\\\\n" " "', returnStdout: true).trim()
    echo "ran: \${answer}"
  }
}
`;

/** Where the server dies: around the commits that carry a build from its push to its end. */
const MOMENTS = [
  ["kill point 1", "recordDelivery:before"],
  ["F06: kill point 2", "recordDelivery:after"],
  ["kill point 6", "builds.commitTurn:before:2"],
  ["kill point 11", "runners.endCommands:after:3"],
] as const;

describe("a build whose server dies around a commit", function () {
  this.timeout(300_000);
  let spine: Spine;
  let number = 0;
  before(async () => {
    spine = await startSpine();
    // What a repository holds when it is seen for the first time is not built, so it is seen before anything dies.
    number += 1;
    await spine.push("Begin", { Jenkinsfile: "echo 'begun'\n" });
    await spine.server.api.buildEnded(PROJECT, number);
  });
  after(async () => await spine?.stop());

  for (const [name, moment] of MOMENTS)
    it(`${name}: is there and does everything once when that is ${moment}`, async () => {
      const { api } = spine.server;
      await spine.server.restart({ SLUICE_FAULT: moment });
      number += 1;
      await spine.push(`Die at ${moment}`, { Jenkinsfile: `// ${moment}\n${STEPS}` });
      await spine.server.ended();
      await spine.server.restart({});
      const build = await api.buildEnded(PROJECT, number);
      const console = await api.console(build.id);
      assert.equal(build.state, "succeeded", console);
      assert.match(console, /^ran: left one right three$/mu);
      assert.equal(console.match(/^\+ echo one$/gmu)?.length, 1, console);
      assert.equal(console.match(/Finished: /gu)?.length, 1);
      assert.equal((await api.builds(PROJECT)).length, number, "one push has become two builds");
    });
});
