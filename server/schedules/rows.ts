import { readCron } from "../../pipelines/triggers/cron.ts";
import { drawsOf } from "../../pipelines/triggers/job-hash.ts";
import { nextTime, type NextTime } from "../../pipelines/triggers/next-time.ts";
import type { Steps, Transaction } from "../store/procedure.ts";

/** What the file of a project's default branch says about builds that nobody pushes for. */
export interface TriggerRows {
  readonly ref: string;
  readonly jobName: string;
  /** Zone of cron texts that name none. */
  readonly timeZone: string;
  readonly crons: readonly string[];
  readonly upstreams: readonly { readonly project: string; readonly threshold: string }[];
}

/** The next time a schedule fires that is kept for a project's branch; null when it never does or cannot be read. */
export function nextOf(
  schedule: {
    readonly key: string;
    readonly ref: string;
    readonly pattern: string;
    readonly timeZone: string;
  },
  afterMs: number,
): NextTime | null {
  return nextFor(schedule, jobNameOf(schedule.key, schedule.ref.replace(/^refs\/heads\//, "")), afterMs);
}

/** How Jenkins would call the job of a branch; what `H` stands for hangs on it. */
function jobNameOf(projectKey: string, branch: string): string {
  return `${projectKey}/${encodeURIComponent(branch)}`;
}

/** The next time a cron text fires for a job; null when it never does or cannot be read. */
function nextFor(
  schedule: { readonly pattern: string; readonly timeZone: string },
  jobName: string,
  afterMs: number,
): NextTime | null {
  const reading = readCron(schedule.pattern, drawsOf(jobName));
  return reading.ok ? nextTime(reading.table, afterMs, schedule.timeZone) : null;
}

/** Keeps a project's triggers as its file has them now; a cron text that was there before keeps its time. */
export function* writeTriggers(tx: Transaction, projectId: number, triggers: TriggerRows): Steps<void> {
  const { ref, jobName, timeZone } = triggers;
  const kept = yield* tx.all(
    tx.db.selectFrom("schedules").select(["ref", "pattern", "timeZone"]).where("projectId", "=", projectId),
  );
  const patterns = new Set(triggers.crons.filter((pattern) => pattern.trim() !== ""));
  for (const row of kept) {
    if (row.ref === ref && row.timeZone === timeZone && patterns.delete(row.pattern)) continue;
    yield* tx.run(
      tx.db
        .deleteFrom("schedules")
        .where("projectId", "=", projectId)
        .where("ref", "=", row.ref)
        .where("pattern", "=", row.pattern),
    );
  }
  for (const pattern of patterns) {
    const next = nextFor({ pattern, timeZone }, jobName, tx.nowMs);
    if (next === null) continue;
    yield* tx.run(
      tx.db.insertInto("schedules").values({ projectId, ref, pattern, timeZone, nextAtMs: next.atMs }),
    );
  }
  yield* writeUpstreams(tx, projectId, triggers);
}

function* writeUpstreams(tx: Transaction, projectId: number, triggers: TriggerRows): Steps<void> {
  const wanted = new Map(triggers.upstreams.map((one) => [one.project, one.threshold]));
  const kept = yield* tx.all(
    tx.db.selectFrom("upstreamTriggers").select("upstream").where("projectId", "=", projectId),
  );
  for (const { upstream } of kept)
    if (!wanted.has(upstream))
      yield* tx.run(
        tx.db
          .deleteFrom("upstreamTriggers")
          .where("projectId", "=", projectId)
          .where("upstream", "=", upstream),
      );
  for (const [upstream, threshold] of wanted) {
    const values = { ref: triggers.ref, threshold };
    yield* tx.run(
      tx.db
        .insertInto("upstreamTriggers")
        // What ended before the trigger was written starts nothing.
        .values({ projectId, upstream, ...values, seenAtMs: tx.nowMs, seenBuildId: 0 })
        .onConflict((conflict) => conflict.columns(["projectId", "upstream"]).doUpdateSet(values)),
    );
  }
}
