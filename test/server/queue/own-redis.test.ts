import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { afterEach, describe, it } from "mocha";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { OwnRedisError, startOwnRedis } from "../../../server/queue/own-redis.ts";
import type { OwnRedis } from "../../../server/queue/own-redis.ts";
import { settingsProblems } from "../../../server/queue/connection.ts";
import { temporaryFolder } from "../../support/services/folder.ts";
import { until } from "../../support/services/until.ts";

const log = pino({ level: "silent" });

describe("the own Redis", function () {
  this.timeout(180_000);
  const endings: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).toReversed()) await end();
  });

  async function start(dataFolder: string): Promise<OwnRedis> {
    const own = await startOwnRedis({ dataFolder, log });
    endings.push(() => own.stop());
    return own;
  }

  async function aFolder(): Promise<string> {
    const folder = await temporaryFolder("own-redis");
    endings.push(() => folder.remove());
    return folder.path;
  }

  it("is found again by the next start, with what it holds", async () => {
    const folder = await aFolder();
    const first = await start(folder);
    await asking(first, (redis) => redis.set("k", "v"));
    const pid = await pidOf(first);
    await first.leave();
    const second = await start(folder);
    assert.equal(second.address, first.address);
    assert.equal(await pidOf(second), pid);
    assert.equal(await asking(second, (redis) => redis.get("k")), "v");
  });

  it("has the settings that Sluice asks of any Redis, and its words do not grow without end", async () => {
    const folder = await aFolder();
    const words = join(folder, "redis", "redis.log");
    await mkdir(join(folder, "redis"), { mode: 0o700 });
    await writeFile(words, "Background saving terminated with success\n".repeat(40_000));
    const own = await start(folder);
    assert.deepEqual(await asking(own, settingsProblems), []);
    await until("the long file is set aside", async () => (await stat(words)).size < 1_000_000);
    assert.ok((await stat(`${words}.1`)).size > 1_000_000);
    assert.ok(isAlive(await pidOf(own)));
  });

  it("is started again when it is killed, and has lost nothing that was on disk", async () => {
    const own = await start(await aFolder());
    const pid = await pidOf(own);
    process.kill(pid, "SIGKILL");
    const next = await until("another process answers", async () => {
      const now = await pidOf(own);
      return now === pid ? undefined : now;
    });
    assert.notEqual(next, pid);
  });

  it("is gone after a clean stop, and keeps its file for the next start", async () => {
    const folder = await aFolder();
    const first = await start(folder);
    await asking(first, (redis) => redis.set("k", "v"));
    const pid = await pidOf(first);
    await first.stop();
    await until("its process has ended", () => !isAlive(pid));
    const second = await start(folder);
    assert.equal(await asking(second, (redis) => redis.get("k")), "v");
  });

  it("starts without what it had when its files are damaged, and keeps them for a look", async () => {
    const folder = await aFolder();
    const first = await start(folder);
    await asking(first, (redis) => redis.set("k", "v"));
    await first.stop();
    const files = join(folder, "redis/appendonlydir");
    for (const name of await readdir(files)) await writeFile(join(files, name), "this is no file of Redis\n");
    const second = await start(folder);
    assert.equal(await asking(second, (redis) => redis.get("k")), null);
    await asking(second, (redis) => redis.set("k", "anew"));
    assert.ok((await readdir(join(folder, "redis"))).includes("appendonlydir.damaged"));
    await second.stop();
    const third = await start(folder);
    assert.equal(await asking(third, (redis) => redis.get("k")), "anew");
  });

  it("starts below a path too long for a socket", async () => {
    const deep = join(await aFolder(), "d".repeat(120));
    await mkdir(deep, { recursive: true });
    const own = await start(deep);
    assert.ok(Buffer.byteLength(own.address) <= 107);
    assert.equal(await asking(own, (redis) => redis.ping()), "PONG");
  });

  it("says what to install where there is no redis-server", async () => {
    const dataFolder = await aFolder();
    await assert.rejects(startOwnRedis({ dataFolder, log, program: "no-such-redis" }), (error) => {
      assert.ok(error instanceof OwnRedisError);
      assert.equal(error.exitCode, 78);
      assert.match(error.message, /install it .*REDIS_URL/);
      return true;
    });
  });
});

async function asking<R>(own: OwnRedis, question: (redis: Redis) => Promise<R>): Promise<R> {
  const redis = new Redis(own.address, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  redis.on("error", () => {});
  try {
    await redis.connect();
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}

async function pidOf(own: OwnRedis): Promise<number> {
  const info = await asking(own, (redis) => redis.info("server"));
  return Number(/process_id:(\d+)/.exec(info)?.[1]);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
