import assert from "node:assert/strict";
import { it } from "mocha";
import type { BuildSelector, ReadRequest, Result } from "../../../pipelines/ports.ts";
import { artifactsOf } from "../../../server/builds/artifacts-of.ts";
import { SERVER_PROCEDURES } from "../../../server/procedures.ts";
import type { BuildState } from "../../../server/store/states.ts";
import type { Store } from "../../../server/store/store.ts";
import { onBothDialects } from "../store/support/dialects.ts";
import { aBuild } from "../store/support/worlds.ts";

const procedures = [new URL("../store/support/worlds.ts", import.meta.url), ...SERVER_PROCEDURES];

onBothDialects("the archived files that copyArtifacts means", (start) => {
  async function world(): Promise<{
    store: Store;
    ids: number[];
    pick: (
      selector: BuildSelector,
      more?: Partial<Wanted>,
      scope?: { readonly trusted: boolean },
    ) => Promise<unknown>;
  }> {
    const store = await (await start()).open({ procedures });
    const states: BuildState[] = ["succeeded", "unstable", "failed", "running"];
    const ids: number[] = [];
    for (const [at, state] of states.entries()) {
      const id = await store.call(aBuild, { key: "mill", number: at + 1, state });
      ids.push(id);
      await store.db
        .updateTable("builds")
        .set({ parameters: JSON.stringify({ MODE: at === 0 ? "a" : "b", N: 1 }) })
        .where("id", "=", id)
        .execute();
    }
    const names: readonly (readonly [number, string])[] = [
      [0, "out/a.zip"],
      [0, "out/deep/b.txt"],
      [1, "c.zip"],
      [3, "early.zip"],
    ];
    for (const [at, name] of names)
      await store.db
        .insertInto("artifacts")
        .values({
          buildId: ids[at] ?? 0,
          kind: "file",
          name,
          digest: `sha-${name}`,
          sizeBytes: 3,
          path: `x/${name}`,
          createdAtMs: 1,
        })
        .execute();
    await store.db
      .updateTable("builds")
      .set({ keep: 1 })
      .where("id", "=", ids[1] ?? 0)
      .execute();
    const own = await store.call(aBuild, { key: "shop", number: 1, state: "running" });
    await store.db
      .updateTable("builds")
      .set({ upstreamId: ids[2] ?? 0 })
      .where("id", "=", own)
      .execute();
    const base = { buildId: own, trusted: true };
    return {
      store,
      ids,
      async pick(selector, more = {}, scope = { trusted: true }) {
        const wanted: Wanted = {
          kind: "read",
          op: "artifacts",
          job: "mill/main",
          selector,
          parameters: {},
          includes: "",
          excludes: "",
          ...more,
        };
        const found = await artifactsOf(store, { ...base, ...scope }, wanted);
        return found.ok ? found.value : found.reason;
      },
    };
  }

  const latest = (
    results: readonly Result[],
    needs: "nothing" | "files" | "keep" = "nothing",
  ): BuildSelector => ({
    kind: "latest",
    results,
    needs,
  });
  const ENDED: readonly Result[] = ["SUCCESS", "UNSTABLE", "FAILURE", "ABORTED", "NOT_BUILT"];

  it("are those of the build that its selector says", async () => {
    const { pick, ids } = await world();
    const cases: readonly (readonly [BuildSelector, number | null])[] = [
      [latest(["SUCCESS"]), 1],
      [latest(["SUCCESS", "UNSTABLE"]), 2],
      [latest(ENDED), 3],
      [latest(ENDED, "files"), 2],
      [latest(ENDED, "keep"), 2],
      [latest(["ABORTED"]), null],
      [{ kind: "number", number: 4 }, 4],
      [{ kind: "number", number: 9 }, null],
      [{ kind: "upstream", orLatest: false }, 3],
    ];
    for (const [selector, number] of cases) {
      const found = await pick(selector);
      assert.ok(typeof found === "object" && found !== null && "build" in found, JSON.stringify(selector));
      const build = number === null ? null : { id: ids[number - 1], project: "mill", number };
      assert.deepEqual(found.build, build, JSON.stringify(selector));
    }
    const elsewhere = await pick({ kind: "upstream", orLatest: true }, { job: "shop" });
    assert.deepEqual(elsewhere, { build: null, files: [] }, "the build itself is none");
    const had = await pick(latest(["SUCCESS", "UNSTABLE"]), { parameters: { MODE: "a", N: "1" } });
    assert.ok(typeof had === "object" && had !== null && "build" in had);
    assert.deepEqual(had.build, { id: ids[0], project: "mill", number: 1 });
    assert.deepEqual(await pick(latest(ENDED), { parameters: { MODE: "none" } }), { build: null, files: [] });
    assert.deepEqual(await pick(latest(ENDED), { job: "mill/other" }), { build: null, files: [] });
  });

  it("are those that match, and are refused in words where nothing can be meant", async () => {
    const { pick } = await world();
    const first: BuildSelector = { kind: "number", number: 1 };
    const paths = async (includes: string, excludes = ""): Promise<unknown> => {
      const found = await pick(first, { includes, excludes, job: "../mill" });
      assert.ok(
        typeof found === "object" && found !== null && "files" in found && Array.isArray(found.files),
      );
      return found.files;
    };
    assert.deepEqual(await paths("**/*.zip"), [{ path: "out/a.zip", blob: "sha-out/a.zip", bytes: 3 }]);
    assert.deepEqual(await paths("", "**/*.zip"), [
      { path: "out/deep/b.txt", blob: "sha-out/deep/b.txt", bytes: 3 },
    ]);
    assert.deepEqual(await paths("*.txt, none"), []);
    assert.match(
      String(await pick(first, { job: "nobody" })),
      /Unable to find project for artifact copy: nobody/,
    );
    assert.match(String(await pick(first, {}, { trusted: false })), /may not write copies nothing/);
  });
});

type Wanted = Extract<ReadRequest, { op: "artifacts" }>;
