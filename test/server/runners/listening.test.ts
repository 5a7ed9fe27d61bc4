import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createListening } from "../../../server/runners/listening.ts";

/** Asks every 2 s, with breaks; `[database, monotonic]` are what passed since the last time. */
function asked(passed: readonly (readonly [number, number])[]): number {
  const listening = createListening();
  const now = { databaseMs: 1_000_000, monotonicMs: 500 };
  let sinceMs = listening.since({ ...now });
  for (const [databaseMs, monotonicMs] of passed) {
    now.databaseMs += databaseMs;
    now.monotonicMs += monotonicMs;
    sinceMs = listening.since({ ...now });
  }
  return sinceMs;
}

describe("silence of runners", () => {
  it("counts from the start as long as clocks go as they should", () => {
    assert.equal(asked(Array.from({ length: 100 }, () => [2000, 2001])), 1_000_000);
    assert.equal(asked([[9_000, 9_000]]), 1_000_000);
  });

  it("counts anew after a step of the database's clock, either way", () => {
    assert.equal(
      asked([
        [2000, 2000],
        [122_000, 2000],
      ]),
      1_124_000,
    );
    assert.equal(
      asked([
        [2000, 2000],
        [-118_000, 2000],
        [2000, 2000],
      ]),
      884_000,
    );
  });

  it("counts anew after a sleep of ours, in which nobody could be heard", () => {
    assert.equal(asked([[60_000, 60_000]]), 1_060_000);
    assert.equal(asked([[3_600_000, 10]]), 4_600_000, "asleep with the whole machine");
  });
});
