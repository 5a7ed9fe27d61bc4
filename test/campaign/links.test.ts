import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { afterEach, describe, it } from "mocha";
import { linkFaults } from "../../scripts/campaign/faults/links.ts";
import { openLink } from "../../scripts/campaign/link.ts";
import { createRandom } from "../../scripts/campaign/random.ts";
import { startRedis } from "../support/services/redis.ts";
import { createStops } from "../support/stops.ts";
import { aWorld } from "./support/world.ts";

describe("the campaign's faults of links", function () {
  this.timeout(60_000);
  const stops = createStops();
  afterEach(() => stops.all());

  it("are possible only where there is such a link, and named apart", () => {
    const faults = linkFaults();
    assert.equal(new Set(faults.map(({ name }) => name)).size, faults.length);
    assert.ok(faults.every((fault) => !fault.possible(aWorld({}))));
  });

  it("make a link dead for a while, and well again", async () => {
    const redis = await startRedis();
    stops.add(() => redis.stop());
    const random = createRandom(1);
    const link = await openLink({ port: redis.port }, random);
    stops.add(() => link.stop());
    const client = new Redis(link.port, "127.0.0.1");
    stops.add(async () => client.disconnect());
    assert.equal(await client.ping(), "PONG");
    const world = aWorld({ links: { "server-redis": link } });
    const dead = linkFaults().find(({ name }) => name === "make server-redis dead");
    assert.ok(dead !== undefined && dead.possible(world));
    let answered = false;
    const injected = dead.inject(world, random);
    const asked = client.ping().then(() => (answered = true));
    const line = await injected;
    assert.match(line, /^nothing comes through, for \d+ ms$/u);
    assert.equal(answered, false, "something came through");
    await asked;
    assert.equal(await client.ping(), "PONG");
  });
});
