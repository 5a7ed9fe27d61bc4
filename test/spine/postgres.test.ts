import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import pg from "pg";
import { after, before, describe, it } from "mocha";
import { BuildRef, Build } from "../../server/http/contract/builds.ts";
import { Received } from "../../server/http/contract/deliveries.ts";
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

/** Deliveries a second under which the database dies. */
const PER_SECOND = 100;

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

  it(`F27: has the row of every delivery it answered 2xx when the database is killed at ${PER_SECOND} of them a second`, async () => {
    const hook = await spine.server.api.renewHook(PROJECT);
    const kept: number[] = [];
    const refused: number[] = [];
    const asked: Promise<void>[] = [];
    const deliver = async (no: number): Promise<void> => {
      const body = JSON.stringify({
        ref: `refs/heads/b${no}`,
        before: "0".repeat(40),
        after: no.toString(16).padStart(40, "0"),
        repository: PROJECT,
        message: "[skip ci]",
      });
      const signature = createHmac("sha256", hook.secret).update(body).digest("hex");
      const headers = {
        "content-type": "application/json",
        "webhook-id": `d${no}`,
        "x-hub-signature-256": `sha256=${signature}`,
      };
      const answer = await fetch(hook.url, { method: "POST", body, headers });
      const text = await answer.text();
      if (answer.ok) kept.push(Received.parse(JSON.parse(text)).deliveryId);
      else {
        assert.equal(answer.status, 503, text);
        assert.ok(answer.headers.has("retry-after"));
        refused.push(no);
      }
    };
    const timer = setInterval(() => asked.push(deliver(asked.length)), 1000 / PER_SECOND);
    try {
      await until("many were taken", () => kept.length >= 2 * PER_SECOND);
      await database.kill();
      await until("some were refused", () => refused.length > 0);
    } finally {
      clearInterval(timer);
    }
    await database.startAgain();
    await Promise.all(asked);
    assert.equal(new Set(kept).size, kept.length);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      const { rows } = await client.query("select id from deliveries where id = any($1)", [kept]);
      assert.equal(rows.length, kept.length, "a delivery was answered 2xx and is not there");
    } finally {
      await client.end();
    }
    // What was refused is sent again by the forge, and is the same delivery even where it had been committed.
    for (const no of refused.splice(0))
      await until(`delivery ${no} is taken`, async () => {
        const before = kept.length;
        await deliver(no);
        return kept.length > before;
      });
    assert.equal(new Set(kept).size, asked.length);
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
