import { release } from "../../store/leases.ts";
import { record } from "../../store/outbox.ts";
import { procedure } from "../../store/procedure.ts";
import type { Steps } from "../../store/procedure.ts";
import { waitColumns } from "../../waits/cause.ts";

/**
 * Writes that a build cannot start because its repository cannot be read now, and gives the build back: it is nudged
 * again as others that may start. Ended by its first turn.
 */
export const noteForgeAway = procedure(
  "builds.noteForgeAway",
  { durability: "normal" },
  function* (tx, input: { buildId: number; fence: number; said: string }): Steps<void> {
    if (!(yield* release(tx, { name: `build:${input.buildId}`, fence: input.fence }))) return;
    const columns = waitColumns({ cause: "forge", asked: "files", said: input.said });
    const build = yield* tx.first(
      tx.db
        .selectFrom("builds")
        .select(["waitCode", "waitFacts", "projectId"])
        .where("id", "=", input.buildId)
        .where("state", "=", "queued")
        .forUpdate(),
    );
    if (build === undefined || build.waitFacts === columns.waitFacts) return;
    const since = build.waitCode === columns.waitCode ? {} : { waitSinceMs: tx.nowMs };
    yield* tx.run(
      tx.db
        .updateTable("builds")
        .set({ ...columns, ...since })
        .where("id", "=", input.buildId),
    );
    yield* record(tx, {
      kind: "build.changed",
      projectId: build.projectId,
      buildId: input.buildId,
      body: { id: input.buildId },
    });
  },
);
