import { indexed } from "../store/conditions.ts";
import { procedure } from "../store/procedure.ts";
import type { Steps } from "../store/procedure.ts";
import type { BuildState, EventKind, Fault } from "../store/states.ts";
import { readWait } from "../waits/cause.ts";
import { describe } from "../waits/describe.ts";
import type { CommitState } from "./forge.ts";

/** How long after its end a build's last status is still looked after. */
const LOOKED_AFTER_MS = 86_400_000;

/** The name of a build's status at the forge; branch protection lists it, so it never changes. */
export function contextOf(kind: EventKind): string {
  return kind === "change" ? "ci/sluice/pr" : kind === "tag" ? "ci/sluice/tag" : "ci/sluice/push";
}

/** What people are told of a build's state. */
export function statusOf(build: {
  readonly state: BuildState;
  readonly number: number;
  readonly reasonFault: Fault | null;
  readonly reasonText: string | null;
  readonly waitCode: string | null;
  readonly waitFacts: string | null;
}): { readonly state: CommitState; readonly description: string } {
  const { state, number, reasonText } = build;
  const about = reasonText === null ? "" : `: ${reasonText}`;
  switch (state) {
    case "queued": {
      const cause = readWait(build);
      const waits = cause === null ? "" : `: ${describe(cause, 0).text}`;
      return { state, description: `#${number} is queued${waits}` };
    }
    case "running":
      return { state, description: `#${number} is running` };
    case "waiting":
      return { state, description: `#${number} is waiting for approval` };
    case "succeeded":
      return { state, description: `#${number} succeeded` };
    case "failed":
      return {
        state: build.reasonFault === "sluice" ? "error" : "failed",
        description: `#${number} failed${about}`,
      };
    case "unstable":
    case "aborted":
      return { state, description: `#${number} ${state}${about}` };
    case "not_built":
      return { state, description: `#${number} was not built${about}` };
    default:
      return state satisfies never;
  }
}

/** Writes a status row for each build of these forges whose state is not the one last written; how many. */
export const queueStatuses = procedure(
  "queueStatuses",
  { durability: "normal" },
  function* (tx, input: { forges: readonly string[] }): Steps<number> {
    if (input.forges.length === 0) return 0;
    const builds = yield* tx.all(
      tx.db
        .selectFrom("builds")
        .innerJoin("projects", "projects.id", "builds.projectId")
        .select([
          "builds.id",
          "builds.projectId",
          "projects.key",
          "builds.number",
          "builds.sha",
          "builds.eventKind",
          "builds.state",
          "builds.reasonFault",
          "builds.reasonText",
          "builds.waitCode",
          "builds.waitFacts",
        ])
        .where("projects.forge", "in", input.forges)
        .where("builds.sha", "is not", null)
        // The condition of an index that holds none of those that have been told.
        .where(indexed("untold"))
        // A restored server does not know what the lost one has said of these since the backup.
        .where((eb) =>
          eb.or([eb("builds.reasonCode", "is", null), eb("builds.reasonCode", "!=", "restored")]),
        )
        .where((eb) =>
          eb.or([
            eb("builds.endedAtMs", "is", null),
            eb("builds.endedAtMs", ">", tx.nowMs - LOOKED_AFTER_MS),
          ]),
        ),
    );
    let queued = 0;
    for (const build of builds.toSorted((a, b) => a.id - b.id)) {
      if (build.sha === null) continue;
      const { state, description } = statusOf(build);
      yield* tx.run(tx.db.updateTable("builds").set({ toldState: build.state }).where("id", "=", build.id));
      yield* tx.run(
        tx.db.insertInto("forgeStatuses").values({
          projectId: build.projectId,
          buildId: build.id,
          sha: build.sha,
          context: contextOf(build.eventKind),
          status: state,
          description,
          url: `/p/${build.key}/b/${build.number}`,
          state: "pending",
          nextAtMs: tx.nowMs,
          answer: null,
          createdAtMs: tx.nowMs,
          sentAtMs: null,
        }),
      );
      queued += 1;
    }
    return queued;
  },
);

/** Waits between tries; after the last a status is dead. */
export const RETRY_MS = [5_000, 30_000, 120_000, 600_000, 3_600_000] as const;

/** Writes what came of a try: sent, dead, or to be tried again. A row that is sent or dead stays so. */
export const statusTried = procedure(
  "statusTried",
  { durability: "normal" },
  function* (
    tx,
    input: {
      id: number;
      outcome: "sent" | "refused" | "away";
      answer: string | null;
      retryAfterMs: number | null;
    },
  ): Steps<void> {
    const row = yield* tx.first(
      tx.db.selectFrom("forgeStatuses").select("attempts").where("id", "=", input.id),
    );
    if (row === undefined) return;
    const waitMs = RETRY_MS[row.attempts];
    const again = input.outcome === "away" && waitMs !== undefined;
    yield* tx.run(
      tx.db
        .updateTable("forgeStatuses")
        .set({
          state: input.outcome === "sent" ? "sent" : again ? "retrying" : "dead",
          attempts: row.attempts + 1,
          nextAtMs: again ? tx.nowMs + Math.max(waitMs, input.retryAfterMs ?? 0) : null,
          answer: input.answer,
          sentAtMs: input.outcome === "sent" ? tx.nowMs : null,
        })
        .where("id", "=", input.id)
        .where("state", "in", ["pending", "retrying"]),
    );
  },
);
