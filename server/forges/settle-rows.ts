import { nudgeBuild, record } from "../store/outbox.ts";
import { NO_WAIT, readWait, waitColumns } from "../waits/cause.ts";
import { procedure } from "../store/procedure.ts";
import type { Steps } from "../store/procedure.ts";

/** What the forge and the repository said of a queued build. */
export interface Settled {
  readonly buildId: number;
  readonly sha: string;
  readonly trust: "trusted" | "untrusted";
  readonly title: string | null;
  readonly author: string | null;
  readonly authorMail: string | null;
}

/** Writes what was found out, once, and lets the build start; false when it no longer waits for it. */
export const settleRow = procedure(
  "settleRow",
  { durability: "full" },
  function* (tx, input: Settled): Steps<boolean> {
    const build = yield* tx.first(
      tx.db
        .selectFrom("builds")
        .select(["projectId", "trust", "title", "author", "authorMail"])
        .where("id", "=", input.buildId)
        .where("state", "=", "queued")
        .where("waitCode", "=", "forge")
        .forUpdate(),
    );
    if (build === undefined) return false;
    const waits = input.trust === "untrusted";
    yield* tx.run(
      tx.db
        .updateTable("builds")
        .set({
          sha: input.sha,
          // Trust is said once: a build that came trusted stays what its delivery proved.
          trust: build.trust === "unknown" ? input.trust : build.trust,
          title: build.title === null || build.title === "" ? input.title : build.title,
          author: build.author === null || build.author === "" ? input.author : build.author,
          authorMail: build.authorMail ?? input.authorMail,
          ...(waits ? { ...waitColumns({ cause: "approval" }), waitSinceMs: tx.nowMs } : NO_WAIT),
        })
        .where("id", "=", input.buildId),
    );
    yield* record(tx, {
      kind: "build.changed",
      projectId: build.projectId,
      buildId: input.buildId,
      body: { id: input.buildId },
    });
    if (!waits) yield* nudgeBuild(tx, input.buildId);
    return true;
  },
);

/** Writes why a build still waits for its forge. */
export const settleFailed = procedure(
  "settleFailed",
  { durability: "normal" },
  function* (tx, input: { buildId: number; text: string }): Steps<void> {
    const build = yield* tx.first(
      tx.db.selectFrom("builds").select(["waitCode", "waitFacts"]).where("id", "=", input.buildId),
    );
    const cause = build === undefined ? null : readWait(build);
    if (cause?.cause !== "forge" || cause.said === input.text) return;
    const changed = yield* tx.run(
      tx.db
        .updateTable("builds")
        .set(waitColumns({ ...cause, said: input.text }))
        .where("id", "=", input.buildId)
        .where("state", "=", "queued")
        .where("waitCode", "=", "forge"),
    );
    if (changed > 0)
      yield* record(tx, { kind: "build.changed", buildId: input.buildId, body: { id: input.buildId } });
  },
);
