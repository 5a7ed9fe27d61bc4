import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { isWanted, readOptions } from "../../scripts/campaign/arguments.ts";
import { createRandom } from "../../scripts/campaign/random.ts";
import { SHAPES } from "../../scripts/campaign/shapes.ts";
import { countLines } from "../../scripts/campaign/shapes/lines.ts";

describe("a campaign's chance", () => {
  it("gives the same for the same seed, and another series for each name", () => {
    const series = (seed: number, name: string): number[] => {
      const random = createRandom(seed).branch(name);
      return Array.from({ length: 20 }, () => random.between(1, 1000));
    };
    assert.deepEqual(series(7, "faults"), series(7, "faults"));
    assert.notDeepEqual(series(7, "faults"), series(7, "builds"));
    assert.notDeepEqual(series(7, "faults"), series(8, "faults"));
  });

  it("draws what is heavier more often, and everything at some time", () => {
    const random = createRandom(1);
    const counts = new Map<string, number>();
    for (let time = 0; time < 2_000; time += 1) {
      const { name } = random.pickByWeight(SHAPES);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    assert.equal(counts.size, SHAPES.length);
    assert.ok((counts.get("plain") ?? 0) > (counts.get("matrix") ?? 0));
  });
});

describe("a campaign's arguments", () => {
  it("run five minutes, unless builds or faults are counted", () => {
    const read = (...argv: string[]) => {
      const options = readOptions(argv, () => 42);
      assert.ok(options !== "help" && options !== undefined);
      return options;
    };
    assert.deepEqual([read().minutes, read().seed], [5, 42]);
    const counted = read("--builds", "500", "--faults", "200", "--seed", "7");
    assert.deepEqual([counted.builds, counted.faults, counted.seed], [500, 200, 7]);
    assert.ok(counted.minutes > 60);
    for (const wrong of [["--minutes", "0"], ["--builds", "many"], ["--unknown"]])
      assert.equal(
        readOptions(wrong, () => 1),
        undefined,
      );
  });

  it("choose by words in names", () => {
    assert.ok(isWanted("kill the server", []));
    assert.ok(isWanted("kill the server", ["freeze", "server"]));
    assert.ok(!isWanted("kill the server", ["redis"]));
  });
});

describe("a campaign's look at consoles", () => {
  it("wants each line exactly as often, and once more for each block that was run again", () => {
    const again =
      "Nothing that others can see had happened on it: taking another one and running the block again";
    assert.deepEqual(countLines("a\nb\nb", { a: 1, b: 2, c: 0 }), []);
    assert.equal(countLines("a\na", { a: 1 }).length, 1);
    assert.equal(countLines("", { a: 1 }).length, 1);
    assert.deepEqual(countLines(`a\n${again}\na`, { a: 1 }), []);
    assert.equal(countLines(`c\n${again}`, { c: 0 }).length, 1);
  });
});
