import { procedure } from "../store/procedure.ts";
import type { Steps } from "../store/procedure.ts";

/** Records the heads of a repository at the first look, where nothing is recorded yet. */
export const recordHeads = procedure(
  "recordHeads",
  { durability: "full" },
  function* (tx, input: { projectId: number; heads: readonly { ref: string; sha: string }[] }): Steps<void> {
    for (const { ref, sha } of input.heads) {
      yield* tx.run(
        tx.db
          .insertInto("refHeads")
          .values({ projectId: input.projectId, ref, sha, source: "sweep", seenAtMs: tx.nowMs })
          .onConflict((on) => on.columns(["projectId", "ref"]).doNothing()),
      );
    }
  },
);
