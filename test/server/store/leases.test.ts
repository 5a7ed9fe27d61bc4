import assert from "node:assert/strict";
import { it } from "mocha";
import { claimLease, releaseLease, renewLeases } from "../../../server/store/leases.ts";
import { onBothDialects } from "./support/dialects.ts";

const HOUR_MS = 3_600_000;

onBothDialects("a lease", (start) => {
  it("goes to one of many who claim it at once", async () => {
    const store = await (await start()).open();
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        store.call(claimLease, { name: "build:1", holder: `other/${at}`, ttlMs: HOUR_MS }),
      ),
    );
    assert.equal(claims.filter((lease) => lease !== null).length, 1);
  });

  it("rises by one fence at each claim, and an old fence renews and releases nothing", async () => {
    const store = await (await start()).open();
    const claim = { name: "env:production", holder: store.holder, ttlMs: HOUR_MS };
    const first = await store.call(claimLease, claim);
    const second = await store.call(claimLease, claim);
    assert.deepEqual([first?.fence, second?.fence], [1, 2]);
    const stale = { name: "env:production", fence: 1 };
    assert.equal(await store.call(releaseLease, stale), false);
    const renewal = { leases: [stale], holder: store.holder, ttlMs: HOUR_MS };
    assert.deepEqual(await store.call(renewLeases, renewal), []);
    const live = { ...renewal, leases: [{ name: "env:production", fence: 2 }] };
    assert.deepEqual(await store.call(renewLeases, live), ["env:production"]);
  });

  it("can be claimed by another once it is given back or has expired", async () => {
    const store = await (await start()).open();
    const other = { name: "a", holder: "other/boot", ttlMs: HOUR_MS };
    const mine = await store.call(claimLease, { name: "a", holder: store.holder, ttlMs: HOUR_MS });
    assert.equal(await store.call(claimLease, other), null);
    assert.equal(await store.call(releaseLease, { name: "a", fence: mine?.fence ?? 0 }), true);
    assert.equal((await store.call(claimLease, { ...other, ttlMs: 0 }))?.fence, 2);
    assert.equal((await store.call(claimLease, { ...other, holder: "third/boot" }))?.fence, 3);
  });

  it("of an earlier boot of this server is taken at once at the next start, another server's is not", async () => {
    const place = await start();
    const first = await place.open();
    const [server] = first.holder.split("/");
    await first.call(claimLease, { name: "mine", holder: `${server}/killed`, ttlMs: HOUR_MS });
    await first.call(claimLease, { name: "theirs", holder: "zzzzzz/alive", ttlMs: HOUR_MS });
    await first.close();
    const second = await place.open();
    const claimed = async (name: string): Promise<number | undefined> =>
      (await second.call(claimLease, { name, holder: second.holder, ttlMs: HOUR_MS }))?.fence;
    assert.equal(await claimed("mine"), 2);
    assert.equal(await claimed("theirs"), undefined);
  });

  it("is given back by a clean stop", async () => {
    const place = await start();
    const first = await place.open();
    await first.call(claimLease, { name: "a", holder: first.holder, ttlMs: HOUR_MS });
    await first.close();
    const second = await place.open();
    const row = await second.db.selectFrom("leases").selectAll().executeTakeFirstOrThrow();
    assert.equal(row.holder, null);
  });
});
