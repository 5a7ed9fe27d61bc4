import type { Steps, Transaction } from "../../store/procedure.ts";
import { writeCommands } from "./write-commands.ts";
import type { Written } from "./written.ts";

/**
 * An agent block was left. Its place is free at once, before the runner has removed anything; the outer session that
 * lent its place has it again.
 */
export function* leaveSession(
  tx: Transaction,
  buildId: number,
  effectId: string,
  command: Uint8Array | null,
  written: Pick<Written, "commands" | "placesChanged">,
): Steps<void> {
  const session = yield* tx.first(
    tx.db
      .selectFrom("sessions")
      .select(["id", "state", "runnerId", "outerId"])
      .where("buildId", "=", buildId)
      .where("effectId", "=", effectId),
  );
  if (session === undefined) return;
  if (session.state !== "closed" && session.state !== "lost") {
    yield* tx.run(
      tx.db
        .updateTable("sessions")
        .set({ state: "closed", closedAtMs: tx.nowMs })
        .where("id", "=", session.id)
        .where("state", "not in", ["closed", "lost"]),
    );
  }
  if (session.runnerId === null) {
    yield* tx.run(
      tx.db
        .updateTable("commands")
        .set({ ackedAtMs: tx.nowMs, endedAtMs: tx.nowMs })
        .where("sessionId", "=", session.id)
        .where("ackedAtMs", "is", null),
    );
  } else if (session.state !== "lost" && command !== null) {
    yield* writeCommands(
      tx,
      session.id,
      null,
      [{ id: `${session.id}.c`, type: "close", body: command, stepNo: null, note: null }],
      written,
    );
  }
  if (session.outerId !== null) yield* takeBackPlace(tx, session.outerId);
  written.placesChanged = true;
}

/** The outer session counts again once no inner one is open. */
export function* takeBackPlace(tx: Transaction, outerId: string): Steps<void> {
  const inner = yield* tx.first(
    tx.db
      .selectFrom("sessions")
      .select("id")
      .where("outerId", "=", outerId)
      .where("state", "not in", ["closed", "lost"]),
  );
  if (inner === undefined)
    yield* tx.run(tx.db.updateTable("sessions").set({ placeLent: 0 }).where("id", "=", outerId));
}

/** A further container of a session is no longer needed. */
export function* leaveContainer(
  tx: Transaction,
  buildId: number,
  effectId: string,
  command: Uint8Array | null,
  written: Pick<Written, "commands">,
): Steps<void> {
  if (command === null) return;
  const effect = yield* tx.first(
    tx.db.selectFrom("effects").select("handle").where("buildId", "=", buildId).where("id", "=", effectId),
  );
  if (effect === undefined) return;
  const row = yield* tx.first(
    tx.db
      .selectFrom("commands")
      .innerJoin("sessions", "sessions.id", "commands.sessionId")
      .select(["commands.sessionId as session", "sessions.state as state"])
      .where("commands.id", "=", effect.handle),
  );
  if (row === undefined || row.state === "closed" || row.state === "lost") return;
  yield* writeCommands(
    tx,
    row.session,
    null,
    [{ id: `${effect.handle}.d`, type: "drop", body: command, stepNo: null, note: null }],
    written,
  );
}
