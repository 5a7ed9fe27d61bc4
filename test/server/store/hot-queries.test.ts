import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import pino from "pino";
import { explain } from "../../../server/builds/explain.ts";
import { escalate } from "../../../server/builds/escalate.ts";
import { claimBuild } from "../../../server/builds/journal/claim-build.ts";
import { insertBuild } from "../../../server/builds/journal/insert-build.ts";
import { nudgeStarts } from "../../../server/builds/journal/next-starts.ts";
import { reconcileDeployments } from "../../../server/deployments/reconcile.ts";
import { waitingForTheirForge } from "../../../server/forges/settle.ts";
import { queueStatuses } from "../../../server/forges/status-rows.ts";
import { presentBuilds, selectBuilds, unfinishedBuilds } from "../../../server/http/present/build.ts";
import { selectGates } from "../../../server/http/present/gate.ts";
import { dueNotifications, overdueMessageSteps } from "../../../server/notifications/rows.ts";
import { SERVER_PROCEDURES } from "../../../server/procedures.ts";
import { nudgeAbandonedBuilds } from "../../../server/queue/abandoned-builds.ts";
import { startRelay } from "../../../server/queue/relay.ts";
import { startTimerSweeper } from "../../../server/queue/timers.ts";
import {
  findBegunLate,
  findIdle,
  findStranded,
  placeSessions,
} from "../../../server/runners/runner-procedures.ts";
import { indexed } from "../../../server/store/conditions.ts";
import { systemClock } from "../../../server/store/clock.ts";
import { UNFINISHED_BUILD_STATES } from "../../../server/store/states.ts";
import { openStore, type Store } from "../../../server/store/store.ts";
import { temporaryFolder } from "../../support/services/folder.ts";
import { openPlanned, type PlannedStore } from "./support/planned.ts";
import { aBuild, aTimer } from "./support/worlds.ts";

/** Tables with a row for each thing that people have set up, and parts of statements that were read already. */
const SMALL = new Set(["projects", "runners", "settings", "environments", "live", "session"]);

/** Indexes that hold only what is to be done now: reading all of one is the work itself. */
const SHORT =
  /USING (?:COVERING )?INDEX (?:builds_undelivered|builds_stopping|builds_untold|builds_ends_untold|deployments_ends_untold|builds_unlooked|builds_by_wait|outbox_waiting|leases_held|sessions_waiting|sessions_open|notifications_due|effects_due|deployments_to_do|effects_of_messages|commands_unacked|commands_to_cancel|gates_open|gates_open_by_id)\b/u;

/** A page of the newest, or oldest, by number: it ends with the page. */
const NEWEST = /order by "builds"."id" desc limit \?$/u;

describe("what the server asks its database again and again", function () {
  this.timeout(120_000);
  const endings: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).toReversed()) await end();
  });

  async function crowded(): Promise<PlannedStore> {
    const folder = await temporaryFolder("plans");
    endings.push(() => folder.remove());
    const store = await openStore({
      dataFolder: folder.path,
      clock: systemClock,
      procedures: [new URL("./support/worlds.ts", import.meta.url), ...SERVER_PROCEDURES],
    });
    try {
      await fill(store);
    } finally {
      await store.close();
    }
    const planned = openPlanned(folder.path, () => systemClock.nowMs());
    endings.push(() => planned.close());
    return planned;
  }

  async function fill(store: Store): Promise<void> {
    for (let at = 1; at <= 60; at += 1) {
      await store.call(aBuild, { key: `p${at % 3}`, number: at, state: "queued" });
      const id = await store.call(aBuild, { key: `p${at % 3}`, number: 1000 + at, state: "waiting" });
      await store.call(aTimer, { buildId: id, id: "0:1", dueAtMs: 4_000_000_000_000 });
      await store.db
        .insertInto("gates")
        .values({
          kind: "input",
          projectId: 1,
          buildId: id,
          effectId: "0:2",
          state: "open",
          message: "Go on?",
          dueAtMs: 4_000_000_000_000,
          openedAtMs: 1,
        })
        .execute();
    }
    await store.db
      .insertInto("runners")
      .values({
        name: "r",
        keyHash: "r",
        labels: "[]",
        places: 1,
        state: "online",
        versions: "{}",
        workspaces: "[]",
        joinedAtMs: 1,
      })
      .execute();
    for (const [id, state] of [
      ["b2.1", "queued"],
      ["b2.2", "queued"],
      ["b2.3", "ready"],
    ] as const)
      await store.db
        .insertInto("sessions")
        .values({
          id,
          buildId: 2,
          effectId: id,
          runnerId: state === "ready" ? 1 : null,
          state,
          label: "",
          trust: "trusted",
          profile: "standard",
          request: new Uint8Array(),
          queuedAtMs: 1,
        })
        .execute();
    await store.db.updateTable("projects").set({ nextNumber: 100_000 }).execute();
  }

  it("is found by index: thousands that wait make no tick longer", async () => {
    const planned = await crowded();
    const { store } = planned;
    const log = pino({ level: "silent" });
    const build = await store.db
      .selectFrom("builds")
      .select(["id", "projectId"])
      .where("state", "=", "waiting")
      .executeTakeFirstOrThrow();
    planned.scans();
    const asked: Readonly<Record<string, () => Promise<unknown>>> = {
      "builds without a holder": () => store.call(nudgeAbandonedBuilds, { limit: 200 }),
      "builds that may start": () => store.call(nudgeStarts, { limit: 200 }),
      "stops that take long": () =>
        escalate({ store, sealOf: () => Promise.reject(new Error("none")), poke: () => {} }),
      deployments: () =>
        reconcileDeployments({
          store,
          deployer: {
            handle: () => Promise.resolve(),
            busy: () => 0,
            stop: () => Promise.resolve(),
          },
        }),
      messages: () => store.call(dueNotifications, { limit: 100 }),
      "message steps": () => store.call(overdueMessageSteps, { afterMs: 60_000 }),
      timers: async () => {
        await startTimerSweeper({ store, log, end: () => Promise.resolve() }).stop();
      },
      nudges: async () => {
        await startRelay({ store, transport: { send: () => Promise.resolve() }, log }).stop();
      },
      statuses: () => store.call(queueStatuses, { forges: ["here"] }),
      trust: () => waitingForTheirForge(store),
      places: () => store.call(placeSessions, {}),
      "lost runners": () => store.call(findStranded, { upSinceMs: 0 }),
      "steps begun in a lost agent": () => store.call(findBegunLate, {}),
      parking: () => store.call(findIdle, { idleMs: 60_000 }),
      "a start": () => store.call(claimBuild, { buildId: 1, holder: store.holder }),
      "a push": () =>
        store.call(insertBuild, {
          build: {
            projectId: build.projectId,
            deliveryId: null,
            trust: "trusted",
            eventKind: "push",
            event: "{}",
            ref: "refs/heads/main",
            sha: "a",
            beforeSha: null,
            title: "",
            author: "",
            authorMail: null,
            actor: "",
            routes: "{}",
            parameters: "{}",
            dataKey: new Uint8Array(),
          },
        }),
      "builds that run or wait": () => unfinishedBuilds(store, UNFINISHED_BUILD_STATES, "desc", 50),
      "a page of builds": async () => {
        const rows = await selectBuilds(store).orderBy("builds.id", "desc").limit(50).execute();
        return await presentBuilds(store, rows);
      },
      "the builds of a project": async () => {
        const rows = await selectBuilds(store)
          .where("builds.projectId", "=", build.projectId)
          .orderBy("builds.number", "desc")
          .limit(50)
          .execute();
        return await presentBuilds(store, rows);
      },
      "open gates": () =>
        selectGates(store).where(indexed("gateOpen")).orderBy("gates.id").limit(50).execute(),
      why: () => explain(store, build.id),
    };
    const slow: string[] = [];
    for (const [name, ask] of Object.entries(asked)) {
      await ask();
      for (const { table, line, sql } of planned.scans())
        if (!SMALL.has(table) && !SHORT.test(line) && !NEWEST.test(sql))
          slow.push(`${name}: ${line}\n    ${sql.slice(0, 300)}`);
    }
    assert.deepEqual(slow, []);
  });
});
