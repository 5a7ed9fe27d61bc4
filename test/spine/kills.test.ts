import assert from "node:assert/strict";
import { glob, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Redis } from "ioredis";
import { after, afterEach, beforeEach, describe, it } from "mocha";
import type { Build } from "../../server/http/contract/builds.ts";
import { startRedis } from "../support/services/redis.ts";
import type { RedisServer } from "../support/services/redis.ts";
import { until } from "../support/services/until.ts";
import type { TestRunner } from "../support/server.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";

/** Counts aloud until the file `go` is there, and says how often it was started. */
const COUNTING = `pipeline {
  agent { docker 'sluice-demo/busybox:1' }
  stages {
    stage('Count') {
      steps {
        sh 'set +x; echo started >> starts; i=0; while [ ! -e go ]; do i=$((i+1)); echo "number $i"; sleep 0.05; done; echo "last $i, starts $(wc -l < starts)"'
      }
    }
    stage('After') { steps { sh 'echo after in the same folder: $(cat starts)' } }
  }
}
`;
const GATE = `def before = 'kept'
input 'Go on?'
node { docker.image('sluice-demo/busybox:1').inside { sh "echo went on with \${before}" } }
`;
const SHORT = "node { echo 'short' }\n";

/** Far enough that whatever is killed has had something to do. */
const NUMBERS = 20;

describe("a server that is killed", function () {
  this.timeout(240_000);
  let spine: Spine;
  beforeEach(async () => {
    spine = await startSpine();
  });
  afterEach(async () => await spine?.stop());

  it("goes on where it was: a command runs on and is started once, each line of it is there once", async () => {
    const { api } = spine.server;
    await spine.push("Count", { Jenkinsfile: COUNTING });
    const running = await counts(spine, 1, NUMBERS);
    await spine.server.kill();
    await spine.server.restart();
    await counts(spine, 1, (await lastNumber(spine, running)) + NUMBERS);
    await spine.server.kill();
    await spine.server.restart();
    await counts(spine, 1, (await lastNumber(spine, running)) + NUMBERS);
    await letGo(spine);
    const build = await api.buildEnded(PROJECT, 1);
    await countedOnce(spine, build);
  });

  it("still has its gate, and goes on from there with what its file remembered", async () => {
    const { api } = spine.server;
    await spine.push("Ask", { Jenkinsfile: GATE });
    const gate = await api.openGate(PROJECT, 1);
    await spine.server.kill();
    await spine.server.restart();
    const same = await api.openGate(PROJECT, 1);
    assert.equal(same.id, gate.id);
    const decided = await api.decide(gate.id, { decision: "approve" });
    assert.equal(decided.status, 200, decided.text);
    await spine.server.kill();
    await spine.server.restart();
    const build = await api.buildEnded(PROJECT, 1);
    const console = await api.console(build.id);
    assert.equal(build.state, "succeeded", console);
    assert.match(console, /^went on with kept$/mu);
    assert.equal(console.match(/went on with kept/gu)?.length, 2, "the command and its line, once each");
  });
});

describe("what stands around a server", function () {
  this.timeout(240_000);
  let spine: Spine;
  let redis: RedisServer;
  let runner: TestRunner;
  let number = 0;

  it("may be started", async () => {
    redis = await startRedis();
    spine = await startSpine({ runner: false, env: { REDIS_URL: redis.url } });
    runner = await spine.server.startRunner("apart");
  });
  after(async () => {
    await spine?.stop();
    await redis?.stop();
  });

  it("kill point 10: is a runner that may be killed: its command runs on, and no line is lost or repeated", async () => {
    const { api } = spine.server;
    number += 1;
    await spine.push("Count", { Jenkinsfile: COUNTING });
    const running = await counts(spine, number, NUMBERS);
    await runner.kill();
    await runner.startAgain();
    await counts(spine, number, (await lastNumber(spine, running)) + NUMBERS);
    // The server may go at the same time: each finds the other again.
    await runner.kill();
    await spine.server.kill();
    await spine.server.restart();
    await runner.startAgain();
    await counts(spine, number, (await lastNumber(spine, running)) + NUMBERS);
    await letGo(spine);
    await countedOnce(spine, await api.buildEnded(PROJECT, number));
  });

  it("kill point 5: is a Redis that may be killed, come back or forget everything while a build runs", async () => {
    const { api } = spine.server;
    number += 1;
    await spine.push("Count again", { Jenkinsfile: `${COUNTING}\n` });
    const running = await counts(spine, number, NUMBERS);
    await redis.kill();
    await counts(spine, number, (await lastNumber(spine, running)) + NUMBERS);
    await redis.startAgain();
    await forgetAll(redis);
    await counts(spine, number, (await lastNumber(spine, running)) + NUMBERS);
    await letGo(spine);
    await countedOnce(spine, await api.buildEnded(PROJECT, number));
  });

  it("is a Redis without which a push is still taken, and built once it is back, also when it lost everything", async () => {
    const { api } = spine.server;
    await redis.kill();
    number += 1;
    await spine.push("Push to a half", { Jenkinsfile: SHORT });
    const taken = await api.build(PROJECT, number);
    assert.equal(taken.number, number);
    await redis.startAgain();
    await forgetAll(redis);
    const build = await api.buildEnded(PROJECT, number);
    assert.equal(build.state, "succeeded", await api.console(build.id));
  });
});

/** Waits until the counting build has printed that number. */
async function counts(spine: Spine, number: number, to: number): Promise<Build> {
  const { api } = spine.server;
  const build = await api.buildIs(PROJECT, number, "counts", ({ stages }) =>
    stages.some(({ name, steps }) => name === "Count" && steps.length > 0),
  );
  await until(`it has counted to ${to}`, async () => (await lastNumber(spine, build)) >= to, {
    deadlineMs: 120_000,
  });
  return build;
}

async function lastNumber(spine: Spine, build: Build): Promise<number> {
  const text = await countLog(spine, build);
  return Number(
    text
      .match(/^number (\d+)$/gmu)
      ?.at(-1)
      ?.slice("number ".length) ?? 0,
  );
}

async function countLog(spine: Spine, build: Build): Promise<string> {
  const step = build.stages.find(({ name }) => name === "Count")?.steps.find(({ name }) => name === "sh");
  if (step === undefined) return "";
  return (await spine.server.api.stepLog(build.id, step.n, "?from=0")).text;
}

/** Lets the counting command end. Its workspace is a folder of the runner's. */
async function letGo(spine: Spine): Promise<void> {
  const folder = dirname(spine.server.dataFolder);
  let found = 0;
  for await (const file of glob(join(folder, "{data/runner,apart}/slots/*/*/src/starts"))) {
    await writeFile(join(dirname(file), "go"), "");
    found += 1;
  }
  assert.ok(found > 0, "there is no workspace with a counting command");
}

async function countedOnce(spine: Spine, build: Build): Promise<void> {
  const console = await spine.server.api.console(build.id);
  assert.equal(build.state, "succeeded", console);
  const log = await countLog(spine, build);
  const lines = log.split("\n").filter((line) => line !== "" && line !== "+ set +x");
  const last = lines.length - 1;
  assert.deepEqual(
    lines,
    [...Array.from({ length: last }, (_, at) => `number ${at + 1}`), `last ${last}, starts 1`],
    "a line is missing or there twice, or the command was started again",
  );
  assert.match(console, /^after in the same folder: started$/mu);
  assert.equal(console.match(/^number 1$/gmu)?.length, 1, "the console has the log twice");
}

async function forgetAll(redis: RedisServer): Promise<void> {
  const client = new Redis(redis.port, "127.0.0.1");
  try {
    await client.flushall();
  } finally {
    client.disconnect();
  }
}
