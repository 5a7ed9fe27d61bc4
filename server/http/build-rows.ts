import { appendAudit } from "../audit/chain.ts";
import type { ActorRow } from "../auth/rows.ts";
import { nudgeBuild, record } from "../store/outbox.ts";
import { NO_WAIT } from "../waits/cause.ts";
import { procedure } from "../store/procedure.ts";
import type { Steps } from "../store/procedure.ts";

/** Lets an untrusted build start, once, at the commit that was looked at; false when it does not wait for that. */
export const approveBuildRow = procedure(
  "approveBuildRow",
  { durability: "full" },
  function* (tx, input: ActorRow & { buildId: number; sha: string }): Steps<boolean> {
    const build = yield* tx.first(
      tx.db
        .updateTable("builds")
        .set({
          approvedBy: input.actor,
          approvedAtMs: tx.nowMs,
          ...NO_WAIT,
        })
        .where("id", "=", input.buildId)
        .where("state", "=", "queued")
        .where("trust", "=", "untrusted")
        .where("sha", "=", input.sha)
        .where("approvedBy", "is", null)
        .returning("projectId"),
    );
    if (build === undefined) return false;
    yield* nudgeBuild(tx, input.buildId);
    yield* record(tx, {
      kind: "build.changed",
      projectId: build.projectId,
      buildId: input.buildId,
      actor: input.actor,
      body: { id: input.buildId },
    });
    const after = { sha: input.sha };
    yield* appendAudit(tx, {
      ...input,
      action: "build.approve",
      object: `build ${input.buildId}`,
      after,
      outcome: "done",
    });
    return true;
  },
);
