import { procedure, type Steps, type Transaction } from "../store/procedure.ts";
import { makeBuild, type NewBuild } from "../webhooks/new-build.ts";

/** A row of `schedules`, by the time that it was due. */
export interface DueSchedule {
  readonly projectId: number;
  readonly ref: string;
  readonly pattern: string;
  readonly nextAtMs: number;
}

/**
 * Starts the build of a schedule that is due and sets its next time, once: whoever comes second finds another time in
 * the row. Times that were missed are one build, and none is added to one that has not started yet. Without a build
 * (the branch is gone) the schedule ends, and so it does without a next time.
 */
export const fireSchedule = procedure(
  "schedules.fire",
  { durability: "full" },
  function* (
    tx: Transaction,
    input: { due: DueSchedule; nextAtMs: number | null; build: NewBuild | null },
  ): Steps<{ id: number; number: number } | null> {
    const { projectId, ref, pattern, nextAtMs } = input.due;
    const moved =
      input.build === null || input.nextAtMs === null
        ? yield* tx.run(
            tx.db
              .deleteFrom("schedules")
              .where("projectId", "=", projectId)
              .where("ref", "=", ref)
              .where("pattern", "=", pattern)
              .where("nextAtMs", "=", nextAtMs),
          )
        : yield* tx.run(
            tx.db
              .updateTable("schedules")
              .set({ nextAtMs: input.nextAtMs })
              .where("projectId", "=", projectId)
              .where("ref", "=", ref)
              .where("pattern", "=", pattern)
              .where("nextAtMs", "=", nextAtMs),
          );
    if (moved === 0 || input.build === null) return null;
    const waiting = yield* tx.first(
      tx.db
        .selectFrom("builds")
        .select("id")
        .where("projectId", "=", projectId)
        .where("ref", "=", ref)
        .where("state", "=", "queued")
        .where("eventKind", "=", "cron")
        .where("parameters", "=", input.build.parameters),
    );
    return waiting === undefined ? yield* makeBuild(tx, input.build) : null;
  },
);

/** Starts the build of an `upstream` trigger for the end of another build, once, and remembers that end as seen. */
export const fireUpstream = procedure(
  "schedules.fireUpstream",
  { durability: "full" },
  function* (
    tx: Transaction,
    input: {
      projectId: number;
      upstream: string;
      seen: { atMs: number; buildId: number };
      now: { atMs: number; buildId: number };
      build: NewBuild | null;
    },
  ): Steps<{ id: number; number: number } | null> {
    const moved = yield* tx.run(
      tx.db
        .updateTable("upstreamTriggers")
        .set({ seenAtMs: input.now.atMs, seenBuildId: input.now.buildId })
        .where("projectId", "=", input.projectId)
        .where("upstream", "=", input.upstream)
        .where("seenAtMs", "=", input.seen.atMs)
        .where("seenBuildId", "=", input.seen.buildId),
    );
    return moved === 0 || input.build === null ? null : yield* makeBuild(tx, input.build);
  },
);
