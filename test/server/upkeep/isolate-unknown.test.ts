import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { it } from "mocha";
import pg from "pg";
import { claimBuild } from "../../../server/builds/journal/claim-build.ts";
import { resolveDeployment } from "../../../server/deployments/journal/resolve.ts";
import { takeTurn } from "../../../server/deployments/journal/take-turn.ts";
import { queueStatuses } from "../../../server/forges/status-rows.ts";
import { SERVER_PROCEDURES } from "../../../server/procedures.ts";
import { findViolations } from "../../../server/store/invariants.ts";
import type { Store } from "../../../server/store/store.ts";
import { isolateUnknown } from "../../../server/upkeep/isolate-unknown.ts";
import { onBothDialects } from "../store/support/dialects.ts";
import type { Place } from "../store/support/dialects.ts";
import { aBuild, aTimer } from "../store/support/worlds.ts";

const procedures = [new URL("../store/support/worlds.ts", import.meta.url), ...SERVER_PROCEDURES];
const NOTHING = new Uint8Array();

/** Writes what the constraints of this release refuse, as a later release or a damaged file does. */
async function forge(place: Place, table: string, set: string, where: string): Promise<void> {
  const update = `update ${table} set ${set} where ${where}`;
  if (place.databaseUrl === undefined) {
    const database = new DatabaseSync(join(place.dataFolder, "sluice.sqlite"));
    database.exec(`pragma ignore_check_constraints = on; ${update}`);
    database.close();
    return;
  }
  const client = new pg.Client({ connectionString: place.databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    `select conname as name from pg_constraint where contype = 'c' and conrelid = '${table}'::regclass
     and pg_get_constraintdef(oid) like '%state%'`,
  );
  for (const { name } of rows) await client.query(`alter table ${table} drop constraint ${name}`);
  await client.query(update);
  await client.end();
}

async function aDeployment(store: Store, buildId: number, effectId: string, approved: boolean) {
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
      approvedAtMs: approved ? 5 : null,
      approvedBy: approved ? "grace" : null,
      state: "pending",
      limitMs: 1,
      createdAtMs: 1,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  const gate = await store.db
    .insertInto("gates")
    .values({
      kind: "deploy",
      projectId,
      buildId,
      deploymentId: id,
      state: approved ? "approved" : "open",
      message: "Deploy?",
      dueAtMs: 1e15,
      openedAtMs: 1,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return { id, gate: gate.id };
}

onBothDialects("rows in a state that this release does not know", (start) => {
  it("F70: end their build as our fault, naming row, word and remedy, and every other build goes on", async () => {
    const place = await start();
    const store = await place.open({ procedures });
    const builds: number[] = [];
    for (const number of [1, 2, 3, 4, 5, 6])
      builds.push(
        await store.call(aBuild, { key: "shop", number, state: number === 6 ? "succeeded" : "running" }),
      );
    const [strange = 0, ofEffect = 0, ofSession = 0, ofGate = 0, well = 0, over = 0] = builds;
    for (const buildId of [ofEffect, well]) await store.call(aTimer, { buildId, id: "0:1", dueAtMs: 1e15 });
    await store.db
      .insertInto("sessions")
      .values({
        id: `b${ofSession}.0_1`,
        buildId: ofSession,
        effectId: "0:1",
        fence: 1,
        trust: "trusted",
        profile: "{}",
        label: "",
        request: NOTHING,
        state: "queued",
        queuedAtMs: 1,
      })
      .execute();
    await store.db
      .insertInto("gates")
      .values({
        kind: "input",
        projectId: 1,
        buildId: ofGate,
        effectId: "0:1",
        state: "open",
        message: "Go?",
        dueAtMs: 1e15,
        openedAtMs: 1,
      })
      .execute();
    await forge(place, "builds", "state = 'paused'", `id = ${strange}`);
    await forge(place, "builds", "state = 'skipped'", `id = ${over}`);
    await forge(place, "effects", "state = 'resting'", `build_id = ${ofEffect}`);
    await forge(place, "sessions", "state = 'frozen'", `build_id = ${ofSession}`);
    await forge(place, "gates", "state = 'delegated'", `build_id = ${ofGate}`);
    assert.deepEqual(
      (await findViolations(store))
        .filter(({ invariant }) => /this release knows/.test(invariant))
        .map((one) => one.subjects.toSorted()),
      [[`b${strange}`, `b${over}`, `b${ofEffect}`, `b${ofSession}`, `g1`].toSorted()],
    );

    await store.close();
    // They do not pass for damage of the file.
    const later = await place.open({ procedures });
    const isolated = await later.call(isolateUnknown, { version: "1.2.3" });
    assert.deepEqual(
      isolated.map(({ subject }) => subject).toSorted(),
      [strange, ofEffect, ofSession, ofGate, over].map((id) => `b${id}`).toSorted(),
    );
    const rows = await later.db
      .selectFrom("builds")
      .select(["id", "state", "reasonCode", "reasonFault", "reasonText"])
      .orderBy("id")
      .execute();
    const told = new Map(rows.map((row) => [row.id, row]));
    for (const [id, word] of [
      [strange, /this build is "paused", a state that Sluice 1\.2\.3 does not know: start the build again/],
      [over, /this build is "skipped"/],
      [ofEffect, /effect 0:1 \(sleep\) of this build is "resting"/],
      [ofSession, /agent session b\d+\.0_1 of this build is "frozen"/],
      [ofGate, /gate \d+ of this build is "delegated"/],
    ] as const) {
      const row = told.get(id);
      assert.deepEqual(
        [row?.state, row?.reasonCode, row?.reasonFault],
        ["failed", "internal_error", "sluice"],
      );
      assert.match(row?.reasonText ?? "", word);
    }
    assert.equal(told.get(well)?.state, "running");
    const claimed = await later.call(claimBuild, { buildId: well, holder: later.holder });
    assert.equal(claimed.kind, "claimed");
    await later.call(queueStatuses, { forges: ["here"] });
    assert.deepEqual(await findViolations(later), []);
    assert.deepEqual(await later.call(isolateUnknown, { version: "1.2.3" }), []);
  });

  it("F70: leave a deployment to a person's word, and never send one whose gate nobody can read", async () => {
    const place = await start();
    const store = await place.open({ procedures });
    await store.db
      .insertInto("environments")
      .values({ name: "staging", definition: "{}", releaseCounter: 7, updatedAtMs: 1 })
      .execute();
    const buildId = await store.call(aBuild, { key: "shop", number: 1, state: "running" });
    const strange = await aDeployment(store, buildId, "0:1", false);
    const ofGate = await aDeployment(store, buildId, "0:2", false);
    const decided = await aDeployment(store, buildId, "0:3", true);
    await forge(place, "deployments", "state = 'canary'", `id = ${strange.id}`);
    await forge(place, "gates", "state = 'delegated'", `id in (${ofGate.gate}, ${decided.gate})`);

    await store.call(isolateUnknown, { version: "1.2.3" });
    const rows = await store.db
      .selectFrom("deployments")
      .select(["id", "state", "reasonText"])
      .orderBy("id")
      .execute();
    assert.deepEqual(
      rows.map(({ state }) => state),
      ["unknown", "withdrawn", "pending"],
    );
    assert.match(rows[0]?.reasonText ?? "", /this deployment is "canary".*look at the environment's target/);
    assert.match(rows[1]?.reasonText ?? "", /gate \d+ is "delegated".*deploy again/);
    const gates = await store.db.selectFrom("gates").select("state").orderBy("id").execute();
    assert.deepEqual(
      gates.map(({ state }) => state),
      ["withdrawn", "withdrawn", "approved"],
    );
    const turn = await store.call(takeTurn, { deploymentId: strange.id, holder: store.holder });
    assert.deepEqual(turn, { kind: "over" });
    const said = { deploymentId: strange.id, as: "failed", by: "grace", reason: null } as const;
    assert.equal(await store.call(resolveDeployment, said), true);
    assert.equal(
      (await store.call(takeTurn, { deploymentId: decided.id, holder: store.holder })).kind,
      "yours",
    );
    assert.deepEqual(await findViolations(store), []);
  });
});
