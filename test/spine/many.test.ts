import assert from "node:assert/strict";
import { glob, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "mocha";
import type { Build } from "../../server/http/contract/builds.ts";
import { until } from "../support/services/until.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";

/** Builds that run when the server goes, builds that wait then for a place, and steps of each that run at once. */
const RUNNING = 5;
const QUEUED = 5;
const STEPS = 10;
/** The promise is 10 s; a machine with other work may be late to notice. */
const GONE_MS = 30_000;

/** Each step counts aloud until the file `go` is there, and says how often it was started. */
const COUNTING = `pipeline {
  agent { docker 'sluice-demo/busybox:1' }
  stages {
    stage('Count') {
      steps {
        script {
          def branches = [:]
          for (int n = 1; n <= ${STEPS}; n++) {
            def mine = n
            branches["b\${mine}"] = {
              sh "set +x; echo started >> starts.\${mine}; i=0; while [ ! -e go ]; do i=\\$((i+1)); echo number \\$i; sleep 1; done; echo last \\$i, starts \\$(wc -l < starts.\${mine})"
            }
          }
          parallel branches
        }
      }
    }
  }
}
`;

describe("a server with many running steps", function () {
  this.timeout(400_000);
  let spine: Spine;
  before(async () => {
    spine = await startSpine({ places: RUNNING });
    await spine.push("Count", { Jenkinsfile: COUNTING });
    for (let more = 1; more < RUNNING; more += 1) await askForOne();
    for (let number = 1; number <= RUNNING; number += 1) await haveCounted(number, 2);
  });
  after(async () => await spine?.stop());

  it(`F60: is gone soon after SIGTERM with ${RUNNING * STEPS} of them, and all go on after its next start`, async () => {
    const { server } = spine;
    const asked = Date.now();
    process.kill(server.pid(), "SIGTERM");
    await server.ended();
    assert.ok(Date.now() - asked < GONE_MS, `it took ${Date.now() - asked} ms`);
    assert.doesNotMatch(server.output(), /did not stop cleanly|cut short/);
    await server.restart();
    for (let number = 1; number <= RUNNING; number += 1) await countOn(number);
  });

  it(`F01: is killed with ${QUEUED} more builds waiting: all end right, no command is started again, no line is missing or twice`, async () => {
    const { server } = spine;
    for (let more = 0; more < QUEUED; more += 1) await askForOne();
    await server.kill();
    await server.restart();
    for (let number = 1; number <= RUNNING; number += 1) await countOn(number);
    const letting = setInterval(() => {
      void letGo().catch(() => {}); // a workspace may go while we look
    }, 500);
    try {
      for (let number = 1; number <= RUNNING + QUEUED; number += 1)
        await countedOnce(await server.api.buildEnded(PROJECT, number));
    } finally {
      clearInterval(letting);
    }
  });

  async function askForOne(): Promise<void> {
    const answer = await spine.server.api.ask("POST", `/projects/${PROJECT}/builds`, { ref: "main" });
    assert.ok(answer.status < 300, answer.text);
  }

  function stepsOf(build: Build): number[] {
    return build.stages.flatMap(({ steps }) => steps.filter(({ name }) => name === "sh").map(({ n }) => n));
  }

  async function linesOf(build: Build, step: number): Promise<string[]> {
    const { text } = await spine.server.api.stepLog(build.id, step, "?from=0");
    return text.split("\n").filter((line) => line !== "" && !line.startsWith("+ "));
  }

  async function haveCounted(number: number, to: number): Promise<Build> {
    const build = await spine.server.api.buildIs(
      PROJECT,
      number,
      "runs all its steps",
      (one) => stepsOf(one).length === STEPS,
    );
    await until(
      `each step of build ${number} has counted to ${to}`,
      async () => {
        for (const step of stepsOf(build)) if ((await linesOf(build, step)).length < to) return false;
        return true;
      },
      { deadlineMs: 120_000, everyMs: 500 },
    );
    return build;
  }

  /** Waits until every step has printed more than it has by now. */
  async function countOn(number: number): Promise<void> {
    const build = await spine.server.api.build(PROJECT, number);
    const counts = await Promise.all(stepsOf(build).map(async (step) => (await linesOf(build, step)).length));
    await haveCounted(number, Math.max(...counts) + 2);
  }

  async function letGo(): Promise<void> {
    const { dataFolder } = spine.server;
    for await (const file of glob(join(dataFolder, "runner/slots/*/*/src/starts.1")))
      await writeFile(join(dirname(file), "go"), "");
  }

  async function countedOnce(build: Build): Promise<void> {
    assert.equal(build.state, "succeeded", build.reason?.text);
    const steps = stepsOf(build);
    assert.equal(steps.length, STEPS);
    for (const step of steps) {
      const lines = await linesOf(build, step);
      const last = lines.length - 1;
      assert.deepEqual(
        lines,
        [...Array.from({ length: last }, (_, at) => `number ${at + 1}`), `last ${last}, starts 1`],
        `build ${build.number}, step ${step}`,
      );
    }
  }
});
