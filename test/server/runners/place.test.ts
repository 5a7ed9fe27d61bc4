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
    connected: true,
    draining: false,
    warm: [],
    diskFreePercent: null,
    ...more,
  };
}

function aSession(more: Partial<WaitingSession> = {}): WaitingSession {
  return {
    id: "b1.0_1",
    projectId: 1,
    label: "",
    queuedAtMs: 0,
    ...more,
  };
}

function reasonOf(session: WaitingSession, runners: readonly PlacingRunner[]) {
  const [placement] = place([session], runners, new Map());
  assert.equal(placement?.kind, "waits");
  return placement?.kind === "waits" ? placement.cause : null;
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

  it("gives nothing to a runner whose connection has closed while another is there, even a full one", () => {
    const closed = aRunner({ connected: false, warm: [1] });
    const other = aRunner({ id: 2, name: "two" });
    const runnerOf = (runners: readonly PlacingRunner[]): number | null => {
      const [placement] = place([aSession()], runners, new Map());
      return placement?.kind === "placed" ? placement.runner : null;
    };
    assert.equal(runnerOf([closed, other]), 2);
    assert.equal(runnerOf([closed, { ...other, busy: 2 }]), null);
    assert.equal(runnerOf([closed, { ...other, draining: true }]), 1);
    assert.equal(runnerOf([closed, { ...other, labels: ["arm"], online: false }]), 1);
  });

  it("prefers a runner that has the project's workspace", () => {
    const [placement] = place(
      [aSession()],
      [aRunner(), aRunner({ id: 2, name: "two", warm: [1], busy: 1 })],
      new Map(),
    );
    assert.deepEqual(placement, { kind: "placed", session: "b1.0_1", runner: 2 });
  });

  it("says what a session waits for", () => {
    const one = ["one"];
    assert.deepEqual(reasonOf(aSession(), []), { cause: "runner_offline", runners: [], lost: false });
    assert.deepEqual(reasonOf(aSession({ label: "arm" }), [aRunner({ labels: ["linux"] })]), {
      cause: "label",
      label: "arm",
      have: ["linux"],
    });
    assert.deepEqual(reasonOf(aSession(), [aRunner({ online: false })]), {
      cause: "runner_offline",
      runners: one,
      lost: false,
    });
    assert.deepEqual(reasonOf(aSession(), [aRunner({ diskFreePercent: 9 })]), {
      cause: "runner_disk",
      runners: one,
      freePercent: 9,
      leastPercent: 15,
    });
    const full = { cause: "place", runners: one, places: 2 };
    assert.deepEqual(reasonOf(aSession(), [aRunner({ draining: true })]), { ...full, draining: true });
    assert.deepEqual(reasonOf(aSession(), [aRunner({ busy: 2 })]), { ...full, draining: false });
  });

  it("places what can go elsewhere when one runner's disk is nearly full", () => {
    const runners = [aRunner({ diskFreePercent: 9 }), aRunner({ id: 2, name: "two" })];
    assert.deepEqual(place([aSession()], runners, new Map()), [
      { kind: "placed", session: "b1.0_1", runner: 2 },
    ]);
  });

  it("lets projects take turns, however many sessions one of them has", () => {
    const many = Array.from({ length: 100 }, (_, at) =>
      aSession({ id: `m${at}`, projectId: 1, queuedAtMs: at }),
    );
    const late = aSession({ id: "late", projectId: 2, queuedAtMs: 1_000 });
    const placed = place([...many, late], [aRunner({ places: 4 })], new Map([[1, 2]]));
    assert.deepEqual(
      placed.flatMap((one) => (one.kind === "placed" ? [one.session] : [])),
      ["late", "m0", "m1", "m2"],
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
