import { sql } from "kysely";
import { indexed } from "../../store/conditions.ts";
import { nudgeBuild } from "../../store/outbox.ts";
import { procedure, type Steps, type Transaction } from "../../store/procedure.ts";
import { readWait } from "../../waits/cause.ts";
import { concurrencyOf, readAdmission, startedBuilds } from "./admission.ts";
import { pipelineRules } from "./pipeline-settings.ts";

/** Queued builds of one project that are looked at for the next to start. */
const LOOKED_AT = 50;
/** A nudge younger than this may still be on its way. */
const NUDGE_PATIENCE_MS = 10_000;
/** Ten thousand builds that were forgotten are looked at within half a minute. */
const UNLOOKED_AT_ONCE = 2_000;

/** A build of a project has ended: its next one looks again now, or that of another project, if none of its own may. */
export function* nudgeNext(tx: Transaction, projectId: number): Steps<void> {
  const [own] = yield* candidates(tx, projectId, 1);
  if (own === undefined) yield* nudgeAdmitted(tx, 1);
  else yield* nudgeBuild(tx, own);
}

/**
 * Nudges queued builds that may start now and whose nudge is not on its way: what a lost Redis has forgotten, and what was
 * held for a cause that has gone. Projects take turns, so that hundreds of one do not keep another waiting; how many.
 */
export const nudgeStarts = procedure(
  "builds.nudgeStarts",
  { durability: "normal" },
  function* (tx: Transaction, input: { limit: number }): Steps<number> {
    let nudged = 0;
    for (const { id, waitCode } of yield* fairStarts(tx, input.limit)) {
      // Its time has come just now, and nobody else will say so.
      if (waitCode !== "quiet_period" && (yield* isOnItsWay(tx, id))) continue;
      yield* nudgeBuild(tx, id);
      nudged += 1;
    }
    for (const id of yield* unlooked(tx, UNLOOKED_AT_ONCE)) {
      yield* nudgeBuild(tx, id);
      nudged += 1;
    }
    return nudged;
  },
);

/** Queued builds that nobody has looked at, because a lost Redis has forgotten them: each is to say what it waits for. */
function* unlooked(tx: Transaction, limit: number): Steps<number[]> {
  const rows = yield* tx.all(
    tx.db
      .selectFrom("builds")
      .select("builds.id")
      .where(indexed("unlooked"))
      .where("builds.createdAtMs", "<", tx.nowMs - NUDGE_PATIENCE_MS)
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom("outbox")
              .select("outbox.id")
              .where("outbox.queue", "=", "builds")
              .where("outbox.jobId", "=", sql<string>`'b-' || builds.id || '-e' || builds.epoch`)
              .where((on) =>
                on.or([
                  on("outbox.dispatchedAtMs", "is", null),
                  on("outbox.dispatchedAtMs", ">", tx.nowMs - NUDGE_PATIENCE_MS),
                ]),
              ),
          ),
        ),
      )
      .orderBy("builds.createdAtMs")
      .limit(limit),
  );
  return rows.map(({ id }) => id);
}

/** Places have become free: as many builds as are held for want of them look again, projects in turn; how many. */
export function* nudgeAdmitted(tx: Transaction, free: number): Steps<number> {
  const held = yield* tx.first(
    tx.db.selectFrom("builds").select("id").where("waitCode", "=", "admission").limit(1),
  );
  if (held === undefined) return 0;
  const starts = yield* fairStarts(tx, free);
  for (const { id } of starts) yield* nudgeBuild(tx, id);
  return starts.length;
}

interface Start {
  readonly id: number;
  readonly waitCode: string | null;
}

/** Builds that may start now, one of each project in turn, the project with the fewest at work first. */
function* fairStarts(tx: Transaction, limit: number): Steps<Start[]> {
  const { waiting, most } = yield* readAdmission(tx, 0);
  const room = Math.min(limit, most - waiting);
  if (room <= 0) return [];
  const projects = yield* waitingProjects(tx);
  const queues: number[][] = [];
  for (const { id } of projects) {
    const own = yield* candidates(tx, id, room);
    if (own.length > 0) queues.push(own);
  }
  const ids = inTurn(queues).slice(0, room);
  if (ids.length === 0) return [];
  const rows = yield* tx.all(tx.db.selectFrom("builds").select(["id", "waitCode"]).where("id", "in", ids));
  const codes = new Map(rows.map(({ id, waitCode }) => [id, waitCode]));
  return ids.map((id) => ({ id, waitCode: codes.get(id) ?? null }));
}

/** The heads of all queues, then their seconds, and so on. */
export function inTurn<T>(queues: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...queues.map(({ length }) => length));
  const taken: T[] = [];
  for (let at = 0; at < longest; at += 1) for (const queue of queues) taken.push(...queue.slice(at, at + 1));
  return taken;
}

/** Projects that have queued builds, by how many are at work; each is found by its index, not by reading the queue. */
function* waitingProjects(tx: Transaction): Steps<{ id: number }[]> {
  const rows = yield* tx.all(
    tx.db
      .selectFrom("projects")
      .select([
        "projects.id",
        sql<number | null>`(select min(builds.id) from builds
          where builds.project_id = projects.id and builds.state = 'queued')`.as("oldest"),
        sql<number>`(select count(*) from builds
          where builds.project_id = projects.id and builds.state = 'running')`.as("running"),
      ])
      .where("projects.frozenReason", "is", null),
  );
  return rows
    .flatMap(({ id, oldest, running }) =>
      oldest === null ? [] : [{ id, oldest: Number(oldest), running: Number(running) }],
    )
    .toSorted((a, b) => a.running - b.running || a.oldest - b.oldest);
}

/** The oldest queued builds of a project that neither its limit nor their files' rules hold back, in order. */
function* candidates(tx: Transaction, projectId: number, limit: number): Steps<number[]> {
  const queued = yield* oldestQueued(tx, projectId);
  if (queued.length === 0) return [];
  const project = yield* tx.first(
    tx.db.selectFrom("projects").select(["settings", "frozenReason"]).where("id", "=", projectId),
  );
  if (project === undefined || project.frozenReason !== null) return [];
  const started = yield* startedBuilds(tx, projectId);
  const begun = new Set(started.map(({ id }) => id));
  const running = started.filter(({ state }) => state !== "waiting").length;
  const room = Math.min(limit, concurrencyOf(project.settings) - running);
  if (room <= 0) return [];
  const found: number[] = [];
  const takenRefs = new Map<string, boolean>();
  for (const build of queued) {
    if (found.length === room) break;
    if (begun.has(build.id)) continue;
    const cause = readWait(build);
    if (cause?.cause === "forge" && cause.asked !== "files") continue;
    // Made later than now: before the clock stepped back.
    const isQuiet = cause?.cause === "quiet_period" && build.createdAtMs <= tx.nowMs;
    if (isQuiet && cause.untilAtMs > tx.nowMs) continue;
    const taken = takenRefs.get(build.ref) ?? (yield* isRefTaken(tx, projectId, build.ref, build.id));
    const rules = yield* pipelineRules(tx, projectId, build.ref);
    takenRefs.set(build.ref, taken || rules.oneAtATime !== null);
    if (!taken) found.push(build.id);
  }
  return found;
}

function* oldestQueued(tx: Transaction, projectId: number) {
  return yield* tx.all(
    tx.db
      .selectFrom("builds")
      .select(["id", "ref", "createdAtMs", "waitCode", "waitFacts"])
      .where("projectId", "=", projectId)
      .where(sql<boolean>`builds.state = 'queued'`)
      .where((eb) => eb.or([eb("trust", "=", "trusted"), eb("approvedBy", "is not", null)]))
      .orderBy("id")
      .limit(LOOKED_AT),
  );
}

/** Whether the file of a ref allows one build at a time and another one is at work. */
function* isRefTaken(tx: Transaction, projectId: number, ref: string, apart: number): Steps<boolean> {
  const { oneAtATime } = yield* pipelineRules(tx, projectId, ref);
  if (oneAtATime === null || oneAtATime.abortPrevious) return false;
  const other = yield* tx.first(
    tx.db
      .selectFrom("builds")
      .select("id")
      .where("projectId", "=", projectId)
      .where("ref", "=", ref)
      .where("id", "!=", apart)
      .where("state", "in", ["running", "waiting"])
      .limit(1),
  );
  return other !== undefined;
}

function* isOnItsWay(tx: Transaction, buildId: number): Steps<boolean> {
  const sent = yield* tx.first(
    tx.db
      .selectFrom("builds")
      .innerJoin("outbox", (join) =>
        join
          .on("outbox.queue", "=", "builds")
          .on("outbox.jobId", "=", sql<string>`'b-' || builds.id || '-e' || builds.epoch`),
      )
      .select("outbox.dispatchedAtMs")
      .where("builds.id", "=", buildId),
  );
  if (sent === undefined) return false;
  if (sent.dispatchedAtMs === null) return true;
  // One sent in what is the future now was sent before the clock stepped back.
  return sent.dispatchedAtMs > tx.nowMs - NUDGE_PATIENCE_MS && sent.dispatchedAtMs <= tx.nowMs;
}
