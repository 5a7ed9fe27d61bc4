import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { BuildRef, Build } from "../../server/http/contract/builds.ts";
import { ENDED, PATIENCE } from "../support/api.ts";
import { startKillablePostgres } from "../support/services/postgres.ts";
import type { KillablePostgres } from "../support/services/postgres.ts";
import { startRedis } from "../support/services/redis.ts";
import { until } from "../support/services/until.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";
import { createStops } from "../support/stops.ts";

const WHOLE = `pipeline {
  agent none
  stages {
    stage('Make') {
      agent { docker 'sluice-demo/busybox:1' }
      steps {
        sh 'echo made > product.txt'
        stash name: 'product', includes: 'product.txt'
        archiveArtifacts 'product.txt'
      }
    }
    stage('Ask') { steps { input 'Go on?' } }
    stage('Use') {
      agent { docker 'sluice-demo/busybox:1' }
      steps { unstash 'product'; sh 'echo used what was $(cat product.txt)' }
    }
  }
}
`;
const SHORT = "echo 'short'\n";

/** Answered builds before the database dies, and how many may be asked for at a time. */
const BEFORE_KILL = 12;
const AT_ONCE = 4;

describe("a server on PostgreSQL and a Redis of its own", function () {
  this.timeout(240_000);
  const stops = createStops();
  let database: KillablePostgres;
  let spine: Spine;

  before(async () => {
    database = await startKillablePostgres();
    stops.add(() => database.stop());
    const redis = await startRedis();
    stops.add(() => redis.stop());
    spine = await startSpine({ env: { DATABASE_URL: database.url, REDIS_URL: redis.url } });
    stops.add(() => spine.stop());
  });
  after(async () => await stops.all());

  it("takes a push through agents, stash, gate and a restart to its end", async () => {
    const { api } = spine.server;
    await spine.push("Make and use", { Jenkinsfile: WHOLE });
    const gate = await api.openGate(PROJECT, 1);
    await spine.server.kill();
    await spine.server.restart();
    const decided = await api.decide(gate.id, { decision: "approve" });
    assert.equal(decided.status, 200, decided.text);
    const build = await api.buildEnded(PROJECT, 1);
    const console = await api.console(build.id);
    assert.equal(build.state, "succeeded", console);
    assert.match(console, /^used what was made$/mu);
    assert.match(console.trimEnd(), /Finished: SUCCESS$/u);
    assert.deepEqual(
      build.artifacts.map(({ name }) => name),
      ["product.txt"],
    );
  });

  it("keeps what it has answered when the database is killed, and goes on when it is back", async () => {
    const { api } = spine.server;
    await spine.push("Be short", { Jenkinsfile: SHORT });
    await api.buildEnded(PROJECT, 2);
    const answered: number[] = [];
    let isOver = false;
    const ask = async (): Promise<void> => {
      while (!isOver) {
        const answer = await api
          .ask("POST", `/projects/${PROJECT}/builds`, { ref: "main" })
          .catch(() => undefined);
        if (answer !== undefined && answer.status < 300) answered.push(BuildRef.parse(answer.json()).id);
      }
    };
    const asking = Array.from({ length: AT_ONCE }, ask);
    await until("some builds were answered", () => answered.length >= BEFORE_KILL);
    await database.kill();
    isOver = true;
    await database.startAgain();
    await Promise.all(asking);
    assert.equal(new Set(answered).size, answered.length, "two answers name one build");
    for (const id of answered) {
      const build = await until(
        `build ${id} has ended`,
        async () => {
          const answer = await api.ask("GET", `/builds/${id}`);
          assert.notEqual(answer.status, 404, `build ${id} was answered and is not there`);
          const read = Build.parse(answer.json());
          return ENDED.includes(read.state) ? read : undefined;
        },
        PATIENCE,
      );
      assert.equal(build.state, "succeeded", build.reason?.text);
    }
    await spine.push("Go on", { Jenkinsfile: `${SHORT}\n` });
    const newest = Math.max(...(await api.builds(PROJECT)).map(({ number }) => number));
    const build = await api.buildEnded(PROJECT, newest);
    assert.equal(build.state, "succeeded", await api.console(build.id));
  });
});
