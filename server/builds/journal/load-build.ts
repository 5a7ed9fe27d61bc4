import { holds, release } from "../../store/leases.ts";
import { procedure, type Steps, type Transaction } from "../../store/procedure.ts";
import type { EffectState } from "../../store/states.ts";

/** A row of the journal as a host reads it back. */
export interface JournalRow {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly argsHash: string;
  readonly state: EffectState;
  readonly ord: number | null;
  readonly outcome: Uint8Array | null;
}

/** The head, if it was frozen before, and the whole journal in the order of begin. */
export const readJournal = procedure(
  "builds.readJournal",
  { durability: "normal" },
  function* (
    tx: Transaction,
    input: { buildId: number },
  ): Steps<{ head: Uint8Array | null; rows: JournalRow[] }> {
    const head = yield* tx.first(
      tx.db.selectFrom("buildHeads").select("body").where("buildId", "=", input.buildId),
    );
    const rows = yield* tx.all(
      tx.db
        .selectFrom("effects")
        .select(["id", "kind", "name", "argsHash", "state", "ord", "outcome"])
        .where("buildId", "=", input.buildId)
        .orderBy("n"),
    );
    return { head: head?.body ?? null, rows };
  },
);

/** Outcomes behind `after`, in the order of delivery. */
export const readOutcomes = procedure(
  "builds.readOutcomes",
  { durability: "normal" },
  function* (
    tx: Transaction,
    input: { buildId: number; after: number },
  ): Steps<{ id: string; kind: string; ord: number | null; outcome: Uint8Array | null }[]> {
    return yield* tx.all(
      tx.db
        .selectFrom("effects")
        .select(["id", "kind", "ord", "outcome"])
        .where("buildId", "=", input.buildId)
        .where("ord", ">", input.after)
        .orderBy("ord")
        .limit(200),
    );
  },
);

/** What is said of a build's commit by the commit itself. */
export interface CommitFacts {
  readonly title: string;
  readonly author: string;
  readonly authorMail: string;
}

/** Freezes the head, once; whoever comes second reads the first one's. */
export const saveHead = procedure(
  "builds.saveHead",
  { durability: "normal" },
  function* (
    tx: Transaction,
    input: {
      buildId: number;
      fence: number;
      sha: string;
      jenkinsfilePath: string;
      jenkinsfileSha: string;
      engineVersion: string;
      changes: string;
      body: Uint8Array;
      startedAtMs: number;
      facts: CommitFacts;
    },
  ): Steps<boolean> {
    const { fence, facts, ...head } = input;
    if (!(yield* holds(tx, { name: `build:${input.buildId}`, fence }))) return false;
    yield* tx.run(
      tx.db
        .insertInto("buildHeads")
        .values(head)
        .onConflict((conflict) => conflict.doNothing()),
    );
    // A step forward, as every turn is.
    yield* tx.run(
      tx.db
        .updateTable("builds")
        .set({ infraAttempts: 0 })
        .where("id", "=", input.buildId)
        .where("infraAttempts", ">", 0),
    );
    return yield* noteCommit(tx, input.buildId, input.sha, facts);
  },
);

function said(before: string | null, now: string): string | null {
  if (before !== null && before !== "") return before;
  return now === "" ? null : now;
}

/** Gives the build back unless an outcome was committed meanwhile; true when nobody holds it any more. */
export const unloadBuild = procedure(
  "builds.unload",
  { durability: "normal" },
  function* (tx: Transaction, input: { buildId: number; fence: number }): Steps<boolean> {
    const build = yield* tx.first(
      tx.db.selectFrom("builds").select(["nextOrd", "delivered"]).where("id", "=", input.buildId).forUpdate(),
    );
    if (build === undefined || build.nextOrd !== build.delivered + 1) return false;
    return yield* release(tx, { name: `build:${input.buildId}`, fence: input.fence });
  },
);

/** Writes what only the repository could tell of a build's commit; what a forge said stands. */
export function* noteCommit(
  tx: Transaction,
  buildId: number,
  sha: string,
  facts: CommitFacts,
): Steps<boolean> {
  const build = yield* tx.first(
    tx.db
      .selectFrom("builds")
      .select(["sha", "title", "author", "authorMail"])
      .where("id", "=", buildId)
      .forUpdate(),
  );
  if (build === undefined) return false;
  yield* tx.run(
    tx.db
      .updateTable("builds")
      .set({
        sha: build.sha ?? sha,
        title: said(build.title, facts.title),
        author: said(build.author, facts.author),
        authorMail: said(build.authorMail, facts.authorMail),
      })
      .where("id", "=", buildId),
  );
  return true;
}
