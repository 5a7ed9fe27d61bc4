import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, it } from "mocha";
import pg from "pg";
import { systemClock } from "../../../server/store/clock.ts";
import { isStoreError } from "../../../server/store/errors.ts";
import { openStore } from "../../../server/store/store.ts";
import type { Store } from "../../../server/store/store.ts";
import { temporaryFolder } from "../../support/services/folder.ts";
import { startDatabase } from "../../support/services/postgres.ts";
import { until } from "../../support/services/until.ts";
import { putSetting } from "./support/procedures.ts";
import { TEST_PROCEDURES } from "./support/test-procedures.ts";

describe("a store on PostgreSQL", function () {
  this.timeout(120_000);
  const endings: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).toReversed()) await end();
  });

  async function aDatabase(): Promise<string> {
    const database = await startDatabase();
    endings.push(() => database.drop());
    return database.url;
  }

  async function open(databaseUrl: string): Promise<Store> {
    const folder = await temporaryFolder("postgres");
    endings.push(() => folder.remove());
    const procedures = [TEST_PROCEDURES];
    const store = await openStore({ dataFolder: folder.path, databaseUrl, clock: systemClock, procedures });
    endings.push(() => store.close());
    return store;
  }

  it("serves several servers, each with a data folder of its own, that start at once", async () => {
    const url = await aDatabase();
    const stores = await Promise.all([open(url), open(url), open(url)]);
    assert.equal(new Set(stores.map((store) => store.holder)).size, 3);
    for (const [at, store] of stores.entries()) await store.call(putSetting, { name: `n${at}`, body: "" });
    const seen = await stores[0]?.db.selectFrom("settings").select("name").execute();
    assert.equal(seen?.length, 3);
  });

  it("goes on after all its connections were cut, and holds its instance lock again", async () => {
    const url = await aDatabase();
    const store = await open(url);
    await store.call(putSetting, { name: "a", body: "" });
    await ask(
      url,
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'sluice%'",
    );
    // An idle connection may be handed out before its end is noticed; a call that cannot have committed is repeated.
    await store.call(putSetting, { name: "b", body: "" });
    assert.equal((await store.db.selectFrom("settings").select("name").execute()).length, 2);
    await until("the lock is held again", async () => {
      const held = await ask(url, "select 1 from pg_locks where locktype = 'advisory'");
      return held === 1;
    });
  });

  it("kill point 25: says that the outcome is unknown when the connection is lost in COMMIT, and the row tells it", async () => {
    const url = await aDatabase();
    const proxy = await startProxy(url);
    endings.push(() => proxy.stop());
    const store = await open(proxy.url);
    await store.call(putSetting, { name: "before", body: "" });
    proxy.cutAtCommit();
    await assert.rejects(store.call(putSetting, { name: "unknown", body: "" }), (error) =>
      isStoreError(error, "outcome_unknown"),
    );
    const row = await until("the row can be read", () =>
      store.db.selectFrom("settings").select("name").where("name", "=", "unknown").executeTakeFirst(),
    );
    assert.deepEqual(row, { name: "unknown" });
  });

  it("says that the database is away when nobody listens", async () => {
    const url = await aDatabase();
    const proxy = await startProxy(url);
    const store = await open(proxy.url);
    await proxy.stop();
    await assert.rejects(store.call(putSetting, { name: "a", body: "" }), (error) =>
      isStoreError(error, "away"),
    );
  });
});

async function ask(url: string, sql: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rowCount ?? 0;
  } finally {
    await client.end();
  }
}

interface Proxy {
  url: string;
  /** The next COMMIT reaches the server, its answer reaches nobody. */
  cutAtCommit(): void;
  stop(): Promise<void>;
}

async function startProxy(url: string): Promise<Proxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let cutting = false;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket));
    }
    client.on("data", (chunk) => {
      upstream.write(chunk);
      if (!cutting || !chunk.includes("commit")) return;
      cutting = false;
      // No answer passes any more; the end of our side reaches PostgreSQL behind the COMMIT.
      upstream.removeAllListeners("data");
      upstream.end();
      client.destroy();
    });
    upstream.on("data", (chunk) => client.write(chunk));
    client.on("end", () => upstream.end());
    upstream.on("end", () => client.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const own = new URL(url);
  own.port = String(portOf(server.address()));
  return {
    url: own.href,
    cutAtCommit: () => (cutting = true),
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("a proxy without a port");
  return address.port;
}
