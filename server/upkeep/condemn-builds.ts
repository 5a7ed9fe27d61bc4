import { sql } from "kysely";
import { procedure } from "../store/procedure.ts";
import type { Steps, Transaction } from "../store/procedure.ts";
import { TERMINAL_BUILD_STATES, UNFINISHED_BUILD_STATES } from "../store/states.ts";
import { discarders } from "./discarders.ts";
import { keptDeployments } from "./kept-deployments.ts";

/** The mark of a build that is being removed, where a waiting build says what it waits for. */
export const REMOVAL = "removal";

/** What ended only just now is still being told of and looked at. */
const YOUNG_MS = 3_600_000;
const DAY_MS = 86_400_000;

/**
 * Marks builds that retention lets go and gives their ids, those marked before first: after a crash their removal goes
 * on. Kept are: what runs, waits or is gated; what is live or among an environment's last releases; the last success of
 * each branch and tag that exists; builds marked to be kept; those of which somebody has still to be told.
 */
export const condemnBuilds = procedure(
  "upkeep.condemnBuilds",
  { durability: "normal" },
  function* (
    tx: Transaction,
    input: { perRef: number; maxAgeMs: number; limit: number },
  ): Steps<{ id: number; projectKey: string; number: number }[]> {
    const fresh = yield* letGo(tx, input);
    if (fresh.length > 0)
      yield* tx.run(
        tx.db
          .updateTable("builds")
          .set({
            waitCode: REMOVAL,
            waitSinceMs: tx.nowMs,
          })
          .where("id", "in", fresh),
      );
    return yield* tx.all(
      tx.db
        .selectFrom("builds")
        .innerJoin("projects", "projects.id", "builds.projectId")
        .select(["builds.id", "projects.key as projectKey", "builds.number"])
        .where("builds.waitCode", "=", REMOVAL)
        .where("builds.state", "in", TERMINAL_BUILD_STATES)
        .orderBy("builds.id")
        .limit(input.limit),
    );
  },
);

interface Limits {
  readonly perRef: number;
  readonly maxAgeMs: number;
  readonly limit: number;
}

/** What the server's settings let go, and what the file of a ref lets go earlier: it may keep less, never more. */
function* letGo(tx: Transaction, limits: Limits): Steps<number[]> {
  const kept = yield* keptDeployments(tx);
  const found = new Set(yield* candidates(tx, limits, kept));
  for (const { projectId, ref, keep } of yield* discarders(tx)) {
    if (found.size >= limits.limit) break;
    if (keep.builds === null && keep.days === null) continue;
    const own = {
      perRef: Math.min(limits.perRef, keep.builds ?? limits.perRef),
      maxAgeMs: Math.min(limits.maxAgeMs, keep.days === null ? limits.maxAgeMs : keep.days * DAY_MS),
      limit: limits.limit,
    };
    for (const id of yield* candidates(tx, own, kept, { projectId, ref })) found.add(id);
  }
  return [...found].slice(0, limits.limit);
}

/** Builds beyond the limits that nothing keeps, of all refs or of one. */
export function* candidates(
  tx: Transaction,
  input: Limits,
  kept: readonly number[],
  of: { readonly projectId: number; readonly ref: string } | null = null,
): Steps<number[]> {
  const rows = yield* tx.all(
    tx.db
      .selectFrom((from) =>
        from
          .selectFrom("builds")
          .select([
            "id",
            "projectId",
            "number",
            "ref",
            "state",
            "keep",
            "waitCode",
            "endedAtMs",
            sql<number>`row_number() over (partition by project_id, ref order by number desc)`.as("place"),
          ])
          .$if(of !== null, (query) =>
            query.where("projectId", "=", of?.projectId ?? 0).where("ref", "=", of?.ref ?? ""),
          )
          .as("build"),
      )
      .select("build.id")
      .where("build.state", "in", TERMINAL_BUILD_STATES)
      .where("build.keep", "=", 0)
      .where("build.waitCode", "is", null)
      .where("build.endedAtMs", "<", tx.nowMs - YOUNG_MS)
      .where((on) =>
        on.or([on("build.place", ">", input.perRef), on("build.endedAtMs", "<", tx.nowMs - input.maxAgeMs)]),
      )
      .where((on) =>
        on.not(
          on.exists(
            on
              .selectFrom("deployments")
              .select("deployments.id")
              .whereRef("deployments.buildId", "=", "build.id")
              .where("deployments.id", "in", [0, ...kept]),
          ),
        ),
      )
      // Its image runs somewhere, whoever rolled it out.
      .where((on) =>
        on.not(
          on.exists(
            on
              .selectFrom("artifacts")
              .innerJoin("live", "live.digest", "artifacts.digest")
              .select("artifacts.id")
              .whereRef("artifacts.buildId", "=", "build.id"),
          ),
        ),
      )
      .where((on) =>
        on.not(
          on.exists(
            on
              .selectFrom("gates")
              .select("gates.id")
              .whereRef("gates.buildId", "=", "build.id")
              .where("gates.state", "=", "open"),
          ),
        ),
      )
      .where((on) =>
        on.not(
          on.exists(
            on
              .selectFrom("effects")
              .select("effects.id")
              .whereRef("effects.buildId", "=", "build.id")
              .where("effects.state", "=", "begun"),
          ),
        ),
      )
      .where((on) =>
        on.not(
          on.exists(
            on
              .selectFrom("notifications")
              .select("notifications.id")
              .whereRef("notifications.buildId", "=", "build.id")
              .where("notifications.state", "in", ["pending", "retrying"]),
          ),
        ),
      )
      .where((on) =>
        on.not(
          on.exists(
            on
              .selectFrom("forgeStatuses")
              .select("forgeStatuses.id")
              .whereRef("forgeStatuses.buildId", "=", "build.id")
              .where("forgeStatuses.state", "in", ["pending", "retrying"]),
          ),
        ),
      )
      // A restart reads the stashes of the build it repeats.
      .where((on) =>
        on.not(
          on.exists(
            on
              .selectFrom("builds as again")
              .select("again.id")
              .whereRef("again.restartOf", "=", "build.id")
              .where("again.state", "in", UNFINISHED_BUILD_STATES),
          ),
        ),
      )
      .where((on) =>
        on.or([
          on("build.state", "!=", "succeeded"),
          on.not(
            on.exists(
              on
                .selectFrom("refHeads")
                .select("refHeads.ref")
                .whereRef("refHeads.projectId", "=", "build.projectId")
                .whereRef("refHeads.ref", "=", "build.ref"),
            ),
          ),
          on.exists(
            on
              .selectFrom("builds as newer")
              .select("newer.id")
              .whereRef("newer.projectId", "=", "build.projectId")
              .whereRef("newer.ref", "=", "build.ref")
              .whereRef("newer.number", ">", "build.number")
              .where("newer.state", "=", "succeeded"),
          ),
        ]),
      )
      .orderBy("build.id")
      .limit(input.limit),
  );
  return rows.map((row) => row.id);
}
