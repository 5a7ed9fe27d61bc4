import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { createStops } from "../../support/stops.ts";
import { BOB, startWorld } from "./support/world.ts";

describe("a build that ends before anything of it was read", function () {
  this.timeout(60_000);
  const stops = createStops();
  afterEach(() => stops.all());

  it("has a console that says who ended it, and ends as every other", async () => {
    const world = await startWorld({});
    stops.add(() => world.stop());
    const life = await world.begin({ idle: true });
    const build = await world.build("echo 'never'\n");
    const aborted = await life.builds.abort(build, 1, BOB);
    assert.ok(aborted.ok);
    assert.equal(await world.ends(build), "aborted");
    let text = "";
    for await (const piece of life.builds.console(build)) text += Buffer.from(piece).toString();
    assert.equal(text, "Aborted by bob\nFinished: ABORTED\n");
  });
});
