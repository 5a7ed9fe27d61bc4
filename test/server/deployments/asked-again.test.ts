import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { findViolations } from "../../../server/store/invariants.ts";
import type { Channel } from "../../../server/notifications/channel.ts";
import { type Target, TargetError } from "../../../server/deployments/target.ts";
import { until } from "../../support/services/until.ts";
import { createStops } from "../../support/stops.ts";
import type { Death } from "../builds/support/crashing-store.ts";
import { fakeTarget } from "../builds/support/fake-target.ts";
import { BOB, type Life, startWorld, type World } from "../builds/support/world.ts";

const imageOf = (digit: string): string => `registry.example.org/shop:1@sha256:${digit.repeat(64)}`;
const deployOf = (digit: string, service = "web"): string =>
  `deploy environment: 'live', images: [${service}: '${imageOf(digit)}']\n`;
const environment = (rules: string): string => `targets:
  here: { type: swarm }
environments:
  live: { ${rules}, waves: [[here]], soak: 0s }
`;

/** A target that takes no write until it is let go. */
function heldTarget() {
  const services = fakeTarget();
  const free = Promise.withResolvers<void>();
  let asked = 0;
  const target: Target = {
    ...services,
    async apply(...args) {
      asked += 1;
      await free.promise;
      return await services.apply(...args);
    },
  };
  return { services, target, asked: () => asked, letGo: () => free.resolve() };
}

async function deployments(world: World) {
  return await world.base.db
    .selectFrom("deployments")
    .select(["id", "buildId", "state", "release", "approvedBy", "planHash", "gateId", "reasonCode"])
    .orderBy("id")
    .execute();
}

async function gateOf(world: World, build: number) {
  return await until(`the gate of build ${build} is open`, async () => {
    const row = await world.base.db
      .selectFrom("gates")
      .selectAll()
      .where("buildId", "=", build)
      .where("state", "=", "open")
      .executeTakeFirst();
    return row ?? false;
  });
}

async function approve(world: World, life: Life, build: number): Promise<void> {
  const gate = await gateOf(world, build);
  const decided = await life.gates.decide(
    gate.id,
    { decision: "approve", planHash: gate.planHash ?? "" },
    BOB,
  );
  assert.ok(decided.ok, JSON.stringify(decided));
}

describe("a deployment whose turn comes after its target has changed", function () {
  this.timeout(120_000);
  const stops = createStops();
  afterEach(() => stops.all());

  async function aWorld(rules: string) {
    const held = heldTarget();
    const world = await startWorld({ target: held.target, file: environment(rules) });
    stops.add(() => world.stop());
    stops.add(async () => held.letGo());
    return { ...held, world };
  }

  /** Two builds deploy the same service; both were approved before the first was written. */
  async function twoApproved(rules: string, death?: Death) {
    const made = await aWorld(rules);
    const { world } = made;
    const life = await world.begin(death === undefined ? {} : { death });
    const builds: number[] = [];
    for (const digit of ["a", "b"]) {
      const build = await world.build(deployOf(digit));
      await gateOf(world, build);
      builds.push(build);
    }
    const [first = 0, second = 0] = builds;
    return { ...made, life, first, second };
  }

  it("asks people anew and sends nothing until they have approved what changes now", async () => {
    const { world, life, first, second, services, asked, letGo } = await twoApproved(
      "policy: gate, approve: { role: deployer }, supersede: false",
    );
    await approve(world, life, first);
    await until("the first is being written", () => asked() === 1);
    await approve(world, life, second);
    letGo();
    assert.equal(await world.ends(first), "succeeded");
    const gate = await gateOf(world, second);
    assert.match(gate.message, /approved by bob before web changed: look at the new plan/u);
    assert.equal(services.writes(), 1);
    const [, waiting] = await deployments(world);
    assert.deepEqual([waiting?.state, waiting?.approvedBy, waiting?.release], ["pending", null, null]);
    world.clock.pass(60_000);
    assert.deepEqual(await findViolations(world.base), []);
    await approve(world, life, second);
    assert.equal(await world.ends(second), "succeeded");
    assert.equal(services.writes(), 2);
    assert.equal(services.image("web"), imageOf("b"));
  });

  it("is planned anew and goes on where policy alone approves", async () => {
    const { world, services, asked, letGo } = await aWorld("policy: auto");
    await world.begin();
    const first = await world.build(deployOf("a"));
    await until("the first is being written", () => asked() === 1);
    const second = await world.build(deployOf("b"));
    await until("the second has its plan", async () => (await deployments(world))[1]?.planHash !== "");
    letGo();
    assert.equal(await world.ends(first), "succeeded");
    assert.equal(await world.ends(second), "succeeded");
    assert.deepEqual([services.writes(), services.image("web")], [2, imageOf("b")]);
  });

  it("is withdrawn where a newer one of its project has gone live, although it was approved", async () => {
    const { world, life, first, second, services, asked, letGo } = await twoApproved(
      "policy: gate, approve: { role: deployer }",
    );
    await approve(world, life, second);
    await until("the newer one is being written", () => asked() === 1);
    await approve(world, life, first);
    letGo();
    assert.equal(await world.ends(second), "succeeded");
    assert.equal(await world.ends(first), "not_built");
    const [older] = await deployments(world);
    assert.deepEqual([older?.state, older?.reasonCode], ["withdrawn", "superseded"]);
    assert.deepEqual([services.writes(), services.image("web")], [1, imageOf("b")]);
    world.clock.pass(60_000);
    assert.deepEqual(await findViolations(world.base), []);
  });

  it("is withdrawn where its build was stopped meanwhile: nobody is asked for a build that is over", async () => {
    const { world, life, first, second, services, asked, letGo } = await twoApproved(
      "policy: gate, approve: { role: deployer }, supersede: false",
    );
    await approve(world, life, first);
    await until("the first is being written", () => asked() === 1);
    await approve(world, life, second);
    // As after a stop whose withdrawal came too late: the deployment was on its way by then.
    await world.base.db.updateTable("builds").set({ cancelLevel: 1 }).where("id", "=", second).execute();
    letGo();
    assert.equal(await world.ends(first), "succeeded");
    await until("it is withdrawn", async () => (await deployments(world))[1]?.state === "withdrawn");
    assert.equal((await deployments(world))[1]?.reasonCode, "aborted");
    assert.equal(await world.ends(second), "aborted");
    assert.equal(services.writes(), 1);
    world.clock.pass(60_000);
    assert.deepEqual(await findViolations(world.base), []);
  });

  it("keeps what somebody wrote for the gate, and says once who had approved", async () => {
    const { world, life, first, second, services, asked, letGo } = await twoApproved(
      "policy: gate, approve: { role: deployer }, supersede: false",
    );
    const wrote = "the shop (approved by the board in May)";
    await world.base.db.updateTable("gates").set({ message: wrote }).where("buildId", "=", second).execute();
    await approve(world, life, first);
    await until("the first is being written", () => asked() === 1);
    await approve(world, life, second);
    letGo();
    const suffix = " (approved by bob before web changed: look at the new plan)";
    assert.equal((await gateOf(world, second)).message, `${wrote}${suffix}`);
    await until("the first has ended", async () => (await world.ends(first)) === "succeeded");
    assert.equal(services.writes(), 1);
  });

  it("lets the gate of another project be, which nothing newer has overtaken", async () => {
    const { world, services, letGo } = await aWorld("policy: gate, approve: { role: deployer }");
    letGo();
    const life = await world.begin();
    const mill = await world.build(deployOf("a", "mill"), "mill");
    await gateOf(world, mill);
    const shop = await world.build(deployOf("b", "shop"), "shop");
    await approve(world, life, shop);
    assert.equal(await world.ends(shop), "succeeded");
    await approve(world, life, mill);
    assert.equal(await world.ends(mill), "succeeded");
    assert.equal(services.writes(), 2);
  });

  it("waits for a target that cannot be looked at, and goes on when it can", async () => {
    const services = fakeTarget();
    let isAway = false;
    let refused = 0;
    const target: Target = {
      ...services,
      async plan(...args) {
        if (!isAway) return await services.plan(...args);
        refused += 1;
        throw new TargetError("not-sent", "the Engine cannot be reached: socket hang up");
      },
    };
    const world = await startWorld({
      target,
      file: environment("policy: gate, approve: { role: deployer }"),
    });
    stops.add(() => world.stop());
    const life = await world.begin();
    const build = await world.build(deployOf("a"));
    const gate = await gateOf(world, build);
    await world.base.db
      .updateTable("environments")
      .set({ frozenUntilMs: world.clock.nowMs() + 60_000, frozenReason: "stocktaking" })
      .where("name", "=", "live")
      .execute();
    await approve(world, life, build);
    assert.equal((await deployments(world))[0]?.gateId, gate.id);
    isAway = true;
    world.clock.pass(61_000);
    await until("it was looked at in vain", () => {
      life.look();
      return refused >= 2;
    });
    isAway = false;
    assert.equal(await world.ends(build), "succeeded");
    assert.equal(services.writes(), 1);
  });

  it("is told of although the word of it was lost with Redis: people hear of each plan once", async () => {
    const told: string[] = [];
    const channel: Channel = {
      kind: "slack",
      async send({ messageId }) {
        told.push(messageId);
        return { kind: "sent", answer: "ok" };
      },
      close: () => {},
    };
    const held = heldTarget();
    const file = `channels:
  chat: { type: slack, url: 'http://127.0.0.1:9/' }
notify:
  - { on: [gate_open], to: [chat] }
${environment("policy: gate, approve: { role: deployer }, supersede: false")}`;
    const world = await startWorld({ target: held.target, file, channel });
    stops.add(() => world.stop());
    stops.add(async () => held.letGo());
    let isLost = false;
    const life = await world.begin({ loses: ({ queue }) => isLost && queue === "deployments" });
    const builds: number[] = [];
    for (const digit of ["a", "b"]) {
      builds.push(await world.build(deployOf(digit)));
      await gateOf(world, builds.at(-1) ?? 0);
    }
    const [first = 0, second = 0] = builds;
    await until("people heard of both gates", () => told.length === 2);
    world.clock.pass(10_000);
    // From here on the server takes both gates for known.
    life.look();
    await approve(world, life, first);
    await until("the first is being written", () => held.asked() === 1);
    await approve(world, life, second);
    isLost = true;
    held.letGo();
    assert.equal(await world.ends(first), "succeeded");
    await until("the second is asked about again", async () => {
      life.look();
      return (await gateOf(world, second)).message.includes("look at the new plan");
    });
    world.clock.pass(10_000);
    await until("people hear of it", () => {
      life.look();
      return told.length === 3;
    });
    assert.equal(new Set(told).size, 3);
  });

  for (const moment of ["before", "after", "after-but-error"] as const)
    it(`is asked about once where the server dies ${moment} it is written down`, async () => {
      const { world, life, first, second, services, asked, letGo } = await twoApproved(
        "policy: gate, approve: { role: deployer }, supersede: false",
        { point: "deployments.replacePlan", moment },
      );
      await approve(world, life, first);
      await until("the first is being written", () => asked() === 1);
      await approve(world, life, second);
      letGo();
      // An error alone ends no life: the deployer looks again.
      if (moment !== "after-but-error") await life.died;
      const next = moment === "after-but-error" ? life : await world.begin();
      const gate = await gateOf(world, second);
      assert.equal(services.writes(), 1);
      assert.match(gate.message, /approved by bob before web changed/u);
      await approve(world, next, second);
      assert.equal(await world.ends(second), "succeeded");
      assert.equal(await world.ends(first), "succeeded");
      assert.equal(services.writes(), 2);
    });
});
