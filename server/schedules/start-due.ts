import type { Logger } from "pino";
import { readSafeMode } from "../upkeep/safe-mode.ts";
import { type BranchBuildDeps, composeBranchBuild } from "./branch-build.ts";
import { fireSchedule } from "./fire.ts";
import { nextOf } from "./rows.ts";

/** What cron triggers need to start their builds. */
export interface ScheduleDeps extends BranchBuildDeps {
  readonly log: Pick<Logger, "info" | "warn" | "error">;
}

const ROUND_LIMIT = 100;

/** Starts a build for each cron trigger whose time has come; how many were started. */
export async function startDueSchedules(deps: ScheduleDeps): Promise<number> {
  const { store, log } = deps;
  const nowMs = await store.nowMs();
  const due = await store.db
    .selectFrom("schedules")
    .innerJoin("projects", "projects.id", "schedules.projectId")
    .select([
      "schedules.projectId",
      "schedules.ref",
      "schedules.pattern",
      "schedules.timeZone",
      "schedules.nextAtMs",
      "projects.key",
    ])
    .where("projects.archivedAtMs", "is", null)
    .where("schedules.nextAtMs", "<=", nowMs)
    .orderBy("schedules.nextAtMs")
    .limit(ROUND_LIMIT)
    .execute();
  if (due.length === 0 || (await readSafeMode(store)) !== null) return 0;
  let started = 0;
  for (const row of due) {
    try {
      if (await startOne(deps, row, nowMs)) started += 1;
    } catch (err) {
      log.error({ project: row.key, err }, "a timed build could not be started; it is tried again");
    }
  }
  return started;
}

interface DueRow {
  readonly projectId: number;
  readonly key: string;
  readonly ref: string;
  readonly pattern: string;
  readonly timeZone: string;
  readonly nextAtMs: number;
}

async function startOne(deps: ScheduleDeps, row: DueRow, nowMs: number): Promise<boolean> {
  const { store, log } = deps;
  const composed = await composeBranchBuild(deps, {
    projectId: row.projectId,
    ref: row.ref,
    eventKind: "cron",
    title: "Started by timer",
    by: "timer",
    // The line that was due first says which parameters.
    parameters: nextOf(row, row.nextAtMs - 1)?.parameters ?? {},
  });
  if (composed.kind === "away") {
    log.warn({ project: row.key, text: composed.text }, "a timed build waits for its repository");
    return false;
  }
  if (composed.kind === "gone") log.warn({ project: row.key, text: composed.text }, "a cron trigger ends");
  const made = await store.call(fireSchedule, {
    due: { projectId: row.projectId, ref: row.ref, pattern: row.pattern, nextAtMs: row.nextAtMs },
    nextAtMs: nextOf(row, nowMs)?.atMs ?? null,
    build: composed.kind === "build" ? composed.build : null,
  });
  return made !== null;
}
