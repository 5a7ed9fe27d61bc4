import { procedure } from "../store/procedure.ts";
import type { Steps } from "../store/procedure.ts";

/** Records the heads of a repository at the first look; what is recorded already stays unless it is to be replaced. */
export const recordHeads = procedure(
  "recordHeads",
  { durability: "full" },
  function* (
    tx,
    input: { projectId: number; heads: readonly { ref: string; sha: string }[]; replace?: boolean },
  ): Steps<void> {
    for (const { ref, sha } of input.heads) {
      yield* tx.run(
        tx.db
          .insertInto("refHeads")
          .values({ projectId: input.projectId, ref, sha, source: "sweep", seenAtMs: tx.nowMs })
          .onConflict((on) => {
            const same = on.columns(["projectId", "ref"]);
            return input.replace === true
              ? same.doUpdateSet({ sha, source: "sweep", seenAtMs: tx.nowMs })
              : same.doNothing();
          }),
      );
    }
  },
);
