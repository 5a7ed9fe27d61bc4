import type { Steps, Transaction } from "../store/procedure.ts";
import type { ArtifactKind, TestState } from "../store/states.ts";

/** What the end of a command leaves behind in its build, beside the value of its step. */
export interface Leftovers {
  readonly buildId: number;
  readonly stepNo: number | null;
  /** Of the step's log, which is whole by now. */
  readonly log: { readonly bytes: number; readonly lines: number } | null;
  readonly blobs: readonly {
    readonly kind: string;
    readonly name: string;
    readonly sha256: string;
    readonly sizeBytes: number;
  }[];
  readonly artifacts: readonly {
    readonly kind: ArtifactKind;
    readonly name: string;
    readonly tag: string | null;
    readonly digest: string | null;
    readonly sizeBytes: number | null;
    readonly path: string | null;
  }[];
  readonly tests: readonly {
    readonly suite: string;
    readonly className: string | null;
    readonly name: string;
    readonly state: TestState;
    readonly durationMs: number;
    readonly message: string | null;
    readonly detail: string | null;
  }[];
}

const ROWS_AT_ONCE = 500;

/**
 * Writes it down. As in Jenkins, what a build stashes or archives under a name again takes the place of what was there;
 * so do the cases of a block that was run again because its agent was lost.
 */
export function* writeLeftovers(tx: Transaction, end: Leftovers): Steps<void> {
  if (end.log !== null && end.stepNo !== null)
    yield* tx.run(
      tx.db
        .updateTable("steps")
        .set({ logBytes: end.log.bytes, logLines: end.log.lines })
        .where("buildId", "=", end.buildId)
        .where("stepNo", "=", end.stepNo),
    );
  for (const blob of end.blobs) {
    const content = {
      sha256: blob.sha256,
      sizeBytes: blob.sizeBytes,
      path: `${end.buildId}/${blob.sha256}`,
      createdAtMs: tx.nowMs,
    };
    yield* tx.run(
      tx.db
        .insertInto("blobs")
        .values({ buildId: end.buildId, kind: blob.kind, name: blob.name, ...content })
        .onConflict((conflict) => conflict.columns(["buildId", "kind", "name"]).doUpdateSet(content)),
    );
  }
  if (end.artifacts.length > 0) yield* replaceFiles(tx, end);
  for (const artifact of end.artifacts)
    yield* tx.run(
      tx.db
        .insertInto("artifacts")
        .values({ buildId: end.buildId, stepNo: end.stepNo, ...artifact, createdAtMs: tx.nowMs }),
    );
  if (end.tests.length > 0) yield* replaceLostTests(tx, end);
  for (const test of end.tests)
    yield* tx.run(
      tx.db
        .insertInto("testResults")
        .values({ buildId: end.buildId, stepNo: end.stepNo, stagePath: null, ...test }),
    );
}

/** Archived files whose names are archived again. */
function* replaceFiles(tx: Transaction, end: Leftovers): Steps<void> {
  const names = new Set(end.artifacts.filter(({ kind }) => kind === "file").map(({ name }) => name));
  const files = yield* tx.all(
    tx.db
      .selectFrom("artifacts")
      .select(["id", "name"])
      .where("buildId", "=", end.buildId)
      .where("kind", "=", "file"),
  );
  const gone = files.filter(({ name }) => names.has(name)).map(({ id }) => id);
  for (let at = 0; at < gone.length; at += ROWS_AT_ONCE)
    yield* tx.run(tx.db.deleteFrom("artifacts").where("id", "in", gone.slice(at, at + ROWS_AT_ONCE)));
}

/** Cases that an agent reported which is lost, and that another one reports now. */
function* replaceLostTests(tx: Transaction, end: Leftovers): Steps<void> {
  const lost = yield* tx.all(
    tx.db
      .selectFrom("testResults")
      .innerJoin("commands", "commands.stepNo", "testResults.stepNo")
      .innerJoin("sessions", "sessions.id", "commands.sessionId")
      .select(["testResults.id", "testResults.suite", "testResults.className", "testResults.name"])
      .where("testResults.buildId", "=", end.buildId)
      .where("sessions.buildId", "=", end.buildId)
      .where("sessions.state", "=", "lost"),
  );
  if (lost.length === 0) return;
  const now = new Set(end.tests.map(keyOf));
  const gone = lost.filter((test) => now.has(keyOf(test))).map(({ id }) => id);
  for (let at = 0; at < gone.length; at += ROWS_AT_ONCE)
    yield* tx.run(tx.db.deleteFrom("testResults").where("id", "in", gone.slice(at, at + ROWS_AT_ONCE)));
}

function keyOf(test: { suite: string; className: string | null; name: string }): string {
  return JSON.stringify([test.suite, test.className, test.name]);
}
