import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { explain } from "../../../server/builds/explain.ts";
import { claimBuild } from "../../../server/builds/journal/claim-build.ts";
import { pipelineSettingsName } from "../../../server/builds/journal/pipeline-settings.ts";
import { takeTurn } from "../../../server/deployments/journal/take-turn.ts";
import { SERVER_PROCEDURES } from "../../../server/procedures.ts";
import { placeSessions } from "../../../server/runners/runner-procedures.ts";
import type { BuildState, RunnerState, SessionState } from "../../../server/store/states.ts";
import type { Store } from "../../../server/store/store.ts";
import { enterSafeMode } from "../../../server/upkeep/enter-safe-mode.ts";
import { holdForDisk } from "../../../server/upkeep/disk.ts";
import { WAIT_CAUSES, type WaitCauseName, waitColumns } from "../../../server/waits/cause.ts";
import { lineOf } from "../../../server/waits/describe.ts";
import { onBothDialects } from "../store/support/dialects.ts";
import { aBuild, aTimer } from "../store/support/worlds.ts";

const procedures = [new URL("../store/support/worlds.ts", import.meta.url), ...SERVER_PROCEDURES];
const NOTHING = new Uint8Array();
const SOON_MS = 4_000_000_000_000;

/** A database in which a test brings about one wait. */
interface World {
  readonly store: Store;
  readonly build: (state?: BuildState) => Promise<number>;
  readonly runner: (more?: {
    state?: RunnerState;
    labels?: string[];
    disk?: number;
    places?: number;
  }) => Promise<number>;
  readonly session: (
    build: number,
    state: SessionState,
    runner?: number | null,
    label?: string,
  ) => Promise<string>;
  readonly deployment: (build: number, state: "pending" | "applying") => Promise<number>;
  readonly command: (session: string, type: "container" | "unpark") => Promise<void>;
  /** The host asks whether the build may start. */
  readonly asksToStart: (build: number, free?: number) => Promise<void>;
}

function aWorld(store: Store): World {
  let count = 0;
  const next = () => (count += 1);
  return {
    store,
    build: (state = "queued") => store.call(aBuild, { key: "shop", number: next(), state }),
    async runner({ state = "online", labels = [], disk, places = 1 } = {}) {
      const nowMs = await store.nowMs();
      const { id } = await store.db
        .insertInto("runners")
        .values({
          name: `r${next()}`,
          keyHash: `${count}`,
          labels: JSON.stringify(labels),
          places,
          state,
          versions: "{}",
          workspaces: "[]",
          joinedAtMs: nowMs,
          goneAtMs: state === "offline" ? nowMs : null,
          diskFreePercent: disk ?? null,
        })
        .returning("id")
        .executeTakeFirstOrThrow();
      return id;
    },
    async session(build, state, runner = null, label = "") {
      const id = `b${build}.${next()}`;
      await store.db
        .insertInto("sessions")
        .values({
          id,
          buildId: build,
          effectId: id,
          runnerId: runner,
          state,
          label,
          trust: "trusted",
          profile: "standard",
          request: NOTHING,
          queuedAtMs: await store.nowMs(),
        })
        .execute();
      return id;
    },
    async deployment(build, state) {
      const nowMs = await store.nowMs();
      await store.db
        .insertInto("environments")
        .values({ name: "staging", definition: "{}", updatedAtMs: nowMs })
        .onConflict((on) => on.doNothing())
        .execute();
      const { id } = await store.db
        .insertInto("deployments")
        .values({
          projectId: 1,
          environment: "staging",
          kind: "deploy",
          buildId: build,
          effectId: `0:${next()}`,
          images: "{}",
          plan: NOTHING,
          planHash: "h",
          approvedBy: "ann",
          state,
          limitMs: 60_000,
          createdAtMs: nowMs,
          dueAtMs: SOON_MS,
        })
        .returning("id")
        .executeTakeFirstOrThrow();
      return id;
    },
    async command(session, type) {
      await store.db
        .insertInto("commands")
        .values({
          sessionId: session,
          seq: next(),
          id: `${session}.${type}`,
          type,
          body: NOTHING,
          createdAtMs: await store.nowMs(),
        })
        .execute();
    },
    async asksToStart(build, free = 1) {
      const claimed = await store.call(claimBuild, {
        buildId: build,
        holder: store.holder,
        hold: holdForDisk(free),
      });
      assert.equal(claimed.kind, "held");
    },
  };
}

/** What its file asked of the next builds of the branch. */
async function rules(store: Store, ...properties: { name: string; args: unknown }[]): Promise<void> {
  const name = pipelineSettingsName(1, "refs/heads/main");
  const body = JSON.stringify({ properties });
  await store.db.insertInto("settings").values({ name, body, updatedAtMs: 1 }).execute();
}

interface Case {
  /** Brings it about; gives the build that waits. */
  readonly make: (world: World) => Promise<number>;
  readonly text: RegExp;
  readonly endedBy: RegExp;
  readonly until?: boolean;
}

const CASES: Readonly<Record<WaitCauseName, Case>> = {
  forge: {
    async make({ store, build }) {
      const id = await build();
      const cause = { cause: "forge", asked: "trust", said: "it answered 502" } as const;
      await store.db
        .updateTable("builds")
        .set({ trust: "unknown", ...waitColumns(cause) })
        .execute();
      return id;
    },
    text: /the forge has not told yet who may write: it answered 502/,
    endedBy: /the forge's answer/,
  },
  approval: {
    async make({ store, build, asksToStart }) {
      const id = await build();
      await store.db.updateTable("builds").set({ trust: "untrusted" }).execute();
      await asksToStart(id);
      return id;
    },
    text: /made by somebody who may not write/,
    endedBy: /a maintainer/,
  },
  quiet_period: {
    async make({ store, build, asksToStart }) {
      const id = await build();
      await rules(store, { name: "quietPeriod", args: 3600 });
      await asksToStart(id);
      return id;
    },
    text: /a quiet period before it starts/,
    endedBy: /time/,
    until: true,
  },
  concurrency: {
    async make({ store, build, asksToStart }) {
      await build("running");
      const id = await build();
      await store.db.updateTable("projects").set({ settings: '{"concurrency":1}' }).execute();
      await asksToStart(id);
      return id;
    },
    text: /1 builds of shop run, and no more than 1 may/,
    endedBy: /the end of one of them, or a higher `concurrency` of shop in sluice.yml/,
  },
  admission: {
    async make({ build, session, asksToStart }) {
      for (let at = 0; at < 20; at += 1) {
        const begun = await build("waiting");
        await session(begun, "queued");
      }
      const id = await build();
      await asksToStart(id);
      return id;
    },
    text: /20 builds wait for a place, and no more than 20 are begun before they have one/,
    endedBy: /places that become free; projects take turns/,
  },
  freeze: {
    async make({ store, build, asksToStart }) {
      const id = await build();
      await store.db.updateTable("projects").set({ frozenReason: "a long weekend" }).execute();
      await asksToStart(id);
      return id;
    },
    text: /shop is held: a long weekend/,
    endedBy: /whoever ends it on the page of the project/,
  },
  disk: {
    async make({ build, asksToStart }) {
      const id = await build();
      await asksToStart(id, 0.03);
      return id;
    },
    text: /3 % of the server's disk is free, and builds start above 4 %/,
    endedBy: /an administrator who makes room/,
  },
  restored: {
    async make({ store, build, asksToStart }) {
      await store.call(enterSafeMode, { backupAtMs: null });
      const id = await build();
      await asksToStart(id);
      return id;
    },
    text: /restored from a backup/,
    endedBy: /an administrator/,
  },
  queue_down: {
    async make({ store, build }) {
      const id = await build();
      const { epoch } = await store.db.selectFrom("builds").select("epoch").executeTakeFirstOrThrow();
      await store.db
        .insertInto("outbox")
        .values({
          queue: "builds",
          jobId: `b-${id}-e${epoch}`,
          body: "{}",
          createdAtMs: (await store.nowMs()) - 60_000,
        })
        .execute();
      return id;
    },
    text: /Redis is away/,
    endedBy: /Redis coming back/,
  },
  label: {
    async make({ store, build, session, runner }) {
      const id = await build("running");
      await runner({ labels: ["linux"] });
      await session(id, "queued", null, "arm64");
      await store.call(placeSessions, {});
      return id;
    },
    text: /no runner has the label "arm64"; there are: linux/,
    endedBy: /joins a runner with that label/,
  },
  place: {
    async make({ store, build, session, runner }) {
      const busy = await build("running");
      await session(busy, "ready", await runner());
      const id = await build("running");
      await session(id, "queued");
      await store.call(placeSessions, {});
      return id;
    },
    text: /all 1 places are taken on r\d+/,
    endedBy: /projects take turns, the one with the fewest places first/,
  },
  runner_offline: {
    async make({ build, session, runner }) {
      const id = await build("running");
      await session(id, "ready", await runner({ state: "offline" }));
      return id;
    },
    text: /the runner r\d+, where it works, is away/,
    endedBy: /that runner coming back/,
  },
  runner_disk: {
    async make({ store, build, session, runner }) {
      const id = await build("running");
      await runner({ disk: 9 });
      await session(id, "queued");
      await store.call(placeSessions, {});
      return id;
    },
    text: /9 % of the disk is free on r\d+, and agents start above 15 %/,
    endedBy: /the runner, which removes images/,
  },
  unpark: {
    async make({ build, session, runner, command }) {
      const id = await build("running");
      await command(await session(id, "ready", await runner()), "unpark");
      return id;
    },
    text: /its agent was parked, and its containers are started again on r\d+/,
    endedBy: /the runner r\d+/,
  },
  image_pull: {
    async make({ build, session, runner }) {
      const id = await build("running");
      await session(id, "assigned", await runner());
      return id;
    },
    text: /its agent is prepared on r\d+, and an image that is missing there is pulled first/,
    endedBy: /the image's registry/,
  },
  gate: {
    async make({ store, build }) {
      const id = await build("waiting");
      await store.db
        .insertInto("gates")
        .values({
          kind: "input",
          projectId: 1,
          buildId: id,
          effectId: "0:1",
          state: "open",
          message: "Ship it?",
          submitters: '["ops"]',
          dueAtMs: SOON_MS,
          openedAtMs: await store.nowMs(),
        })
        .execute();
      return id;
    },
    text: /somebody must decide "Ship it\?"/,
    endedBy: /^ops$/,
    until: true,
  },
  lock: {
    async make({ store, build }) {
      const holder = await build("running");
      const id = await build("running");
      const lock = { names: '["printer"]', priority: 0, newestFirst: 0, granted: NOTHING } as const;
      const { id: held } = await store.db
        .insertInto("locks")
        .values({ ...lock, buildId: holder, effectId: "0:1", state: "held", sinceMs: await store.nowMs() })
        .returning("id")
        .executeTakeFirstOrThrow();
      await store.db.insertInto("lockNames").values({ name: "printer", lockId: held }).execute();
      await store.db
        .insertInto("locks")
        .values({ ...lock, buildId: id, effectId: "0:1", state: "waiting", sinceMs: await store.nowMs() })
        .execute();
      return id;
    },
    text: /it wants printer for itself, which shop #1 has/,
    endedBy: /the end of that step in shop #1/,
  },
  signal: {
    async make({ store, build }) {
      const other = await build("running");
      const id = await build("running");
      await store.db
        .insertInto("signals")
        .values({
          buildId: id,
          effectId: "0:1",
          kind: "build",
          key: String(other),
          sinceMs: await store.nowMs(),
          doneAtMs: null,
        })
        .execute();
      return id;
    },
    text: /it waits for the end of build #1 of shop/,
    endedBy: /shop #1/,
  },
  timer: {
    async make({ store, build }) {
      const id = await build("running");
      await store.call(aTimer, { buildId: id, id: "0:1", dueAtMs: SOON_MS });
      return id;
    },
    text: /it sleeps/,
    endedBy: /time/,
    until: true,
  },
  environment_turn: {
    async make({ store, build, deployment }) {
      const other = await build("running");
      await deployment(other, "applying");
      const id = await build("running");
      const waits = await deployment(id, "pending");
      await store.call(takeTurn, { deploymentId: waits, holder: store.holder });
      return id;
    },
    text: /deployment 1 is rolling out to staging, one at a time/,
    endedBy: /the end of deployment 1/,
  },
  target: {
    async make({ build, deployment }) {
      const id = await build("running");
      await deployment(id, "applying");
      return id;
    },
    text: /deployment 1 to staging is rolling out/,
    endedBy: /the target/,
    until: true,
  },
};

describe("the causes of waiting", () => {
  it("all stand in the documentation", () => {
    const file = join(import.meta.dirname, "../../../docs/operations.md");
    const named = [...readFileSync(file, "utf8").matchAll(/^\| `([a-z_]+)` \| .* \| .* \|$/gmu)].map(
      ([, name]) => name,
    );
    assert.deepEqual(
      WAIT_CAUSES.filter((cause) => !named.includes(cause)),
      [],
    );
  });
});

onBothDialects("what waits", (start) => {
  for (const cause of WAIT_CAUSES)
    it(`for \`${cause}\` says so in one line: what, since when, and who or what can end it`, async () => {
      const store = await (await start()).open({ procedures });
      const { make, text, endedBy, until = false } = CASES[cause];
      const before = await store.nowMs();
      const id = await make(aWorld(store));
      const { waits, lines } = await explain(store, id);
      assert.deepEqual(
        waits.map((wait) => wait.cause),
        [cause],
      );
      const [wait] = waits;
      assert.ok(wait);
      assert.match(wait.text, text);
      assert.match(wait.endedBy, endedBy);
      assert.ok(wait.sinceAtMs >= before - 61_000 && wait.sinceAtMs <= (await store.nowMs()));
      assert.equal(wait.untilAtMs !== null, until);
      assert.deepEqual(lines, [lineOf(wait)]);
      assert.doesNotMatch(lines.join(""), /\n/);
    });
});
