import assert from "node:assert/strict";
import { it } from "mocha";
import { claimBuild } from "../../../server/builds/journal/claim-build.ts";
import { resolveDeployment } from "../../../server/deployments/journal/resolve.ts";
import { takeTurn } from "../../../server/deployments/journal/take-turn.ts";
import { SERVER_PROCEDURES } from "../../../server/procedures.ts";
import { checkSafeMode } from "../../../server/readiness.ts";
import { findViolations } from "../../../server/store/invariants.ts";
import type { DeploymentState } from "../../../server/store/states.ts";
import type { Store } from "../../../server/store/store.ts";
import { endSafeMode } from "../../../server/upkeep/end-safe-mode.ts";
import { enterSafeMode } from "../../../server/upkeep/enter-safe-mode.ts";
import { recordHeads } from "../../../server/webhooks/sweep-rows.ts";
import { onBothDialects } from "../store/support/dialects.ts";
import { aBuild, aTimer } from "../store/support/worlds.ts";

const procedures = [new URL("../store/support/worlds.ts", import.meta.url), ...SERVER_PROCEDURES];
const NOTHING = new Uint8Array();
const BACKUP_MS = Date.UTC(2026, 10, 20);
const by = { actorKind: "user", actor: "grace", address: null } as const;

async function aDeployment(
  store: Store,
  buildId: number,
  effectId: string,
  state: DeploymentState,
  approvedAtMs: number | null,
): Promise<number> {
  const { projectId } = await store.db.selectFrom("builds").select("projectId").executeTakeFirstOrThrow();
  const { id } = await store.db
    .insertInto("deployments")
    .values({
      projectId,
      environment: "staging",
      kind: "deploy",
      buildId,
      effectId,
      images: "{}",
      plan: NOTHING,
      planHash: "h",
      approvedAtMs,
      approvedBy: approvedAtMs === null ? null : "grace",
      state,
      limitMs: 1,
      createdAtMs: 1,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  await store.db
    .insertInto("deploymentTargets")
    .values({
      deploymentId: id,
      target: "swarm",
      wave: 0,
      try: 1,
      state: state === "pending" ? "pending" : "applying",
      plan: NOTHING,
      updatedAtMs: 1,
    })
    .execute();
  await store.db
    .insertInto("gates")
    .values({
      kind: "deploy",
      projectId,
      buildId,
      deploymentId: id,
      state: approvedAtMs === null ? "open" : "approved",
      message: "Deploy?",
      dueAtMs: 1e15,
      openedAtMs: 1,
    })
    .execute();
  return id;
}

onBothDialects("a store that comes from a backup", (start) => {
  it("kill point 26: ends what was under way, sends nothing, and numbers on above what may have been given since", async () => {
    const store = await (await start()).open({ procedures });
    await store.db
      .insertInto("environments")
      .values({ name: "staging", definition: "{}", releaseCounter: 7, updatedAtMs: 1 })
      .execute();
    const running = await store.call(aBuild, { key: "shop", number: 1, state: "running", nextOrd: 4 });
    await store.call(aTimer, { buildId: running, id: "0:9", dueAtMs: 1 });
    await store.call(aBuild, { key: "shop", number: 2, state: "queued" });
    await store.call(aBuild, { key: "shop", number: 3, state: "waiting" });
    const over = await store.call(aBuild, { key: "shop", number: 4, state: "succeeded" });
    await store.db.updateTable("projects").set({ nextNumber: 5 }).execute();
    const asked = await aDeployment(store, running, "0:1", "pending", null);
    const approved = await aDeployment(store, running, "0:2", "pending", 5);
    const sent = await aDeployment(store, running, "0:3", "applying", 5);
    await store.db
      .insertInto("notifications")
      .values({
        subject: "b1",
        event: "failed",
        channel: "mail",
        recipient: "r",
        body: "{}",
        state: "pending",
        createdAtMs: 1,
      })
      .execute();

    const entered = await store.call(enterSafeMode, { backupAtMs: BACKUP_MS });
    assert.deepEqual(entered, { builds: 3, gates: 1, unknown: 2, withdrawn: 1 });
    const builds = await store.db
      .selectFrom("builds")
      .select(["number", "state", "reasonCode", "reasonFault"])
      .orderBy("number")
      .execute();
    const restored = { state: "failed", reasonCode: "restored", reasonFault: "sluice" };
    assert.deepEqual(builds.slice(0, 3), [
      { number: 1, ...restored },
      { number: 2, ...restored },
      { number: 3, ...restored },
    ]);
    assert.equal(builds[3]?.state, "succeeded");
    const deployments = await store.db
      .selectFrom("deployments")
      .select(["id", "state"])
      .orderBy("id")
      .execute();
    assert.deepEqual(deployments, [
      { id: asked, state: "withdrawn" },
      { id: approved, state: "unknown" },
      { id: sent, state: "unknown" },
    ]);
    const gates = await store.db.selectFrom("gates").select("state").orderBy("id").execute();
    assert.deepEqual(
      gates.map((gate) => gate.state),
      ["withdrawn", "approved", "approved"],
    );
    assert.deepEqual(await store.db.selectFrom("outbox").selectAll().execute(), []);
    const [message] = await store.db.selectFrom("notifications").select("state").execute();
    assert.equal(message?.state, "dead");
    assert.deepEqual(await findViolations(store), []);

    // Nobody sends what is unknown, however often it is looked at; a person's word decides.
    for (const deploymentId of [approved, sent])
      assert.deepEqual(await store.call(takeTurn, { deploymentId, holder: store.holder }), { kind: "over" });
    assert.equal(
      await store.call(resolveDeployment, {
        deploymentId: sent,
        as: "succeeded",
        by: "grace",
        reason: "it runs",
      }),
      true,
    );

    const project = await store.db.selectFrom("projects").select("nextNumber").executeTakeFirst();
    assert.deepEqual(project, { nextNumber: 1005 });
    const environment = await store.db.selectFrom("environments").select("releaseCounter").executeTakeFirst();
    assert.deepEqual(environment, { releaseCounter: 1007 });
    const next = await store.call(aBuild, { key: "shop", number: 1005, state: "queued" });
    assert.ok(next > over + 100_000, `${next}`);
  });

  it("starts nothing until an administrator ends the safe mode, and says so", async () => {
    const store = await (await start()).open({ procedures });
    const claim = async (buildId: number) => await store.call(claimBuild, { buildId, holder: store.holder });
    await store.call(enterSafeMode, { backupAtMs: null });
    const build = await store.call(aBuild, { key: "shop", number: 1, state: "queued" });
    const held = await claim(build);
    assert.equal(held.kind === "held" ? held.hold.cause.cause : held.kind, "restored");
    assert.deepEqual(
      (await checkSafeMode(store)).map(({ name }) => name),
      ["safe-mode"],
    );
    assert.equal(await store.call(endSafeMode, { by }), true);
    assert.equal(await store.call(endSafeMode, { by }), false);
    assert.deepEqual(await checkSafeMode(store), []);
    assert.equal((await claim(build)).kind, "claimed");
    const audit = await store.db.selectFrom("audit").select(["actor", "action"]).orderBy("seq").execute();
    assert.deepEqual(audit, [
      { actor: "restore", action: "safe-mode.begin" },
      { actor: "grace", action: "safe-mode.end" },
    ]);
  });

  it("takes the heads of a repository as they are now", async () => {
    const store = await (await start()).open({ procedures });
    await store.call(aBuild, { key: "shop", number: 1, state: "succeeded" });
    const { id: projectId } = await store.db.selectFrom("projects").select("id").executeTakeFirstOrThrow();
    const ref = "refs/heads/main";
    for (const [sha, replace] of [
      ["old", false],
      ["other", false],
      ["new", true],
    ] as const)
      await store.call(recordHeads, { projectId, heads: [{ ref, sha }], replace });
    const heads = await store.db.selectFrom("refHeads").select(["ref", "sha"]).execute();
    assert.deepEqual(heads, [{ ref, sha: "new" }]);
  });
});
