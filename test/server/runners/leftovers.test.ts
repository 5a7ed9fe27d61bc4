import assert from "node:assert/strict";
import { it } from "mocha";
import { SERVER_PROCEDURES } from "../../../server/procedures.ts";
import { endCommands } from "../../../server/runners/command-procedures.ts";
import type { Leftovers } from "../../../server/runners/leftovers.ts";
import type { Store } from "../../../server/store/store.ts";
import { onBothDialects } from "../store/support/dialects.ts";
import { aBuild, aTimer } from "../store/support/worlds.ts";

const procedures = [new URL("../store/support/worlds.ts", import.meta.url), ...SERVER_PROCEDURES];
const NOTHING = new Uint8Array();

onBothDialects("what a command leaves behind", (start) => {
  let steps = 0;

  async function aSession(store: Store, buildId: number, id: string): Promise<string> {
    const session = `b${buildId}.${id}`;
    await store.db
      .insertInto("sessions")
      .values({
        id: session,
        buildId,
        effectId: id,
        state: "ready",
        fence: 1,
        label: "",
        trust: "trusted",
        profile: "standard",
        request: NOTHING,
        placeLent: 0,
        nextSeq: 1,
        queuedAtMs: 1,
      })
      .execute();
    return session;
  }

  async function ends(
    store: Store,
    buildId: number,
    session: string,
    left: Partial<Pick<Leftovers, "blobs" | "artifacts" | "tests">>,
  ): Promise<number> {
    steps += 1;
    const stepNo = steps;
    const effectId = `0:${stepNo}`;
    await store.call(aTimer, { buildId, id: effectId, dueAtMs: 4_000_000_000_000 });
    const command = `${session}.${stepNo}`;
    await store.db
      .insertInto("commands")
      .values({
        sessionId: session,
        seq: stepNo,
        id: command,
        effectId,
        stepNo,
        type: "blob",
        body: NOTHING,
        createdAtMs: 1,
      })
      .execute();
    const end = {
      command,
      session,
      buildId,
      stepNo,
      log: null,
      effect: { buildId, effectId, outcome: NOTHING, exitCode: null },
      ready: null,
      blobs: [],
      artifacts: [],
      tests: [],
      ...left,
    };
    await store.call(endCommands, { ends: [end] });
    return stepNo;
  }

  const file = (name: string, digest: string) => ({
    kind: "file" as const,
    name,
    tag: null,
    digest,
    sizeBytes: 1,
    path: `1/${digest}`,
  });
  const stash = (name: string, sha256: string) => ({ kind: "stash", name, sha256, sizeBytes: 1 });
  const test = (name: string, state: "passed" | "failed") => ({
    suite: "cart",
    className: "Cart",
    name,
    state,
    durationMs: 1,
    message: null,
    detail: null,
  });

  it("takes the place of what was stashed or archived under that name before", async () => {
    const store = await (await start()).open({ procedures });
    const build = await store.call(aBuild, { key: "shop", number: 1, state: "running" });
    const other = await store.call(aBuild, { key: "shop", number: 2, state: "running" });
    const session = await aSession(store, build, "0_1");
    await ends(store, other, await aSession(store, other, "0_1"), { artifacts: [file("a", "other")] });
    await ends(store, build, session, {
      blobs: [stash("s", "one")],
      artifacts: [file("a", "one"), file("b", "one")],
    });
    await ends(store, build, session, {
      blobs: [stash("t", "two")],
      artifacts: [file("a", "two"), file("c", "two")],
    });
    await ends(store, build, session, { blobs: [stash("s", "three")] });
    const stashes = await store.db
      .selectFrom("blobs")
      .select(["name", "sha256", "path"])
      .orderBy("name")
      .execute();
    assert.deepEqual(stashes, [
      { name: "s", sha256: "three", path: `${build}/three` },
      { name: "t", sha256: "two", path: `${build}/two` },
    ]);
    const files = await store.db
      .selectFrom("artifacts")
      .select(["buildId", "name", "digest"])
      .orderBy("buildId")
      .orderBy("name")
      .execute();
    assert.deepEqual(files, [
      { buildId: build, name: "a", digest: "two" },
      { buildId: build, name: "b", digest: "one" },
      { buildId: build, name: "c", digest: "two" },
      { buildId: other, name: "a", digest: "other" },
    ]);
  });

  it("takes the place of cases that a lost agent had reported, and of no others", async () => {
    const store = await (await start()).open({ procedures });
    const build = await store.call(aBuild, { key: "shop", number: 1, state: "running" });
    const lost = await aSession(store, build, "0_1");
    const first = await ends(store, build, lost, { tests: [test("adds", "failed"), test("gone", "passed")] });
    await store.db.updateTable("sessions").set({ state: "lost" }).where("id", "=", lost).execute();
    const next = await aSession(store, build, "0_2");
    const second = await ends(store, build, next, { tests: [test("adds", "passed")] });
    const third = await ends(store, build, next, { tests: [test("adds", "passed")] });
    const found = await store.db
      .selectFrom("testResults")
      .select(["name", "state", "stepNo"])
      .orderBy("id")
      .execute();
    assert.deepEqual(found, [
      { name: "gone", state: "passed", stepNo: first },
      { name: "adds", state: "passed", stepNo: second },
      { name: "adds", state: "passed", stepNo: third },
    ]);
  });
});
