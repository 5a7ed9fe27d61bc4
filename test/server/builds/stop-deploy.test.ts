import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import { createEnginePool, type EnginePool } from "../../../server/builds/engine/pool.ts";
import { findViolations } from "../../../server/store/invariants.ts";
import { until } from "../../support/services/until.ts";
import { createStops } from "../../support/stops.ts";
import { fakeTarget } from "./support/fake-target.ts";
import { ANN, BOB, startWorld, type World } from "./support/world.ts";

const IMAGE = `registry.example.org/web:1@sha256:${"a".repeat(64)}`;
const environment = (policy: string) => `targets:
  here: { type: swarm }
environments:
  live: { policy: ${policy}, waves: [[here]], soak: 0s }
`;
const FILE = `pipeline {
  agent none
  stages {
    stage('Deploy') { steps { deploy environment: 'live', images: [web: '${IMAGE}'] } }
    stage('After') { steps { echo 'never' } }
  }
  post {
    aborted { echo 'told' }
    cleanup { echo 'swept' }
  }
}
`;

describe("a build that is stopped while it deploys", function () {
  this.timeout(120_000);
  const stops = createStops();
  let pool: EnginePool;
  before(() => {
    pool = createEnginePool({ threads: 1 });
  });
  after(() => pool.close());
  afterEach(() => stops.all());

  async function aWorld(policy: string, target = fakeTarget()): Promise<World> {
    const world = await startWorld({ pool, target, file: environment(policy) });
    stops.add(() => world.stop());
    return world;
  }

  async function deploymentState(world: World): Promise<string | undefined> {
    const row = await world.base.db.selectFrom("deployments").select("state").executeTakeFirst();
    return row?.state;
  }

  async function toldOnce(world: World, build: number): Promise<void> {
    assert.deepEqual((await world.console(build)).match(/^(told|swept|never)$/gmu), ["told", "swept"]);
    world.clock.pass(120_000);
    assert.deepEqual(await findViolations(world.base), []);
  }

  it("before anybody approved it, sends nothing, and its gate is withdrawn", async () => {
    const target = fakeTarget();
    const world = await aWorld("gate", target);
    const life = await world.begin();
    const build = await world.build(FILE);
    const gate = await until("its gate is open", async () => {
      const row = await world.base.db
        .selectFrom("gates")
        .select("id")
        .where("state", "=", "open")
        .executeTakeFirst();
      return row?.id;
    });
    assert.ok((await life.builds.abort(build, 1, ANN)).ok);
    assert.equal(await world.ends(build), "aborted");
    assert.equal(await deploymentState(world), "withdrawn");
    const late = await life.gates.decide(gate, { decision: "approve" }, BOB);
    assert.ok(!late.ok && late.status === 409, JSON.stringify(late));
    assert.equal(target.writes(), 0);
    await toldOnce(world, build);
  });

  it("after it was sent, ends at once, and the roll-out goes on to its end by itself", async () => {
    const going = Promise.withResolvers<void>();
    const plain = fakeTarget();
    const target: typeof plain = {
      ...plain,
      async *watch() {
        await going.promise;
        yield { kind: "end", outcome: "succeeded", text: "it runs" };
      },
    };
    const world = await aWorld("auto", target);
    const life = await world.begin();
    const build = await world.build(FILE);
    await until("it was sent", () => target.writes() === 1);
    assert.ok((await life.builds.abort(build, 1, ANN)).ok);
    assert.equal(await world.ends(build), "aborted");
    assert.notEqual(await deploymentState(world), "withdrawn");
    going.resolve();
    await until("it has succeeded", async () => (await deploymentState(world)) === "succeeded");
    assert.equal(target.writes(), 1);
    await toldOnce(world, build);
  });
});
