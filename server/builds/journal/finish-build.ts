import { nudge } from "../../store/outbox.ts";
import type { Steps, Transaction } from "../../store/procedure.ts";
import { takeBackPlace } from "./leave.ts";
import type { EndInput } from "./turn-input.ts";

/**
 * Makes a build's end final, once: what is still open is closed, gates and deployments that were not sent are withdrawn,
 * its lease is given back, and whoever must hear of it gets a nudge. A deployment that was sent goes on by itself.
 */
export function* finishBuild(
  tx: Transaction,
  buildId: number,
  end: EndInput,
  written: { placesChanged: boolean },
): Steps<boolean> {
  const build = yield* tx.first(
    tx.db
      .updateTable("builds")
      .set({
        state: end.state,
        reasonCode: end.code,
        reasonFault: end.fault,
        reasonText: end.text,
        waitCode: null,
        waitText: null,
        waitSinceMs: null,
        endedAtMs: tx.nowMs,
      })
      .where("id", "=", buildId)
      .where("state", "in", ["queued", "running", "waiting"])
      .returning(["id", "projectId", "sha", "epoch"]),
  );
  if (build === undefined) return false;
  yield* closeOpen(tx, buildId);
  written.placesChanged = true;
  yield* tx.run(
    tx.db
      .updateTable("leases")
      .set({ holder: null, expiresAtMs: tx.nowMs })
      .where("name", "=", `build:${buildId}`),
  );
  yield* nudge(tx, "upkeep", { id: buildId, epoch: build.epoch });
  return true;
}

function* closeOpen(tx: Transaction, buildId: number): Steps<void> {
  yield* tx.run(
    tx.db
      .updateTable("effects")
      .set({ state: "closed", endedAtMs: tx.nowMs })
      .where("buildId", "=", buildId)
      .where("state", "=", "begun"),
  );
  const sessions = yield* tx.all(
    tx.db
      .updateTable("sessions")
      .set({ state: "closed", closedAtMs: tx.nowMs })
      .where("buildId", "=", buildId)
      .where("state", "not in", ["closed", "lost"])
      .returning(["id", "outerId"]),
  );
  for (const { outerId } of sessions) if (outerId !== null) yield* takeBackPlace(tx, outerId);
  yield* tx.run(
    tx.db
      .updateTable("gates")
      .set({ state: "withdrawn", decidedAtMs: tx.nowMs })
      .where("buildId", "=", buildId)
      .where("deploymentId", "is", null)
      .where("state", "=", "open"),
  );
  yield* tx.run(
    tx.db
      .updateTable("stages")
      .set({ state: "aborted", endedAtMs: tx.nowMs })
      .where("buildId", "=", buildId)
      .where("state", "in", ["running", "waiting", "queued"]),
  );
  yield* tx.run(
    tx.db
      .updateTable("steps")
      .set({ state: "aborted", endedAtMs: tx.nowMs })
      .where("buildId", "=", buildId)
      .where("state", "in", ["running", "waiting", "queued"]),
  );
}
