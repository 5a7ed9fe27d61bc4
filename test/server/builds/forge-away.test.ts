import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { explain } from "../../../server/builds/explain.ts";
import { until } from "../../support/services/until.ts";
import { createStops } from "../../support/stops.ts";
import { startWorld } from "./support/world.ts";

describe("a build whose forge is away when it is to start", function () {
  this.timeout(120_000);
  const stops = createStops();
  afterEach(() => stops.all());

  it("is tried again until it can be read, and does not fail", async () => {
    let tries = 0;
    const world = await startWorld();
    stops.add(() => world.stop());
    const life = await world.begin({
      forgeIsAway: () => {
        tries += 1;
        return tries <= 2;
      },
    });
    const build = await world.build("echo 'read at last'\n");
    await until("it says what it waits for", async () => {
      const { lines } = await explain(world.base, build);
      return lines.some((line) => line.includes("the forge has not told yet what the commit holds"));
    });
    for (let time = 1; time <= 2; time += 1) {
      await until(`it was tried ${time} times`, () => tries >= time);
      world.clock.pass(30_000);
      life.look();
    }
    assert.equal(await world.ends(build), "succeeded", await world.console(build));
    assert.equal(tries, 3);
  });
});
