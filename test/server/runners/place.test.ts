import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import {
  matchesLabel,
  place,
  type PlacingRunner,
  type WaitingSession,
} from "../../../server/runners/place.ts";

function aRunner(more: Partial<PlacingRunner> = {}): PlacingRunner {
  return {
    id: 1,
    name: "one",
    labels: [],
    places: 2,
    busy: 0,
    online: true,
    draining: false,
    warm: [],
    hasAgentImage: true,
    ...more,
  };
}

function aSession(more: Partial<WaitingSession> = {}): WaitingSession {
  return {
    id: "b1.0_1",
    projectId: 1,
    label: "",
    queuedAtMs: 0,
    besideRunner: null,
    needsAgentImage: false,
    ...more,
  };
}

function reasonOf(session: WaitingSession, runners: readonly PlacingRunner[]) {
  const [placement] = place([session], runners, new Map());
  assert.equal(placement?.kind, "waits");
  return placement?.kind === "waits" ? placement : null;
}

describe("placing agent sessions", () => {
  it("takes the project with the fewest busy places first, then who has waited longest", () => {
    const sessions = [
      aSession({ id: "a1", projectId: 1, queuedAtMs: 1 }),
      aSession({ id: "a2", projectId: 1, queuedAtMs: 2 }),
      aSession({ id: "b1", projectId: 2, queuedAtMs: 3 }),
    ];
    const placed = place(sessions, [aRunner()], new Map()).filter((one) => one.kind === "placed");
    assert.deepEqual(
      placed.map((one) => one.session),
      ["a1", "b1"],
    );
  });

  it("prefers a runner that has the project's workspace", () => {
    const [placement] = place(
      [aSession()],
      [aRunner(), aRunner({ id: 2, name: "two", warm: [1], busy: 1 })],
      new Map(),
    );
    assert.deepEqual(placement, { kind: "placed", session: "b1.0_1", runner: 2 });
  });

  it("says in words what a session waits for", () => {
    assert.match(reasonOf(aSession(), [])?.text ?? "", /no runner has joined/);
    assert.match(
      reasonOf(aSession({ label: "arm" }), [aRunner({ labels: ["linux"] })])?.text ?? "",
      /no runner has the label "arm"; there are: linux/,
    );
    assert.match(reasonOf(aSession(), [aRunner({ online: false })])?.text ?? "", /offline: one/);
    assert.match(reasonOf(aSession(), [aRunner({ draining: true })])?.text ?? "", /draining: one/);
    assert.match(reasonOf(aSession(), [aRunner({ busy: 2 })])?.text ?? "", /all 2 places are taken on one/);
    assert.match(
      reasonOf(aSession({ needsAgentImage: true }), [aRunner({ hasAgentImage: false })])?.text ?? "",
      /default image of agents is missing on one/,
    );
  });

  it("never gives a runner more than its places, and leaves nobody unanswered", () => {
    const session = fc.record({
      projectId: fc.integer({ min: 1, max: 4 }),
      queuedAtMs: fc.integer({ min: 0, max: 9 }),
    });
    const runner = fc.record({
      places: fc.integer({ min: 1, max: 4 }),
      busy: fc.integer({ min: 0, max: 5 }),
      online: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(session, { maxLength: 12 }),
        fc.array(runner, { maxLength: 4 }),
        (wanted, there) => {
          const sessions = wanted.map((one, index) => aSession({ ...one, id: `s${index}` }));
          const runners = there.map((one, index) => aRunner({ ...one, id: index + 1 }));
          const placements = place(sessions, runners, new Map());
          assert.equal(placements.length, sessions.length);
          for (const one of runners) {
            const given = placements.filter(
              (placement) => placement.kind === "placed" && placement.runner === one.id,
            ).length;
            assert.ok(given === 0 || (one.online && one.busy + given <= one.places));
          }
        },
      ),
    );
  });
});

describe("label expressions", () => {
  for (const [expression, labels, fits] of [
    ["", [], true],
    ["linux", ["linux"], true],
    ["linux && arm", ["linux"], false],
    ["linux || arm", ["arm"], true],
    ["!windows", ["linux"], true],
    ["(a || b) && !c", ["b"], true],
    ["(a || b) && !c", ["b", "c"], false],
    ["a || b && c", ["a"], true],
    ["linux &&", ["linux"], false],
  ] as const)
    it(`"${expression}" ${fits ? "fits" : "does not fit"} [${labels.join(", ")}]`, () => {
      assert.equal(matchesLabel(expression, labels), fits);
    });
});
