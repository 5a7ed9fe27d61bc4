import assert from "node:assert/strict";
import pino from "pino";
import { it } from "mocha";
import { SERVER_PROCEDURES } from "../../../server/procedures.ts";
import { loseSession } from "../../../server/runners/runner-procedures.ts";
import { createSessions } from "../../../server/runners/sessions.ts";
import type { Store } from "../../../server/store/store.ts";
import { until } from "../../support/services/until.ts";
import { onBothDialects } from "../store/support/dialects.ts";
import { aBuild, aTimer } from "../store/support/worlds.ts";

const procedures = [new URL("../store/support/worlds.ts", import.meta.url), ...SERVER_PROCEDURES];
const NOTHING = new Uint8Array();

onBothDialects("a step that is begun in an agent that is lost", (start) => {
  async function world(state: "ready" | "lost"): Promise<{ store: Store; build: number; session: string }> {
    const store = await (await start()).open({ procedures });
    const build = await store.call(aBuild, { key: "shop", number: 1, state: "running" });
    const session = `b${build}.0_1`;
    await store.db
      .insertInto("sessions")
      .values({
        id: session,
        buildId: build,
        effectId: "0:1",
        state,
        fence: 1,
        label: "",
        trust: "trusted",
        profile: "standard",
        request: NOTHING,
        placeLent: 0,
        nextSeq: 1,
        queuedAtMs: 1,
        lostCode: state === "lost" ? "docker_daemon" : null,
        lostText: state === "lost" ? "it was stopped" : null,
      })
      .execute();
    await store.call(aTimer, { buildId: build, id: "0:2", dueAtMs: 4_000_000_000_000 });
    await store.db
      .insertInto("commands")
      .values({
        sessionId: session,
        seq: 1,
        id: `b${build}.0_2`,
        effectId: "0:2",
        type: "exec",
        body: NOTHING,
        createdAtMs: 1,
      })
      .execute();
    return { store, build, session };
  }

  async function effectOf(store: Store) {
    return await store.db.selectFrom("effects").select(["state", "outcome"]).executeTakeFirstOrThrow();
  }

  it("ends with the words of the loss", async () => {
    const { store, build, session } = await world("lost");
    const poked: number[] = [];
    const sessions = createSessions({
      store,
      sealOf: async () => ({ seal: (_what, text) => Buffer.from(text), open: () => "" }),
      poke: (id) => poked.push(id),
      assigned: () => {},
      log: pino({ level: "silent" }),
    });
    try {
      await until("the step has ended", async () => (await effectOf(store)).state === "ended");
    } finally {
      await sessions.stop();
    }
    const { outcome } = await effectOf(store);
    assert.match(
      Buffer.from(outcome ?? NOTHING).toString(),
      /"message":"[^"]*it was stopped".*docker_daemon/,
    );
    assert.deepEqual(poked, [build]);
    const commands = await store.db.selectFrom("commands").select("ackedAtMs").execute();
    assert.ok(
      commands.every(({ ackedAtMs }) => ackedAtMs !== null),
      session,
    );
  });

  it("is not passed over by a loss that was prepared before it was begun", async () => {
    const { store, build, session } = await world("ready");
    const loss = { session, code: "runner_lost", text: "gone" };
    assert.deepEqual(await store.call(loseSession, { ...loss, ends: [] }), {
      lost: false,
      again: true,
      buildId: build,
    });
    const before = await store.db.selectFrom("sessions").select("state").executeTakeFirstOrThrow();
    assert.equal(before.state, "ready");
    const ends = [{ effectId: "0:2", outcome: NOTHING }];
    assert.deepEqual(await store.call(loseSession, { ...loss, ends }), {
      lost: true,
      again: false,
      buildId: build,
    });
    assert.equal((await effectOf(store)).state, "ended");
    assert.deepEqual(await store.call(loseSession, { ...loss, ends }), {
      lost: false,
      again: false,
      buildId: 0,
    });
  });
});
