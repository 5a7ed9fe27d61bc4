import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import pino from "pino";
import { loadConfig } from "../../../server/config.ts";
import { ForgeError } from "../../../server/forges/errors.ts";
import { startDownstream } from "../../../server/schedules/start-downstream.ts";
import { startDueSchedules, type ScheduleDeps } from "../../../server/schedules/start-due.ts";
import { startWorld, type World } from "../builds/support/world.ts";

const SHA = "b".repeat(40);
const DAY = 86_400_000;

function pipeline(triggers: string): string {
  return `pipeline { agent none\n${triggers}\nstages { stage('One') { steps { echo 'one' } } } }`;
}

describe("triggers of the default branch's file", function () {
  this.timeout(60_000);
  let world: World;
  let refs = new Map([["refs/heads/main", SHA]]);
  let isAway = false;

  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  function deps(): ScheduleDeps {
    return {
      store: world.base,
      vault: world.vault,
      config: loadConfig({ SLUICE_DATA: world.folder }, world.folder),
      sources: {
        refs: async () => {
          if (isAway) throw new ForgeError("away", "no answer");
          return refs;
        },
      },
      log: pino({ level: "silent" }),
    };
  }

  /** Runs this file to its end; what it triggers is left to the test. */
  async function build(text: string, project = "shop"): Promise<number> {
    const life = await world.begin();
    const id = await world.build(text, project);
    await world.ends(id);
    await life.crash();
    return id;
  }

  async function schedules() {
    return await world.base.db.selectFrom("schedules").selectAll().orderBy("pattern").execute();
  }

  async function started(kind: "cron" | "upstream") {
    return await world.base.db
      .selectFrom("builds")
      .select(["id", "projectId", "ref", "sha", "trust", "parameters", "upstreamId", "title"])
      .where("eventKind", "=", kind)
      .orderBy("id")
      .execute();
  }

  it("keeps a cron trigger with its next time, starts its build once when it is due, and one for all that were missed", async () => {
    await build(pipeline("triggers { cron('TZ=Asia/Shanghai\\n30 4 * * *') }"));
    const [row, ...others] = await schedules();
    assert.ok(row !== undefined && others.length === 0);
    const next = new Date(row.nextAtMs);
    assert.deepEqual([next.getUTCHours(), next.getUTCMinutes()], [20, 30]);

    assert.equal(await startDueSchedules(deps()), 0);
    world.clock.pass(3 * DAY);
    isAway = true;
    assert.equal(await startDueSchedules(deps()), 0, "the repository is away");
    isAway = false;
    const twice = await Promise.all([startDueSchedules(deps()), startDueSchedules(deps())]);
    assert.deepEqual(
      twice.toSorted((a, b) => a - b),
      [0, 1],
    );
    const [timed, ...more] = await started("cron");
    assert.equal(more.length, 0);
    assert.deepEqual(
      [timed?.ref, timed?.sha, timed?.trust, timed?.title],
      ["refs/heads/main", SHA, "trusted", "Started by timer"],
    );
    const [later] = await schedules();
    assert.ok((later?.nextAtMs ?? 0) > world.clock.nowMs());

    world.clock.pass(DAY);
    assert.equal(await startDueSchedules(deps()), 0, "the build before has not started yet");
    assert.equal((await started("cron")).length, 1);
    await world.base.db
      .updateTable("builds")
      .set({ state: "aborted", endedAtMs: world.clock.nowMs() })
      .where("eventKind", "=", "cron")
      .execute();
  });

  it("gives a build the parameters of its line, forgets what the file no longer says, and ends with its branch", async () => {
    const text =
      "properties([pipelineTriggers([cron('@hourly'), parameterizedCron('*/5 * * * * %MODE=full;DRY=true')])])\necho 'hi'";
    await build(text);
    assert.deepEqual(
      (await schedules()).map(({ pattern }) => pattern),
      ["*/5 * * * * %MODE=full;DRY=true", "@hourly"],
    );
    world.clock.pass(6 * 60_000);
    assert.ok((await startDueSchedules(deps())) >= 1);
    const parameters = (await started("cron")).map((row) => row.parameters);
    assert.ok(parameters.includes('{"MODE":"full","DRY":"true"}'), parameters.join());

    await build(pipeline("triggers { cron('0 0 1 1 *') }"));
    assert.deepEqual(
      (await schedules()).map(({ pattern }) => pattern),
      ["0 0 1 1 *"],
    );
    await build(pipeline(""));
    assert.deepEqual(await schedules(), []);

    await build(pipeline("triggers { cron('* * * * *') }"));
    world.clock.pass(2 * 60_000);
    refs = new Map();
    assert.equal(await startDueSchedules(deps()), 0);
    assert.deepEqual(await schedules(), []);
    refs = new Map([["refs/heads/main", SHA]]);
  });

  it("starts a build after each end upstream that is good enough, and none for ends before the trigger was written", async () => {
    await build(pipeline(""), "mill");
    await build(
      pipeline(
        "triggers { upstream(upstreamProjects: 'mill, nobody', threshold: hudson.model.Result.UNSTABLE) }",
      ),
    );
    assert.equal(await startDownstream(deps()), 0);
    const good = await build(pipeline(""), "mill");
    await build("error 'no'", "mill");
    const unstable = await build("unstable 'hm'", "mill");
    assert.equal(await startDownstream(deps()), 1);
    assert.equal(await startDownstream(deps()), 1);
    assert.equal(await startDownstream(deps()), 0);
    assert.deepEqual(
      (await started("upstream")).map((row) => row.upstreamId),
      [good, unstable],
    );
  });
});
