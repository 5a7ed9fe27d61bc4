import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { isWanted, readOptions } from "../../scripts/campaign/arguments.ts";
import { createRandom } from "../../scripts/campaign/random.ts";
import { SHAPES } from "../../scripts/campaign/shapes.ts";
import { OUTPUT_LOST } from "../../runners/step/supervisor.ts";
import { checkNumbered, countLines } from "../../scripts/campaign/shapes/lines.ts";

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

  it("lets lines be missing where it says itself that some were lost, and never come twice", () => {
    assert.deepEqual(countLines(`a\n${OUTPUT_LOST}\n`, { a: 1, b: 1 }), []);
    assert.equal(countLines(`a\na\n${OUTPUT_LOST}\n`, { a: 1 }).length, 1);
  });

  it("finds a number that is missing, twice or out of order, but for what is said to be lost", () => {
    const numbers = (from: number, to: number): string =>
      Array.from({ length: to - from + 1 }, (_, index) => `number ${from + index}\n`).join("");
    for (const [text, count] of [
      [numbers(1, 9), 9],
      [numbers(1, 9), undefined],
      [`${numbers(1, 9)}numb`, undefined],
      [`${numbers(1, 3)}nu${OUTPUT_LOST}\nber 5\n${numbers(6, 9)}`, 9],
      [`${numbers(1, 3)}${OUTPUT_LOST}\n${numbers(50, 90)}`, 90],
      [`${numbers(1, 3)}${OUTPUT_LOST}\n`, 9],
    ] as const)
      assert.equal(checkNumbered(text, count), undefined, text);
    for (const [text, count] of [
      [numbers(1, 8), 9],
      [`${numbers(1, 3)}${numbers(5, 9)}`, 9],
      [`${numbers(1, 3)}${numbers(3, 9)}`, 9],
      [`${numbers(1, 3)}number 5\nnumber 4\n${numbers(6, 9)}`, 9],
      [`${numbers(1, 3)}${OUTPUT_LOST}\n${numbers(2, 9)}`, 9],
      [`${numbers(1, 3)}${OUTPUT_LOST}\n${numbers(90_000, 90_009)}`, 90_009],
      [`${numbers(1, 3)}nonsense\n`, undefined],
    ] as const)
      assert.notEqual(checkNumbered(text, count), undefined, text);
  });
});
