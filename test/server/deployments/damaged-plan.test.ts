import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { findViolations } from "../../../server/store/invariants.ts";
import { until } from "../../support/services/until.ts";
import { createStops } from "../../support/stops.ts";
import { fakeTarget } from "../builds/support/fake-target.ts";
import { BOB, type Life, startWorld, type World } from "../builds/support/world.ts";

const ENVIRONMENT = `targets:
  here: { type: swarm }
environments:
  live: { policy: gate, approve: { role: deployer }, supersede: false, waves: [[here]], soak: 0s }
`;
const GARBAGE = new Uint8Array(64).fill(7);
const IMAGE = `registry.example.org/web:1@sha256:${"a".repeat(64)}`;

describe("a deployment whose plan is damaged", function () {
  this.timeout(120_000);
  const stops = createStops();
  afterEach(() => stops.all());

  async function aWorld() {
    const target = fakeTarget();
    const world = await startWorld({ target, file: ENVIRONMENT });
    stops.add(() => world.stop());
    const life = await world.begin();
    return { world, life, target };
  }

  /** A build that asks to deploy, and its gate. */
  async function asked(world: World, project: string) {
    const build = await world.build(`deploy environment: 'live', images: [web: '${IMAGE}']\n`, project);
    const gate = await until(
      "its gate is open",
      async () =>
        await world.base.db
          .selectFrom("gates")
          .innerJoin("deployments", "deployments.id", "gates.deploymentId")
          .select(["gates.id", "deployments.id as deployment", "deployments.planHash"])
          .where("gates.state", "=", "open")
          .where("deployments.buildId", "=", build)
          .executeTakeFirst(),
    );
    return { build, gate };
  }

  async function approve(life: Life, gate: { id: number; planHash: string }) {
    return await life.gates.decide(gate.id, { decision: "approve", planHash: gate.planHash }, BOB);
  }

  async function deployment(world: World, id: number) {
    return await world.base.db
      .selectFrom("deployments")
      .select(["state", "reasonCode", "reasonText"])
      .where("id", "=", id)
      .executeTakeFirstOrThrow();
  }

  it("cannot be approved, in words, but rejected, and the next one goes live", async () => {
    const { world, life, target } = await aWorld();
    const bad = await asked(world, "shop");
    const set = { plan: GARBAGE };
    await world.base.db.updateTable("deployments").set(set).where("id", "=", bad.gate.deployment).execute();
    const refused = await approve(life, bad.gate);
    assert.ok(!refused.ok && refused.status === 409);
    assert.match(refused.text, /^the plan of this deployment is damaged: .*: reject it$/);
    assert.ok((await life.gates.decide(bad.gate.id, { decision: "reject" }, BOB)).ok);
    assert.notEqual(await world.ends(bad.build), "succeeded");
    const good = await asked(world, "mill");
    assert.ok((await approve(life, good.gate)).ok);
    assert.equal(await world.ends(good.build), "succeeded");
    assert.equal(target.writes(), 1);
  });

  for (const [sent, state] of [
    [false, "failed"],
    [true, "unknown"],
  ] as const)
    it(`is ${state} where ${sent ? "something may have been" : "nothing was"} sent, and frees the environment`, async () => {
      const { world, life, target } = await aWorld();
      const bad = await asked(world, "shop");
      const set = { plan: GARBAGE, ...(sent ? { state: "applying" as const } : {}) };
      await world.base.db
        .updateTable("deploymentTargets")
        .set(set)
        .where("deploymentId", "=", bad.gate.deployment)
        .execute();
      assert.ok((await approve(life, bad.gate)).ok);
      const row = await until("it is given up", async () => {
        life.look();
        const found = await deployment(world, bad.gate.deployment);
        return found.state === state && found;
      });
      assert.equal(row.reasonCode, "internal_error");
      assert.match(
        row.reasonText ?? "",
        /^the plan of this deployment for .* is damaged: start the build again/,
      );
      assert.equal(target.writes(), 0);
      const good = await asked(world, "mill");
      assert.ok((await approve(life, good.gate)).ok);
      assert.equal(await world.ends(good.build), "succeeded");
      if (!sent) assert.equal(await world.ends(bad.build), "failed");
      assert.equal(
        (await deployment(world, bad.gate.deployment)).state,
        state,
        "nobody but a person moves it",
      );
      world.clock.pass(120_000);
      assert.deepEqual(await findViolations(world.base), []);
    });
});
