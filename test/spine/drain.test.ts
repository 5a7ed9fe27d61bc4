import assert from "node:assert/strict";
import { glob, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { Build } from "../../server/http/contract/builds.ts";
import { until } from "../support/services/until.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";

/** Counts until the file `go` is there. */
const COUNTING = `pipeline {
  agent { docker 'sluice-demo/busybox:1' }
  stages {
    stage('Count') {
      steps {
        sh 'set +x; echo started >> starts; i=0; while [ ! -e go ]; do i=$((i+1)); echo "number $i"; sleep 0.1; done; echo "starts $(wc -l < starts)"'
      }
    }
  }
}
`;
/** The promise is 10 s; a machine with other work may be late to notice. */
const GONE_MS = 30_000;

describe("a server that is asked to stop", function () {
  this.timeout(240_000);
  let spine: Spine;
  beforeEach(async () => {
    spine = await startSpine();
  });
  afterEach(async () => await spine?.stop());

  it("is gone soon although a step runs and a page listens, and the step runs on without it", async () => {
    const { server } = spine;
    await spine.push("Count", { Jenkinsfile: COUNTING });
    const running = await server.api.buildIs(PROJECT, 1, "counts", ({ stages }) =>
      stages.some(({ name, steps }) => name === "Count" && steps.length > 0),
    );
    await until("it counts", async () => (await lastNumber(spine, running)) > 5, { deadlineMs: 120_000 });
    const listener = new AbortController();
    const page = await fetch(`${server.url}/api/v1/events?topics=home`, {
      headers: { authorization: `Bearer ${server.token}` },
      signal: listener.signal,
    });
    assert.equal(page.status, 200);
    const before = await lastNumber(spine, running);
    const asked = Date.now();
    process.kill(server.pid(), "SIGTERM");
    await server.ended();
    assert.ok(Date.now() - asked < GONE_MS, `it took ${Date.now() - asked} ms`);
    assert.doesNotMatch(server.output(), /did not stop cleanly/);
    listener.abort();
    await server.restart();
    await until("it has counted on", async () => (await lastNumber(spine, running)) > before + 5, {
      deadlineMs: 120_000,
    });
    for await (const file of glob(join(server.dataFolder, "runner/slots/*/*/src/starts")))
      await writeFile(join(dirname(file), "go"), "");
    const build = await server.api.buildEnded(PROJECT, 1);
    const log = await countLog(spine, build);
    assert.equal(build.state, "succeeded", log);
    const lines = log.split("\n").filter((line) => line !== "" && line !== "+ set +x");
    assert.deepEqual(lines, [
      ...Array.from({ length: lines.length - 1 }, (_, at) => `number ${at + 1}`),
      "starts 1",
    ]);
  });
});

async function lastNumber(spine: Spine, build: Build): Promise<number> {
  const numbers = (await countLog(spine, build)).match(/^number (\d+)$/gmu) ?? [];
  return Number(numbers.at(-1)?.slice("number ".length) ?? 0);
}

async function countLog(spine: Spine, build: Build): Promise<string> {
  const step = build.stages.find(({ name }) => name === "Count")?.steps.find(({ name }) => name === "sh");
  if (step === undefined) return "";
  return (await spine.server.api.stepLog(build.id, step.n, "?from=0")).text;
}
