import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { afterEach, describe, it } from "mocha";
import { LINE_FAULTS } from "../../scripts/campaign/faults/lines.ts";
import { createRandom } from "../../scripts/campaign/random.ts";
import { startLine } from "../support/services/line.ts";
import { startRedis } from "../support/services/redis.ts";
import { createStops } from "../support/stops.ts";
import { aWorld } from "./support/world.ts";

describe("the campaign's faults of lines", function () {
  this.timeout(60_000);
  const stops = createStops();
  afterEach(() => stops.all());

  it("are named apart", () => {
    assert.equal(new Set(LINE_FAULTS.map(({ name }) => name)).size, LINE_FAULTS.length);
  });

  it("make a line silent or broken for a while, and well again", async () => {
    const redis = await startRedis();
    stops.add(() => redis.stop());
    const line = await startLine({ to: { port: redis.port } });
    stops.add(() => line.stop());
    const client = new Redis(line.port, "127.0.0.1", { maxRetriesPerRequest: null });
    client.on("error", () => {});
    stops.add(async () => client.disconnect());
    assert.equal(await client.ping(), "PONG");
    const world = aWorld({ lines: { redis: line, registry: line, git: line, server: line, engine: line } });
    for (const [word, said] of [
      ["silent", /^connections stay and nothing comes through, for \d+ ms$/u],
      ["broken", /^connections break, new ones too, for \d+ ms: [1-9]/u],
    ] as const) {
      const fault = LINE_FAULTS.find(({ name }) => name === `a ${word} line to the redis`);
      assert.ok(fault?.possible(world) === true);
      let answered = false;
      const injected = fault.inject(world, createRandom(7));
      const asked = client.ping().then(() => (answered = true));
      assert.match(await injected, said);
      assert.equal(answered, false, "something came through");
      await asked;
    }
  });
});
