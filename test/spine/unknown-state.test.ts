import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "mocha";
import { until } from "../support/services/until.ts";
import { PROJECT, startSpine } from "../support/spine.ts";
import type { Spine } from "../support/spine.ts";

const ASKING = "input 'Go on?'\n";
const SHORT = "echo 'short'\n";

describe("a server over rows that it cannot read", function () {
  this.timeout(240_000);
  let spine: Spine;
  before(async () => {
    spine = await startSpine({ runner: false });
  });
  after(async () => await spine?.stop());

  it("F70: starts, shows why the build of an unknown state is over, and serves every other one", async () => {
    const { server } = spine;
    const { api } = server;
    await spine.push("First", { Jenkinsfile: ASKING });
    const strange = await api.build(PROJECT, 1);
    await api.openGate(PROJECT, 1);
    await spine.push("Second", { Jenkinsfile: `${ASKING}\n` }, "other");
    const gate = await api.openGate(PROJECT, 2);
    await server.kill();
    const database = new DatabaseSync(join(server.dataFolder, "sluice.sqlite"));
    database.exec(
      `pragma ignore_check_constraints = on; update builds set state = 'hibernating' where id = ${strange.id}`,
    );
    database.close();
    await server.restart();

    const build = await api.buildEnded(PROJECT, 1);
    assert.deepEqual([build.state, build.reason?.fault], ["failed", "sluice"]);
    assert.match(
      build.reason?.text ?? "",
      /this build is "hibernating", a state that Sluice .* does not know: start/,
    );
    assert.match(server.output(), /a row in a state that this release does not know was set apart/);
    const states = (await api.builds(PROJECT)).map(({ number, state }) => `${number} ${state}`);
    assert.deepEqual(states.toSorted(), ["1 failed", "2 waiting"]);
    const decided = await api.decide(gate.id, { decision: "approve" });
    assert.equal(decided.status, 200, decided.text);
    assert.equal((await api.buildEnded(PROJECT, 2)).state, "succeeded");
    await spine.push("Third", { Jenkinsfile: SHORT });
    await until("the push is a build", async () => (await api.builds(PROJECT)).length === 3);
    assert.equal((await api.buildEnded(PROJECT, 3)).state, "succeeded");
    // What became of it is no reason not to build it once more.
    const again = await api.ask("POST", `/builds/${strange.id}/restart`, {});
    assert.ok(again.status < 300, again.text);
  });
});
