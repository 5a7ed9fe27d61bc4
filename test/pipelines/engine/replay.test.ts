import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { abortError } from "../../../pipelines/engine/stored-errors.ts";
import { runWithCrashes } from "./crashing-host.ts";
import { programEngine, randomFrom, randomProgram } from "./random-programs.ts";

const PROGRAMS = 3000;

describe("the journal", () => {
  it("brings a build that crashed at any instant to the same begins and the same end", function () {
    this.timeout(300_000);
    let crashes = 0;
    for (let seed = 1; seed <= PROGRAMS; seed += 1) {
      const program = randomProgram(randomFrom(seed));
      let engine = programEngine(program);
      const life = runWithCrashes({
        load: () => (engine = programEngine(program)),
        random: randomFrom(seed ^ 0x9e3779b9),
        crashChance: 0.12,
        abortChance: 0.02,
        answer: (begin, random) =>
          begin.kind !== "timer" && random() < 0.12
            ? { error: abortError(`failed ${begin.id}`) }
            : { value: `done ${begin.id}` },
      });
      crashes += life.crashes;
      assert.ok(engine.seen.length >= 0);
    }
    assert.ok(crashes > PROGRAMS, `only ${crashes} crashes`);
  });
});
