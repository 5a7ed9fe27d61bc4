import assert from "node:assert/strict";
import { it } from "mocha";
import { claimBuild } from "../../../server/builds/journal/claim-build.ts";
import { SERVER_PROCEDURES } from "../../../server/procedures.ts";
import { holdForDisk } from "../../../server/upkeep/disk.ts";
import { readWait } from "../../../server/waits/cause.ts";
import { describe } from "../../../server/waits/describe.ts";
import { onBothDialects } from "../store/support/dialects.ts";
import { aBuild } from "../store/support/worlds.ts";

const procedures = [new URL("../store/support/worlds.ts", import.meta.url), ...SERVER_PROCEDURES];

onBothDialects("a full disk", (start) => {
  it("keeps queued builds waiting, saying so, and lets those that run go on", async () => {
    const store = await (await start()).open({ procedures });
    const queued = await store.call(aBuild, { key: "shop", number: 1, state: "queued" });
    const running = await store.call(aBuild, { key: "shop", number: 2, state: "running" });
    const hold = holdForDisk(0.03);
    assert.ok(hold);
    assert.match(
      describe(hold.cause, 0).text,
      /^3 % of the server's disk is free, and builds start above 4 %/,
    );
    const claim = (buildId: number, free: number) =>
      store.call(claimBuild, {
        buildId,
        holder: store.holder,
        hold: holdForDisk(free),
      });
    assert.deepEqual(await claim(queued, 0.03), { kind: "held", hold: { ...hold, superseded: [] } });
    const row = await store.db
      .selectFrom("builds")
      .select(["waitCode", "waitFacts"])
      .where("id", "=", queued)
      .executeTakeFirstOrThrow();
    assert.deepEqual(readWait(row), hold.cause);
    assert.equal((await claim(running, 0.03)).kind, "claimed");
    assert.equal((await claim(queued, 0.5)).kind, "claimed");
  });
});
