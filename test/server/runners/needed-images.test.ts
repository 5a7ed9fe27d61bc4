import assert from "node:assert/strict";
import { it } from "mocha";
import { SERVER_PROCEDURES } from "../../../server/procedures.ts";
import { neededImages } from "../../../server/runners/needed-images.ts";
import { onBothDialects } from "../store/support/dialects.ts";
import { aBuild } from "../store/support/worlds.ts";

const procedures = [new URL("../store/support/worlds.ts", import.meta.url), ...SERVER_PROCEDURES];
const NOTHING = new Uint8Array();

onBothDialects("images that a runner with a full disk must keep", (start) => {
  it("are those of builds that have not ended, of what is live, and of releases one may go back to", async () => {
    const store = await (await start()).open({ procedures });
    const gated = await store.call(aBuild, { key: "shop", number: 1, state: "waiting" });
    await store.call(aBuild, { key: "shop", number: 2, state: "succeeded" });
    await store.db
      .insertInto("artifacts")
      .values({ buildId: gated, kind: "image", name: "shop/web", digest: "sha256:gated", createdAtMs: 1 })
      .execute();
    await store.db
      .insertInto("environments")
      .values({ name: "staging", definition: "{}", updatedAtMs: 1 })
      .execute();
    for (let release = 1; release <= 12; release += 1)
      await store.db
        .insertInto("deployments")
        .values({
          projectId: 1,
          environment: "staging",
          kind: "deploy",
          effectId: `0:${release}`,
          images: JSON.stringify({ web: `shop/web@sha256:r${release}` }),
          plan: NOTHING,
          planHash: "h",
          release,
          state: "succeeded",
          limitMs: 1,
          createdAtMs: 1,
          endedAtMs: 1,
        })
        .execute();
    await store.db
      .insertInto("live")
      .values({
        environment: "staging",
        target: "swarm",
        service: "web",
        projectId: 1,
        image: "shop/web",
        digest: "sha256:r1",
        release: 1,
        deploymentId: 1,
        sinceMs: 1,
      })
      .execute();
    const asked = [
      { id: "made by the gated build", digests: [], build: "shop #1" },
      { id: "made by one that has ended", digests: [], build: "shop #2" },
      { id: "pushed by the gated build", digests: ["localhost:5000/shop/web@sha256:gated"], build: null },
      { id: "live", digests: ["shop/web@sha256:r1"], build: null },
      { id: "too old to go back to", digests: ["shop/web@sha256:r2"], build: null },
      { id: "an earlier release", digests: ["shop/web@sha256:r3"], build: null },
      { id: "of an agent", digests: ["node@sha256:1"], build: null },
    ];
    assert.deepEqual(await neededImages(store, asked), [
      "made by the gated build",
      "pushed by the gated build",
      "live",
      "an earlier release",
    ]);
  });
});
