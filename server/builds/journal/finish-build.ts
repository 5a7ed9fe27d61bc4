import { endTime } from "../../store/end-time.ts";
import { nudge } from "../../store/outbox.ts";
import { NO_WAIT } from "../../waits/cause.ts";
import type { Steps, Transaction } from "../../store/procedure.ts";
import { leaveLocks } from "../../locks/rows.ts";
import { takeBackPlace } from "./leave.ts";
import { nudgeNext } from "./next-starts.ts";
import type { EndInput } from "./turn-input.ts";
import { writeCommands } from "./write-commands.ts";

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
        ...NO_WAIT,
        endedAtMs: endTime(tx, "startedAtMs"),
      })
      .where("id", "=", buildId)
      .where("state", "in", ["queued", "running", "waiting"])
      .returning(["id", "projectId", "sha", "epoch"]),
  );
  if (build === undefined) return false;
  yield* closeOpen(tx, buildId);
  yield* leaveLocks(tx, buildId, null);
  written.placesChanged = true;
  yield* tx.run(
    tx.db
      .updateTable("leases")
      .set({ holder: null, expiresAtMs: tx.nowMs })
      .where("name", "=", `build:${buildId}`),
  );
  yield* nudge(tx, "upkeep", { id: buildId, epoch: build.epoch });
  yield* nudgeNext(tx, build.projectId);
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
      .returning(["id", "runnerId", "outerId"]),
  );
  for (const session of sessions) yield* tellClosed(tx, session);
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
      .set({ state: "aborted", endedAtMs: endTime(tx, "startedAtMs") })
      .where("buildId", "=", buildId)
      .where("state", "in", ["running", "waiting", "queued"]),
  );
  yield* tx.run(
    tx.db
      .updateTable("steps")
      .set({ state: "aborted", endedAtMs: endTime(tx, "startedAtMs") })
      .where("buildId", "=", buildId)
      .where("state", "in", ["running", "waiting", "queued"]),
  );
}

/** Its runner removes what a session that the engine did not leave itself still has; one that was not placed has nothing. */
function* tellClosed(
  tx: Transaction,
  session: { id: string; runnerId: number | null; outerId: string | null },
): Steps<void> {
  if (session.outerId !== null) yield* takeBackPlace(tx, session.outerId);
  if (session.runnerId === null) {
    yield* tx.run(
      tx.db
        .updateTable("commands")
        .set({ ackedAtMs: tx.nowMs, endedAtMs: tx.nowMs })
        .where("sessionId", "=", session.id)
        .where("ackedAtMs", "is", null),
    );
    return;
  }
  const close = { id: `${session.id}.c`, type: "close", stepNo: null, note: null } as const;
  // No key is at hand here, and there is nothing to seal: the type says it all.
  yield* writeCommands(tx, session.id, null, [{ ...close, body: new Uint8Array() }], { commands: [] });
}
