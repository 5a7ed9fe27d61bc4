import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { afterEach, describe, it } from "mocha";
import { pino } from "pino";
import { systemClock } from "../../../server/store/clock.ts";
import { openStore } from "../../../server/store/store.ts";
import type { Store } from "../../../server/store/store.ts";
import type { QueueName } from "../../../server/store/states.ts";
import { createDirectTransport } from "../../../server/queue/direct.ts";
import type { NudgeHandlers } from "../../../server/queue/payload.ts";
import { createQueues } from "../../../server/queue/queues.ts";
import { startRelay } from "../../../server/queue/relay.ts";
import { startWorkers } from "../../../server/queue/workers.ts";
import { temporaryFolder } from "../../support/services/folder.ts";
import { startRedis } from "../../support/services/redis.ts";
import { until } from "../../support/services/until.ts";
import { nudgeFor } from "./support/procedures.ts";

const log = pino({ level: "silent" });

describe("nudges from the outbox", function () {
  this.timeout(180_000);
  const endings: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).toReversed()) await end();
  });

  async function aStore(): Promise<Store> {
    const folder = await temporaryFolder("queue");
    endings.push(() => folder.remove());
    const procedures = [new URL("./support/procedures.ts", import.meta.url)];
    const store = await openStore({ dataFolder: folder.path, clock: systemClock, procedures });
    endings.push(() => store.close());
    return store;
  }

  it("reach the handler of their queue, and the row says that they were sent", async () => {
    const store = await aStore();
    const redis = await startRedis();
    endings.push(() => redis.stop());
    const { handlers, seen } = listening();
    connect(store, redis.url, handlers, endings);
    await store.call(nudgeFor, { queue: "builds", id: 7, epoch: 2 });
    await store.call(nudgeFor, { queue: "deployments", id: 9, epoch: 1 });
    await until("both were handled", () => seen.size === 2);
    assert.deepEqual([...seen].toSorted(), ["builds 7 2", "deployments 9 1"]);
    await until("both are noted as sent", async () => (await waiting(store)) === 0);
  });

  it("go on after Redis was killed, and after it came up later than the server", async () => {
    const store = await aStore();
    const redis = await startRedis();
    endings.push(() => redis.stop());
    await redis.kill();
    const { handlers, seen } = listening();
    connect(store, redis.url, handlers, endings);
    await store.call(nudgeFor, { queue: "builds", id: 1, epoch: 1 });
    await redis.startAgain();
    await until("what was written while it was away is handled", () => seen.has("builds 1 1"));
    await redis.kill();
    await store.call(nudgeFor, { queue: "builds", id: 2, epoch: 1 });
    await redis.startAgain();
    await until("the next one too", () => seen.has("builds 2 1"));
  });

  it("are not lost when a handler throws, nor do they stop the queue", async () => {
    const store = await aStore();
    const redis = await startRedis();
    endings.push(() => redis.stop());
    const { handlers, seen } = listening();
    connect(store, redis.url, { ...handlers, upkeep: () => Promise.reject(new Error("no")) }, endings);
    await store.call(nudgeFor, { queue: "upkeep", id: 1, epoch: 1 });
    await store.call(nudgeFor, { queue: "notifications", id: 3, epoch: 0 });
    await until("the other queue goes on", () => seen.has("notifications 3 0"));
    await until("both are noted as sent", async () => (await waiting(store)) === 0);
  });

  it("are one nudge when the same id and epoch is written twice", async () => {
    const store = await aStore();
    await store.call(nudgeFor, { queue: "builds", id: 1, epoch: 1 });
    await store.call(nudgeFor, { queue: "builds", id: 1, epoch: 1 });
    assert.equal(await waiting(store), 1);
  });

  it("arrive in bursts without any being left, and leave no more than so much in Redis", async () => {
    const store = await aStore();
    const redis = await startRedis();
    endings.push(() => redis.stop());
    const { handlers, seen } = listening();
    connect(store, redis.url, handlers, endings);
    await Promise.all(
      Array.from({ length: 1200 }, (_, id) => store.call(nudgeFor, { queue: "builds", id, epoch: 1 })),
    );
    await until("all were handled", () => seen.size === 1200);
    const client = new Redis(redis.url);
    endings.push(async () => client.disconnect());
    await until("those that are done go, but for the last thousand", async () => {
      // Besides them the queue has a handful of keys of its own.
      return (await client.keys("sluice:*")).length <= 1050;
    });
    for (const state of ["wait", "active", "paused"])
      assert.equal(await client.llen(`sluice:builds:${state}`), 0, state);
    for (const state of ["failed", "delayed", "prioritized"])
      assert.equal(await client.zcard(`sluice:builds:${state}`), 0, state);
    assert.ok((await client.xlen("sluice:builds:events")) <= 2000);
  });

  it("do not keep a server from stopping while Redis is away", async () => {
    const store = await aStore();
    const redis = await startRedis();
    endings.push(() => redis.stop());
    const { handlers, seen } = listening();
    const stops: (() => Promise<void>)[] = [];
    connect(store, redis.url, handlers, stops);
    await store.call(nudgeFor, { queue: "builds", id: 1, epoch: 1 });
    await until("it was handled", () => seen.size === 1);
    await redis.kill();
    await store.call(nudgeFor, { queue: "builds", id: 2, epoch: 1 });
    for (const stop of stops.toReversed()) await stop();
    assert.equal(await waiting(store), 1);
  });

  it("are plain calls where there is no Redis", async () => {
    const store = await aStore();
    const { handlers, seen } = listening();
    const transport = createDirectTransport({ handlers, log });
    const relay = startRelay({ store, transport, log });
    endings.push(async () => {
      await relay.stop();
      await transport.stop();
    });
    await store.call(nudgeFor, { queue: "builds", id: 4, epoch: 1 });
    await until("it was handled", () => seen.has("builds 4 1"));
  });
});

function connect(
  store: Store,
  address: string,
  handlers: NudgeHandlers,
  endings: (() => Promise<void>)[],
): void {
  const queues = createQueues({ address, log });
  endings.push(() => queues.close());
  const workers = startWorkers({ address, holder: store.holder, handlers, log });
  endings.push(() => workers.stop());
  const relay = startRelay({ store, transport: queues, log });
  endings.push(() => relay.stop());
}

function listening(): { handlers: NudgeHandlers; seen: Set<string> } {
  const seen = new Set<string>();
  const of = (queue: QueueName) => async (id: number, epoch: number) => {
    seen.add(`${queue} ${id} ${epoch}`);
  };
  return {
    handlers: {
      builds: of("builds"),
      deployments: of("deployments"),
      notifications: of("notifications"),
      upkeep: of("upkeep"),
    },
    seen,
  };
}

async function waiting(store: Store): Promise<number> {
  const rows = await store.db.selectFrom("outbox").select("id").where("dispatchedAtMs", "is", null).execute();
  return rows.length;
}
