import { procedure, type Steps, type Transaction } from "../../store/procedure.ts";
import { announce } from "./announce.ts";
import { finishBuild } from "./finish-build.ts";
import { nudgeUnlessHeld } from "./nudge.ts";

/** What an abort was told to say; kept in clear, since it is a name and a sentence. */
export interface AbortRow {
  readonly abort: 1 | 2;
  readonly by: string;
  readonly result?: "ABORTED" | "NOT_BUILT";
  readonly reason?: string;
}

/** How soon after the first stop a second one means more force, and a third one the end. */
const AGAIN_MS = 10_000;
const LAST_MS = 2_000;

/** `over`: the build had ended. Else the level that is in force now. */
export type AbortResult =
  | { readonly kind: "over" }
  | { readonly kind: "told"; readonly level: 0 | 1 | 2 | 3 };

/**
 * Stops a build. Queued: at once. Else level 1, and by asking again later level 2 and at last 3, where the build ends
 * whatever its steps do. Open gates and deployments that were not sent are withdrawn in the same transaction, so that
 * nobody's click comes after it.
 */
export const abortBuild = procedure("builds.abort", { durability: "full" }, stopBuild);

/** Who stops which build, why, and with how much force at least. */
export interface StopInput {
  readonly buildId: number;
  readonly by: string;
  readonly result: "ABORTED" | "NOT_BUILT";
  readonly reason: string;
  readonly atLeast: 1 | 2 | 3;
}

/** `abortBuild` as a part of another transaction. */
export function* stopBuild(tx: Transaction, input: StopInput): Steps<AbortResult> {
  const build = yield* tx.first(
    tx.db
      .selectFrom("builds")
      .select(["id", "projectId", "state", "nextOrd", "cancelLevel", "cancelAtMs"])
      .where("id", "=", input.buildId)
      .where("state", "in", ["queued", "running", "waiting"])
      .forUpdate(),
  );
  if (build === undefined) return { kind: "over" };
  const end = {
    state: input.result === "ABORTED" ? ("aborted" as const) : ("not_built" as const),
    code: input.result === "ABORTED" ? "aborted" : "superseded",
    fault: "person" as const,
    text: input.reason,
  };
  if (build.state === "queued") {
    yield* finishBuild(tx, build.id, end, { placesChanged: false });
    yield* announce(tx, {
      kind: "build.changed",
      projectId: build.projectId,
      buildId: build.id,
      id: build.id,
    });
    return { kind: "told", level: 3 };
  }
  const level = nextLevel(build.cancelLevel, tx.nowMs - (build.cancelAtMs ?? 0), input.atLeast);
  if (level <= build.cancelLevel) return { kind: "told", level: build.cancelLevel === 1 ? 1 : 2 };
  yield* tx.run(
    tx.db
      .updateTable("builds")
      .set({ cancelLevel: level, cancelAtMs: tx.nowMs, cancelBy: input.by })
      .where("id", "=", build.id),
  );
  if (level === 3) {
    yield* finishBuild(tx, build.id, end, { placesChanged: true });
    yield* announce(tx, {
      kind: "build.changed",
      projectId: build.projectId,
      buildId: build.id,
      id: build.id,
    });
    return { kind: "told", level: 3 };
  }
  yield* writeAbort(tx, build, level, input);
  yield* withdraw(tx, build);
  yield* nudgeUnlessHeld(tx, build.id);
  yield* announce(tx, {
    kind: "build.changed",
    projectId: build.projectId,
    buildId: build.id,
    id: build.id,
  });
  return { kind: "told", level };
}

function nextLevel(level: number, sinceMs: number, atLeast: number): 1 | 2 | 3 {
  const pressed =
    level === 0 ? 1 : level === 1 && sinceMs >= AGAIN_MS ? 2 : level === 2 && sinceMs >= LAST_MS ? 3 : level;
  const wanted = Math.max(pressed, atLeast);
  return wanted >= 3 ? 3 : wanted === 2 ? 2 : 1;
}

function* writeAbort(
  tx: Transaction,
  build: { id: number; nextOrd: number },
  level: 1 | 2,
  input: { by: string; result: "ABORTED" | "NOT_BUILT"; reason: string },
): Steps<void> {
  const said: AbortRow = { abort: level, by: input.by, result: input.result, reason: input.reason };
  yield* tx.run(
    tx.db.insertInto("effects").values({
      buildId: build.id,
      id: `abort:${level}`,
      kind: "abort",
      name: "abort",
      argsHash: "",
      args: new Uint8Array(),
      handle: `b${build.id}.abort-${level}`,
      state: "ended",
      ord: build.nextOrd,
      outcome: new TextEncoder().encode(JSON.stringify(said)),
      begunAtMs: tx.nowMs,
      endedAtMs: tx.nowMs,
    }),
  );
  yield* tx.run(
    tx.db
      .updateTable("builds")
      .set({ nextOrd: build.nextOrd + 1 })
      .where("id", "=", build.id),
  );
}

function* withdraw(tx: Transaction, build: { id: number; projectId: number }): Steps<void> {
  const gates = yield* tx.all(
    tx.db
      .updateTable("gates")
      .set({ state: "withdrawn", decidedAtMs: tx.nowMs })
      .where("buildId", "=", build.id)
      .where("state", "=", "open")
      .returning("id"),
  );
  for (const gate of gates)
    yield* announce(tx, { kind: "gate.changed", projectId: build.projectId, buildId: build.id, id: gate.id });
  yield* tx.run(
    tx.db
      .updateTable("deployments")
      .set({
        state: "withdrawn",
        endedAtMs: tx.nowMs,
        reasonCode: "aborted",
        reasonFault: "person",
        reasonText: "the build was stopped",
      })
      .where("buildId", "=", build.id)
      .where("state", "=", "pending"),
  );
}
