import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import { createEnginePool, type EnginePool } from "../../../server/builds/engine/pool.ts";
import { unloadBuild } from "../../../server/builds/journal/load-build.ts";
import { findViolations } from "../../../server/store/invariants.ts";
import { helloRunner } from "../../../server/runners/runner-procedures.ts";
import type { Channel } from "../../../server/notifications/channel.ts";
import { until } from "../../support/services/until.ts";
import { createStops } from "../../support/stops.ts";
import type { Death } from "./support/crashing-store.ts";
import { fakeTarget } from "./support/fake-target.ts";
import { diverge } from "./support/journal.ts";
import type { Behaviour, PlayedRunner } from "./support/played-runner.ts";
import { ANN, BOB, startWorld, type World, type WorldOptions } from "./support/world.ts";

const STEPS = `node('') {\n  sh 'one'\n  sh 'two'\n}\necho 'said'\n`;
const IMAGE = `registry.example.org/web:1@sha256:${"a".repeat(64)}`;
const LIVE = `targets:
  here: { type: swarm }
environments:
  live: { policy: auto, waves: [[here]], soak: 0s }
`;
const CHAT = `channels:
  chat: { type: slack, url: 'http://127.0.0.1:9/' }
`;
const HELD: Behaviour = (script) => (script === "held" ? "hold" : 0);

describe("a server that is killed", function () {
  this.timeout(180_000);
  const stops = createStops();
  let pool: EnginePool;
  before(() => {
    pool = createEnginePool({ threads: 1 });
  });
  after(() => pool.close());
  afterEach(() => stops.all());

  async function aWorld(options: WorldOptions = {}): Promise<World> {
    const world = await startWorld({ pool, ...options });
    stops.add(() => world.stop());
    return world;
  }

  /** Lives one after another, the last of which outlives the build. */
  async function liveThrough(
    world: World,
    runner: PlayedRunner,
    build: number,
    deaths: readonly Death[],
  ): Promise<void> {
    for (const death of deaths) {
      const life = await world.begin({ death });
      life.serve(runner);
      await Promise.race([life.died, world.ends(build)]);
      await life.crash();
    }
    const last = await world.begin();
    last.serve(runner);
    await world.ends(build);
    await last.crash();
  }

  async function isWell(world: World, ...builds: readonly number[]): Promise<void> {
    for (const build of builds) assert.deepEqual(await diverge(world, build), []);
    world.clock.pass(120_000);
    assert.deepEqual(await findViolations(world.base), []);
  }

  async function gateOf(world: World, build: number): Promise<number> {
    return await until(
      `build ${build} waits at its gate`,
      async () => {
        const row = await world.base.db
          .selectFrom("gates")
          .select("id")
          .where("buildId", "=", build)
          .where("state", "=", "open")
          .executeTakeFirst();
        return row?.id;
      },
      { everyMs: 5 },
    );
  }

  async function gate(world: World, id: number) {
    return await world.base.db
      .selectFrom("gates")
      .select(["state", "decidedBy"])
      .where("id", "=", id)
      .executeTakeFirstOrThrow();
  }

  it("kill point 2: after the delivery's commit, before the relay: the next start builds it, once", async () => {
    const world = await aWorld();
    const runner = await world.runner();
    const first = await world.begin({ queueIsAway: () => true });
    first.serve(runner);
    const build = await world.build(STEPS);
    await first.crash();
    const second = await world.begin();
    second.serve(runner);
    assert.equal(await world.ends(build), "succeeded");
    assert.deepEqual(runner.ran, ["one", "two"]);
    await isWell(world, build);
  });

  it("kill point 3: after the nudge was sent, before its row says so: the second nudge does nothing", async () => {
    const world = await aWorld();
    const runner = await world.runner();
    const build = await world.build(STEPS);
    await liveThrough(world, runner, build, [{ point: "nudgesSent", moment: "before" }]);
    assert.deepEqual(runner.ran, ["one", "two"]);
    await isWell(world, build);
  });

  it("kill point 4: after the job was acked, before the engine is loaded: the next start takes the build at once", async () => {
    const world = await aWorld();
    const runner = await world.runner();
    const build = await world.build(STEPS);
    await liveThrough(world, runner, build, [
      { point: "builds.claim", moment: "after" },
      { point: "builds.saveHead", moment: "before" },
      { point: "builds.saveHead", moment: "after" },
    ]);
    assert.deepEqual(runner.ran, ["one", "two"]);
    await isWell(world, build);
  });

  it("kill point 5: with its queue away, a running build goes on, a click is kept and carried out when the queue is back", async () => {
    const world = await aWorld();
    const runner = await world.runner({ behave: HELD });
    let away = false;
    const life = await world.begin({ queueIsAway: () => away });
    life.serve(runner);
    const running = await world.build("node('') {\n  sh 'held'\n  sh 'two'\n}\n");
    const waiting = await world.build("input 'Go on?'\nnode('') { sh 'after' }\n");
    const gateId = await gateOf(world, waiting);
    await until("the step runs and the gate's build is unloaded", () => {
      return runner.ran.includes("held") && !life.host.loaded().includes(waiting);
    });
    away = true;
    runner.letGo("held", 0);
    assert.equal(await world.ends(running), "succeeded");
    assert.deepEqual(await life.gates.decide(gateId, { decision: "approve" }, ANN), {
      ok: true,
      value: null,
    });
    assert.equal((await gate(world, gateId)).state, "approved");
    assert.ok(!runner.ran.includes("after"));
    away = false;
    assert.equal(await world.ends(waiting), "succeeded");
    assert.deepEqual(runner.ran, ["held", "two", "after"]);
    await isWell(world, running, waiting);
  });

  it("kill point 6, kill point 7: before and after the commit of each turn: every effect is begun once, and the runner is told of each", async () => {
    const world = await aWorld();
    const runner = await world.runner({ behave: (script) => (script === "bad" ? 3 : 0) });
    const file = `def seen = []
pipeline {
  agent any
  stages {
    stage('Build') { steps { sh 'build'; script { seen << sh(script: 'list', returnStdout: true).trim() } } }
    stage('Test') { parallel {
      stage('A') { steps { script { seen << 'a'; sh "a \${seen}" } } }
      stage('B') { steps { catchError(stageResult: 'FAILURE') { sh 'bad' } } }
    } }
  }
  post { always { sh 'clean' } }
}
`;
    const whole = await world.build(file);
    await liveThrough(world, runner, whole, []);
    const expected = [...runner.ran];
    const text = await world.console(whole);
    const builds = [whole];
    for (const moment of ["before", "after"] as const) {
      for (let pass = 1; pass <= 40; pass += 1) {
        const life = await world.begin({ death: { point: "builds.commitTurn", moment, pass } });
        life.serve(runner);
        const build = await world.build(file);
        builds.push(build);
        const from = runner.ran.length;
        await Promise.race([life.died, world.ends(build)]);
        const survived = !life.isDead();
        await life.crash();
        await liveThrough(world, runner, build, []);
        assert.deepEqual(runner.ran.slice(from).toSorted(), expected.toSorted());
        assert.equal((await world.console(build)).replaceAll(`b${build}.`, `b${whole}.`), text);
        if (survived) break;
        assert.ok(pass < 40, "the build never outlives its server");
      }
    }
    await isWell(world, ...builds);
  });

  it("kill point 11: after the runner's report, before the commit or before the answer: it is reported again and ended once", async () => {
    const world = await aWorld();
    const runner = await world.runner();
    const builds: number[] = [];
    for (const moment of ["before", "after", "after-but-error"] as const)
      for (const pass of moment === "after-but-error" ? [1] : [1, 2]) {
        const build = await world.build(STEPS);
        builds.push(build);
        const from = runner.ran.length;
        const death = { point: "runners.endCommands", moment, pass };
        const life = await world.begin({ death });
        life.serve(runner);
        await Promise.race([life.died, world.ends(build)]);
        await life.crash();
        await liveThrough(world, runner, build, []);
        assert.deepEqual(runner.ran.slice(from), ["one", "two"]);
      }
    await isWell(world, ...builds);
  });

  it("kill point 13: with a gate approved while the engine unloads: the decision is delivered once, by this load or the next", async () => {
    const world = await aWorld();
    const runner = await world.runner({ places: 30 });
    const life = await world.begin();
    life.serve(runner);
    const builds: number[] = [];
    for (let i = 0; i < 24; i += 1)
      builds.push(
        await world.build(`input 'Go on?'\nnode('') { sh 'after' }\n`, i % 2 === 0 ? "shop" : "mill"),
      );
    await Promise.all(
      builds.map(async (build) => {
        const id = await gateOf(world, build);
        const answer = await life.gates.decide(id, { decision: "approve" }, ANN);
        assert.ok(answer.ok);
      }),
    );
    for (const build of builds) assert.equal(await world.ends(build), "succeeded");
    assert.equal(runner.ran.length, builds.length);
    await isWell(world, ...builds);
  });

  it("kill point 13: between the decision's commit and the unloading, either of the two comes first and nothing is lost", async () => {
    const world = await aWorld();
    const runner = await world.runner();
    const life = await world.begin();
    life.serve(runner);
    const build = await world.build(`input 'Go on?'\nnode('') { sh 'after' }\n`);
    const id = await gateOf(world, build);
    await until("the build is unloaded", () => !life.host.loaded().includes(build));
    const lease = await world.base.db
      .selectFrom("leases")
      .select("fence")
      .where("name", "=", `build:${build}`)
      .executeTakeFirstOrThrow();
    await life.crash();
    const silent = await world.begin({ idle: true });
    assert.ok((await silent.gates.decide(id, { decision: "approve" }, ANN)).ok);
    assert.equal(await world.base.call(unloadBuild, { buildId: build, fence: lease.fence }), false);
    await silent.crash();
    await liveThrough(world, runner, build, []);
    assert.deepEqual(runner.ran, ["after"]);
    await isWell(world, build);
  });

  it("kill point 14: with an approval, a stop and a time limit in the same millisecond, one wins on the gate and the build agrees", async () => {
    const world = await aWorld();
    const runner = await world.runner({ places: 30 });
    const life = await world.begin();
    life.serve(runner);
    const builds: number[] = [];
    for (let i = 0; i < 12; i += 1)
      builds.push(
        await world.build(
          `timeout(time: 1, unit: 'HOURS') { input 'Go on?' }\nnode('') { sh 'after' }\n`,
          ["shop", "mill", "mint"][i % 3],
        ),
      );
    const gates = await Promise.all(builds.map((build) => gateOf(world, build)));
    world.clock.pass(3_600_000 - 200);
    await Promise.all(
      builds.flatMap((build, i) => [
        life.gates.decide(gates[i] ?? 0, { decision: "approve" }, ANN),
        ...(i % 3 === 0 ? [life.builds.abort(build, 1, ANN)] : []),
        ...(i % 3 === 1 ? [life.gates.decide(gates[i] ?? 0, { decision: "reject" }, BOB)] : []),
      ]),
    );
    world.clock.pass(400);
    life.look();
    let passed = 0;
    for (const [i, build] of builds.entries()) {
      const state = await world.ends(build);
      const decided = await gate(world, gates[i] ?? 0);
      if (decided.state === "approved") passed += state === "succeeded" ? 1 : 0;
      else assert.equal(state, "aborted", `a gate that was ${decided.state} let its build pass`);
      assert.notEqual(decided.state, "open");
    }
    assert.equal(runner.ran.length, passed);
    await isWell(world, ...builds);
  });

  for (const [point, frozenMs] of [
    ["kill point 15", 20_000],
    ["kill point 16", 60_000],
  ] as const)
    it(`${point}: with a host that was silent for ${frozenMs / 1000} s and another that took its build: the first begins nothing more`, async () => {
      const world = await aWorld();
      const runner = await world.runner({ behave: HELD });
      const first = await world.begin({ idle: true });
      const build = await world.build("node('') {\n  sh 'held'\n  sh 'two'\n}\n");
      assert.equal(await first.host.handle(build), "claimed");
      first.serve(runner);
      await until("the step runs", () => runner.ran.includes("held"));
      world.clock.pass(frozenMs);
      const second = await world.begin({ besides: true });
      await until("the other host has the build", () => second.host.loaded().includes(build));
      runner.letGo("held", 0);
      first.host.poke(build);
      assert.equal(await world.ends(build), "succeeded");
      await until("the first host has dropped it", () => first.host.loaded().length === 0);
      assert.deepEqual(runner.ran, ["held", "two"]);
      await isWell(world, build);
    });

  it("kill point 17: over the deadline of an input in parallel in timeout: it expires, its siblings are stopped, post runs", async () => {
    const world = await aWorld();
    const runner = await world.runner({ behave: HELD });
    const first = await world.begin();
    first.serve(runner);
    const build = await world.build(`pipeline {
  agent any
  stages { stage('Ask') {
    options { timeout(time: 10, unit: 'MINUTES') }
    steps { script { parallel(ask: { input 'Go on?' }, work: { sh 'held' }) } }
  } }
  post { always { sh 'post' } }
}
`);
    const id = await gateOf(world, build);
    await until("the sibling runs", () => runner.ran.includes("held"));
    await first.crash();
    world.clock.pass(3_600_000);
    const second = await world.begin();
    const answer = await second.gates.decide(id, { decision: "approve" }, ANN);
    assert.ok(!answer.ok && answer.status === 409, "nobody passes a gate after its time");
    second.serve(runner);
    assert.equal(await world.ends(build), "aborted");
    assert.equal((await gate(world, id)).state, "expired");
    assert.deepEqual(runner.ran, ["held", "post"]);
    await isWell(world, build);
  });

  it("kill point 18: between a first failure and the cancels of failFast: the same failure, the same cancels, the same result", async () => {
    const world = await aWorld();
    const runner = await world.runner({
      behave: (script) => (script === "fails" ? 7 : script.startsWith("long") ? "hold" : 0),
    });
    const builds: number[] = [];
    for (const moment of ["before", "after"] as const)
      for (let pass = 3; pass <= 5; pass += 1) {
        const life = await world.begin({ death: { point: "builds.commitTurn", moment, pass } });
        life.serve(runner);
        const build = await world.build(
          `node('') { parallel(failFast: true, a: { sh 'fails' }, b: { sh 'long 1' }, c: { sh 'long 2' }) }\n`,
        );
        builds.push(build);
        await Promise.race([life.died, world.ends(build)]);
        await life.crash();
        await liveThrough(world, runner, build, []);
        const row = await world.base.db
          .selectFrom("builds")
          .select(["state", "reasonFault", "reasonText"])
          .where("id", "=", build)
          .executeTakeFirstOrThrow();
        assert.deepEqual(row, {
          state: "failed",
          reasonFault: "command",
          reasonText: "script returned exit code 7",
        });
      }
    assert.equal(runner.ran.length, builds.length * 3);
    await isWell(world, ...builds);
  });

  it("kill point 19: during post after a stop: post goes on at level 1, and its limit counts from the stop", async () => {
    const world = await aWorld();
    const runner = await world.runner({
      behave: (script) => (script.startsWith("held") ? "hold" : 0),
    });
    const first = await world.begin();
    first.serve(runner);
    const build = await world.build(
      `pipeline { agent any\n stages { stage('A') { steps { sh 'held' } } }\n post { always { sh 'held in post'; sh 'last' } } }\n`,
    );
    await until("the step runs", () => runner.ran.includes("held"));
    assert.ok((await first.builds.abort(build, 1, ANN)).ok);
    await until("post runs", () => runner.ran.includes("held in post"));
    await first.crash();
    const level = async () =>
      (
        await world.base.db
          .selectFrom("builds")
          .select("cancelLevel")
          .where("id", "=", build)
          .executeTakeFirstOrThrow()
      ).cancelLevel;
    world.clock.pass(14 * 60_000);
    const second = await world.begin();
    second.serve(runner);
    await until("the build is loaded again", () => second.host.loaded().includes(build));
    await second.escalate();
    assert.equal(await level(), 1);
    await second.crash();
    world.clock.pass(2 * 60_000);
    await liveThrough(world, runner, build, []);
    assert.equal(await level(), 2);
    // What is begun under level 2 is interrupted at once.
    assert.deepEqual(runner.ran, ["held", "held in post"]);
    await isWell(world, build);
  });

  it("kill point 20: and comes back as another version that reads a file otherwise: the build ends as our fault, both sides named", async () => {
    const world = await aWorld();
    const runner = await world.runner({ behave: HELD });
    const first = await world.begin();
    first.serve(runner);
    const build = await world.build("node('') {\n  sh 'held'\n}\n");
    await until("the step runs", () => runner.ran.includes("held"));
    await first.crash();
    await world.base.db
      .updateTable("effects")
      .set({ argsHash: "0".repeat(32) })
      .where("buildId", "=", build)
      .where("kind", "=", "exec")
      .execute();
    const second = await world.begin();
    second.serve(runner);
    await world.ends(build);
    const row = await world.base.db
      .selectFrom("builds")
      .select(["state", "reasonCode", "reasonFault"])
      .where("id", "=", build)
      .executeTakeFirstOrThrow();
    assert.deepEqual(row, { state: "failed", reasonCode: "journal_mismatch", reasonFault: "sluice" });
    await until("the runner was told to close the agent", () => runner.closed.size === 1);
  });

  it("kill point 25: or loses its database in COMMIT: what was committed is read again and nothing is done twice", async () => {
    const world = await aWorld();
    const runner = await world.runner();
    const builds: number[] = [];
    const lost = [
      ...[1, 2, 3, 4].map((pass) => ({ point: "builds.commitTurn", pass })),
      { point: "builds.claim", pass: 1 },
      { point: "builds.saveHead", pass: 1 },
      { point: "runners.endCommands", pass: 1 },
      { point: "runners.place", pass: 1 },
    ];
    for (const one of lost) {
      const build = await world.build(STEPS);
      builds.push(build);
      const from = runner.ran.length;
      const life = await world.begin({ death: { ...one, moment: "after-but-error" } });
      life.serve(runner);
      assert.equal(await world.ends(build), "succeeded", JSON.stringify(one));
      assert.deepEqual(runner.ran.slice(from), ["one", "two"]);
      await life.crash();
    }
    await isWell(world, ...builds);
  });

  it("kill point 21: around the one write of a deployer: the service is written to once, and the build hears how it ended", async () => {
    for (const [point, moment] of [
      ["deployments.stepTarget", "before"],
      ["deployments.stepTarget", "after"],
      ["deployments.takeTurn", "after"],
      ["deployments.savePlan", "after"],
      ["deployments.finish", "before"],
      ["deployments.finish", "after"],
    ] as const)
      for (const pass of point === "deployments.stepTarget" ? [1, 2, 3] : [1]) {
        const target = fakeTarget();
        const world = await aWorld({ target, file: LIVE });
        const runner = await world.runner();
        const build = await world.build(`deploy environment: 'live', images: [web: '${IMAGE}']\n`);
        await liveThrough(world, runner, build, [{ point, moment, pass }]);
        const row = await world.base.db
          .selectFrom("builds")
          .select(["state", "reasonText"])
          .where("id", "=", build)
          .executeTakeFirstOrThrow();
        assert.deepEqual(row, { state: "succeeded", reasonText: null }, `${point} ${moment} ${pass}`);
        assert.equal(target.writes(), 1, `${point} ${moment} ${pass}`);
        await isWell(world, build);
        await world.stop();
      }
  });

  it("kill point 23: after a message was accepted, before it is marked: it is sent again under the same id, never lost", async () => {
    const ids: string[] = [];
    const channel: Channel = {
      kind: "slack",
      async send({ messageId }) {
        ids.push(messageId);
        return { kind: "sent", answer: "ok" };
      },
      close: () => {},
    };
    const world = await aWorld({ channel, file: CHAT });
    const runner = await world.runner();
    const build = await world.build("slackSend message: 'done'\n");
    const first = await world.begin({ death: { point: "notifications.settle", moment: "before" } });
    first.serve(runner);
    await first.died;
    await first.crash();
    await liveThrough(world, runner, build, []);
    await until("it is marked", async () => {
      const row = await world.base.db.selectFrom("notifications").select("state").executeTakeFirst();
      return row?.state === "sent";
    });
    assert.equal(ids.length, 2);
    assert.equal(ids[0], ids[1]);
    await isWell(world, build);
  });

  it("kill point 23: people hear of an end whose nudge was lost with Redis, once", async () => {
    const subjects: string[] = [];
    const channel: Channel = {
      kind: "slack",
      async send({ messageId }) {
        subjects.push(messageId);
        return { kind: "sent", answer: "ok" };
      },
      close: () => {},
    };
    const world = await aWorld({
      channel,
      file: `${CHAT}notify:\n  - { on: [failed], to: [chat] }\n`,
    });
    const life = await world.begin({ loses: ({ queue }) => queue === "upkeep" });
    const build = await world.build("error 'no'\n");
    assert.equal(await world.ends(build), "failed");
    await until("it was told of", () => {
      life.look();
      return subjects.length > 0;
    });
    life.look();
    await until("nothing is left to tell", async () => {
      const row = await world.base.db.selectFrom("builds").select("peopleTold").executeTakeFirst();
      return row?.peopleTold === 1;
    });
    assert.equal(subjects.length, 1);
    await isWell(world, build);
  });

  it("kill point 26: and is restored from an older backup while a runner has newer sessions: those are closed", async () => {
    const world = await aWorld();
    const runner = await world.runner({ behave: HELD });
    const life = await world.begin();
    life.serve(runner);
    const build = await world.build("node('') {\n  sh 'held'\n}\n");
    await until("the step runs", () => runner.ran.includes("held"));
    const { id: session, fence } = await world.base.db
      .selectFrom("sessions")
      .select(["id", "fence"])
      .where("buildId", "=", build)
      .executeTakeFirstOrThrow();
    const hello = await world.base.call(helloRunner, {
      runnerId: runner.id,
      boot: "played",
      labels: [],
      places: 4,
      draining: false,
      versions: "{}",
      problem: null,
      sessions: [
        { id: session, fence, parked: false },
        { id: "b999.0_1", fence: 1, parked: false },
        { id: `${session}x`, fence: 7, parked: false },
      ],
    });
    assert.deepEqual([hello.keep, hello.close], [[session], ["b999.0_1", `${session}x`]]);
    runner.letGo("held", 0);
    assert.equal(await world.ends(build), "succeeded");
  });
});
