import fc from "fast-check";
import { describe, it } from "mocha";
import { files, isEvaluated, isLinted, isRunDry, programs } from "./support/fuzz.ts";

// The seed is fixed, so that a run says the same everywhere; test/pipelines/support/fuzz-long.ts looks further.
const SEED = 20_260_101;

describe("random and mutated files", function () {
  this.timeout(300_000);

  it("end in diagnostics when they are checked", () => {
    fc.assert(fc.property(files, isLinted), { numRuns: 1500, seed: SEED });
  });

  it("end when they are run dry", () => {
    fc.assert(fc.property(files, isRunDry), { numRuns: 300, seed: SEED });
  });

  it("end in a value or a diagnostic when they are evaluated", () => {
    fc.assert(fc.property(programs, isEvaluated), { numRuns: 500, seed: SEED });
  });
});
