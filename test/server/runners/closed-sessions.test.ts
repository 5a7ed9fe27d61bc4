import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { readCommands } from "../../../server/runners/command-procedures.ts";
import { until } from "../../support/services/until.ts";
import { createStops } from "../../support/stops.ts";
import { BOB, startWorld } from "../builds/support/world.ts";

describe("the commands of a session that was closed before they were done", function () {
  this.timeout(60_000);
  const stops = createStops();
  afterEach(() => stops.all());

  it("do not reach a runner that connects again: only the closing does, until that is done", async () => {
    const world = await startWorld({});
    stops.add(() => world.stop());
    const runner = await world.runner();
    const life = await world.begin();
    await runner.hello(life);
    const build = await world.build("node('') {\n  sh 'never'\n}\n");
    const waiting = async (): Promise<string[]> =>
      (await life.store.call(readCommands, { runnerId: runner.id, sessions: null })).map(({ type }) => type);
    await until("the agent is to be opened", async () => {
      life.look();
      return (await waiting()).includes("open");
    });
    assert.ok((await waiting()).length > 1);
    for (const level of [1, 2] as const) await life.builds.abort(build, level, BOB);
    assert.equal(await world.ends(build), "aborted");
    assert.deepEqual(await waiting(), ["close"]);
    await runner.work(life);
    assert.deepEqual(runner.ran, []);
    await until("the runner has answered", async () => (await waiting()).length === 0);
    await runner.hello(life);
    assert.deepEqual(await waiting(), []);
  });
});
