import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { glob, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, describe, it } from "mocha";
import { fillUp } from "../../scripts/campaign/faults/disk.ts";
import { Received } from "../../server/http/contract/deliveries.ts";
import { until } from "../support/services/until.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";
import { createStops } from "../support/stops.ts";

const SIZE = "96m";
const COUNTING = `pipeline {
  agent { docker 'sluice-demo/busybox:1' }
  stages {
    stage('Count') {
      steps {
        sh 'set +x; i=0; while [ ! -e go ]; do i=$((i+1)); echo "number $i"; sleep 0.05; done; echo "last $i"'
      }
    }
  }
}
`;
const SHORT = "echo 'short'\n";
const PATIENCE = { deadlineMs: 120_000 };
const FAR = 30;

describe("a disk that is full", function () {
  this.timeout(240_000);
  const stops = createStops();
  afterEach(() => stops.all());

  it("lets the server live: deliveries are asked for again, a log has no gap, and what was sent again is built", async () => {
    const spine = await startSpine({ runner: false, disk: SIZE });
    stops.add(() => spine.stop());
    const { api, url, dataFolder } = spine.server;
    await spine.server.startRunner("apart");
    await spine.push("Count", { Jenkinsfile: COUNTING });
    await counts(spine, FAR);
    const pid = spine.server.pid();
    const hook = await api.renewHook(PROJECT);
    const commit = await spine.copy.commit("While it is full", { Jenkinsfile: SHORT });

    const filler = join(dataFolder, "filler");
    await fillUp(filler);
    const refused = await until("a delivery cannot be taken", async () => {
      await fillUp(filler);
      const answer = await deliver(hook, commit);
      return answer.status === 202 ? undefined : answer;
    });
    assert.equal(refused.status, 503, await refused.text());
    assert.match(refused.headers.get("retry-after") ?? "", /^\d+$/u);
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
    const ready = await fetch(`${url}/readyz`);
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /"name":"disk","ok":false/u);
    await rm(filler);

    await spine.copy.push("HEAD:late");
    const taken = await until("a delivery is taken again", async () => {
      const answer = await deliver(hook, commit);
      return answer.status === 202 ? Received.parse(await answer.json()) : undefined;
    });
    assert.equal(taken.builds.length, 1);
    await counts(spine, FAR + (await lastNumber(spine)));
    await letGo(spine);
    const build = await api.buildEnded(PROJECT, 1);
    const lines = (await log(spine)).split("\n").filter((line) => line !== "" && line !== "+ set +x");
    assert.equal(build.state, "succeeded", await api.console(build.id));
    const numbers = Array.from({ length: lines.length - 1 }, (_, at) => `number ${at + 1}`);
    assert.deepEqual(lines, [...numbers, `last ${lines.length - 1}`]);
    const short = await api.buildEnded(PROJECT, 2);
    assert.equal(short.state, "succeeded", await api.console(short.id));
    assert.equal(spine.server.pid(), pid);
    assert.equal(spine.server.output().includes("sluice serves"), true, "it ended and was started again");
  });
});

/** A push as the hook of a plain git server announces it, signed. */
async function deliver(
  hook: { readonly url: string; readonly secret: string },
  commit: string,
): Promise<Response> {
  const body = JSON.stringify({
    ref: "refs/heads/late",
    before: "0".repeat(40),
    after: commit,
    repository: PROJECT,
  });
  const id = `msg_${randomUUID()}`;
  const at = String(Math.floor(Date.now() / 1000));
  const signature = createHmac("sha256", hook.secret).update(`${id}.${at}.${body}`).digest("base64");
  return await fetch(hook.url, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": at,
      "webhook-signature": `v1,${signature}`,
    },
  });
}

async function counts(spine: Spine, to: number): Promise<void> {
  await until(`it has counted to ${to}`, async () => (await lastNumber(spine)) >= to, PATIENCE);
}

async function lastNumber(spine: Spine): Promise<number> {
  const lines = (await log(spine)).match(/^number \d+$/gmu);
  return Number(lines?.at(-1)?.slice("number ".length) ?? 0);
}

async function log(spine: Spine): Promise<string> {
  const { api } = spine.server;
  const build = await api.build(PROJECT, 1);
  const step = build.stages.flatMap(({ steps }) => steps).find(({ name }) => name === "sh");
  return step === undefined ? "" : (await api.stepLog(build.id, step.n, "?from=0")).text;
}

async function letGo(spine: Spine): Promise<void> {
  const folder = dirname(spine.server.dataFolder);
  for await (const path of glob(join(folder, "apart/slots/*/*/src"))) await writeFile(join(path, "go"), "");
}
