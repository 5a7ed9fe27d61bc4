import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { findViolations } from "../../../server/store/invariants.ts";
import type { Target } from "../../../server/deployments/target.ts";
import { explain } from "../../../server/builds/explain.ts";
import { until } from "../../support/services/until.ts";
import { createStops } from "../../support/stops.ts";
import { fakeTarget } from "../builds/support/fake-target.ts";
import { BOB, startWorld } from "../builds/support/world.ts";

const ENVIRONMENT = `targets:
  here: { type: swarm }
environments:
  live: { policy: gate, approve: { role: deployer }, supersede: false, waves: [[here]], soak: 0s }
`;

/** A target whose roll-outs go on until they are let go, and that sees how many there are at once. */
function heldTarget() {
  const target = fakeTarget();
  const held: (() => void)[] = [];
  let over = false;
  let atOnce = 0;
  let most = 0;
  const watched: Target = {
    ...target,
    async *watch(...args) {
      atOnce += 1;
      most = Math.max(most, atOnce);
      if (!over) await new Promise<void>((resolve) => held.push(resolve));
      atOnce -= 1;
      yield* target.watch(...args);
    },
  };
  const letAllGo = (): void => {
    over = true;
    for (const go of held) go();
  };
  return { watched, held, letAllGo, writes: () => target.writes(), most: () => most };
}

describe("two gates of one environment", function () {
  this.timeout(120_000);
  const stops = createStops();
  afterEach(() => stops.all());

  it("F64: approved at the same instant roll out one after the other, and the second says for which it waits", async () => {
    const { watched, held, letAllGo, writes, most } = heldTarget();
    const world = await startWorld({ target: watched, file: ENVIRONMENT });
    stops.add(() => world.stop());
    stops.add(async () => letAllGo());
    const runner = await world.runner();
    const life = await world.begin();
    life.serve(runner);
    const builds: number[] = [];
    for (const [project, digit] of [
      ["shop", "a"],
      ["mill", "b"],
    ] as const)
      builds.push(
        await world.build(
          `deploy environment: 'live', images: [${project}: 'registry.example.org/${project}:1@sha256:${digit.repeat(64)}']\n`,
          project,
        ),
      );
    const gates = await until("both gates are open", async () => {
      const rows = await world.base.db
        .selectFrom("gates")
        .innerJoin("deployments", "deployments.id", "gates.deploymentId")
        .select(["gates.id", "deployments.planHash"])
        .where("gates.state", "=", "open")
        .execute();
      return rows.length === 2 && rows;
    });
    const decided = await Promise.all(
      gates.map(({ id, planHash }) => life.gates.decide(id, { decision: "approve", planHash }, BOB)),
    );
    assert.deepEqual(
      decided.map(({ ok }) => ok),
      [true, true],
    );
    await until("one rolls out", () => held.length === 1);
    const waiting = await until("the other waits for its turn", async () => {
      life.look();
      return await world.base.db
        .selectFrom("deployments")
        .select(["id", "buildId", "state"])
        .where("waitCode", "=", "environment_turn")
        .executeTakeFirst();
    });
    assert.equal(waiting.state, "pending");
    const first = await world.base.db
      .selectFrom("deployments")
      .select("id")
      .where("state", "in", ["applying", "verifying"])
      .executeTakeFirstOrThrow();
    const { lines } = await explain(world.base, waiting.buildId ?? 0);
    assert.match(
      lines.join("\n"),
      new RegExp(`deployment ${first.id}\\b.*\\blive\\b|\\blive\\b.*deployment ${first.id}\\b`, "u"),
    );
    held[0]?.();
    await until("the other rolls out", () => {
      life.look();
      return held.length === 2;
    });
    held[1]?.();
    for (const build of builds) assert.equal(await world.ends(build), "succeeded");
    assert.equal(most(), 1, "two roll-outs were under way at once");
    assert.equal(writes(), 2);
    const releases = await world.base.db
      .selectFrom("deployments")
      .select("release")
      .orderBy("release")
      .execute();
    assert.deepEqual(
      releases.map(({ release }) => release),
      [1, 2],
    );
    world.clock.pass(120_000);
    assert.deepEqual(await findViolations(world.base), []);
  });
});
