import { procedure } from "../store/procedure.ts";
import type { Steps, Transaction } from "../store/procedure.ts";
import { candidates } from "./condemn-builds.ts";
import { discarders } from "./discarders.ts";
import { keptDeployments } from "./kept-deployments.ts";

const DAY_MS = 86_400_000;

/** An archived file whose build stays, but not the file. */
export interface AgedArtifact {
  readonly id: number;
  readonly buildId: number;
  /** The file's hash; null: its bytes are kept for a stash of the build, or were never here. */
  readonly sha256: string | null;
}

/** Archived files that the files of their refs let go before the builds themselves: `artifactNumToKeepStr` and its like. */
export const agedArtifacts = procedure(
  "upkeep.agedArtifacts",
  { durability: "normal" },
  function* (tx: Transaction, input: { limit: number }): Steps<AgedArtifact[]> {
    const kept = yield* keptDeployments(tx);
    const found: AgedArtifact[] = [];
    for (const { projectId, ref, keep } of yield* discarders(tx)) {
      if (keep.artifactBuilds === null && keep.artifactDays === null) continue;
      const limits = {
        perRef: keep.artifactBuilds ?? Number.MAX_SAFE_INTEGER,
        maxAgeMs: keep.artifactDays === null ? tx.nowMs : keep.artifactDays * DAY_MS,
        limit: 10_000,
      };
      const builds = yield* candidates(tx, limits, kept, { projectId, ref });
      if (builds.length > 0) found.push(...(yield* filesOf(tx, builds, input.limit - found.length)));
      if (found.length >= input.limit) break;
    }
    return found;
  },
);

function* filesOf(tx: Transaction, builds: readonly number[], limit: number): Steps<AgedArtifact[]> {
  const rows = yield* tx.all(
    tx.db
      .selectFrom("artifacts")
      .leftJoin("blobs", (join) =>
        join.onRef("blobs.buildId", "=", "artifacts.buildId").onRef("blobs.sha256", "=", "artifacts.digest"),
      )
      .select(["artifacts.id", "artifacts.buildId", "artifacts.digest", "blobs.id as stash"])
      .where("artifacts.buildId", "in", [...builds])
      .where("artifacts.kind", "=", "file")
      .orderBy("artifacts.id")
      .limit(limit),
  );
  return rows.map(({ id, buildId, digest, stash }) => ({
    id,
    buildId,
    sha256: stash === null ? digest : null,
  }));
}

/** Forgets archived files whose bytes are gone; how many. */
export const forgetArtifacts = procedure(
  "upkeep.forgetArtifacts",
  { durability: "normal" },
  function* (tx: Transaction, input: { ids: readonly number[] }): Steps<number> {
    if (input.ids.length === 0) return 0;
    return yield* tx.run(tx.db.deleteFrom("artifacts").where("id", "in", input.ids));
  },
);
