import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { PATIENCE } from "../support/api.ts";
import { until } from "../support/services/until.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";

const asks = (options: string) => `pipeline {
  agent none
  options { ${options} }
  stages { stage('Ask') { steps { input 'Go on?' } } }
}
`;

describe("builds of one branch", () => {
  let spine: Spine;
  before(async function () {
    this.timeout(120_000);
    spine = await startSpine({ runner: false });
  });
  after(async function () {
    this.timeout(60_000);
    await spine.stop();
  });

  it("run side by side unless their file says otherwise; then the newer one waits, saying for which", async function () {
    this.timeout(300_000);
    const { api } = spine.server;
    await spine.push("one", { Jenkinsfile: asks("disableConcurrentBuilds()") });
    const first = await api.openGate(PROJECT, 1);
    await spine.push("two", { other: "2" });
    const waiting = await api.buildIs(PROJECT, 2, "held back", (build) => build.waits.length > 0);
    assert.equal(waiting.state, "queued");
    assert.match(waiting.waits[0]?.text ?? "", /build 1 of the same branch has not ended/);
    assert.equal((await api.decide(first.id, { decision: "approve" })).status, 200);
    const second = await api.openGate(PROJECT, 2);
    assert.equal((await api.decide(second.id, { decision: "approve" })).status, 200);
    assert.equal((await api.buildEnded(PROJECT, 2)).state, "succeeded");
  });

  it("are stopped by a newer one where their file says so, as not built", async function () {
    this.timeout(300_000);
    const { api } = spine.server;
    const file = asks("disableConcurrentBuilds(abortPrevious: true)");
    await spine.push("three", { Jenkinsfile: file }, "next");
    await api.openGate(PROJECT, 3);
    await spine.push("four", { other: "4" }, "next");
    const old = await api.buildEnded(PROJECT, 3);
    assert.equal(old.state, "not_built");
    assert.match(old.reason?.text ?? "", /build 4 of the same branch is newer/);
    const gate = await until("the newer one asks", async () => await api.openGate(PROJECT, 4), PATIENCE);
    assert.equal((await api.decide(gate.id, { decision: "reject" })).status, 200);
    assert.equal((await api.buildEnded(PROJECT, 4)).state, "aborted");
  });

  it("end as not built at a milestone that a newer one has passed", async function () {
    this.timeout(300_000);
    const { api } = spine.server;
    await spine.push("five", { Jenkinsfile: "input 'Go on?'\nmilestone 1\necho 'past'\n" }, "steps");
    const older = await api.openGate(PROJECT, 5);
    await spine.push("six", { other: "6" }, "steps");
    const newer = await api.openGate(PROJECT, 6);
    assert.equal((await api.decide(newer.id, { decision: "approve" })).status, 200);
    assert.equal((await api.buildEnded(PROJECT, 6)).state, "succeeded");
    assert.equal((await api.decide(older.id, { decision: "approve" })).status, 200);
    assert.equal((await api.buildEnded(PROJECT, 5)).state, "not_built");
  });
});
