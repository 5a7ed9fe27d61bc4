import { z } from "zod";
import { ChangeRequest } from "../../forges/trigger-event.ts";
import { UNFINISHED_BUILD_STATES } from "../../store/states.ts";
import { indexed } from "../../store/conditions.ts";
import type { Store } from "../../store/store.ts";
import { waitsOf } from "../../waits/waits-of.ts";
import type { Build, BuildSummary, Stage, Step, TestSummary } from "../contract/builds.ts";
import type { Reason, Wait } from "../contract/common.ts";
import { notFound } from "../problem.ts";
import type { World } from "../world.ts";
import { buildPath, presentRef } from "./ref.ts";

/** The part of a recorded trigger that the page of a change request shows. */
const Recorded = z.object({ change: ChangeRequest });

/** The body of an event of kind `build.notice`: a sentence for the build's page. */
const Notice = z.object({ text: z.string() });

/** The rows of builds with their project's key, before any condition. */
export function selectBuilds(store: Store) {
  return store.db
    .selectFrom("builds")
    .innerJoin("projects", "projects.id", "builds.projectId")
    .select([
      "builds.id",
      "builds.projectId",
      "projects.key as project",
      "builds.number",
      "builds.deliveryId",
      "builds.trust",
      "builds.eventKind",
      "builds.ref",
      "builds.sha",
      "builds.title",
      "builds.author",
      "builds.actor",
      "builds.state",
      "builds.reasonCode",
      "builds.reasonFault",
      "builds.reasonText",
      "builds.waitCode",
      "builds.waitFacts",
      "builds.waitSinceMs",
      "builds.displayName",
      "builds.restartOf",
      "builds.consoleLength",
      "builds.createdAtMs",
      "builds.startedAtMs",
      "builds.endedAtMs",
    ]);
}

/** One row of `selectBuilds`. */
export type BuildRow = Awaited<ReturnType<ReturnType<typeof selectBuilds>["execute"]>>[number];

/**
 * Unfinished builds in those states, by number, up to a limit. Asked state by state: the database sorts all of them
 * otherwise, and there may be thousands.
 */
export async function unfinishedBuilds(
  store: Store,
  states: readonly (typeof UNFINISHED_BUILD_STATES)[number][],
  direction: "asc" | "desc",
  limit: number,
): Promise<BuildRow[]> {
  const found = await Promise.all(
    states.map((state) =>
      selectBuilds(store)
        .where(indexed("unfinished"))
        .where("builds.state", "=", state)
        .orderBy("builds.id", direction)
        .limit(limit)
        .execute(),
    ),
  );
  return found
    .flat()
    .toSorted((left, right) => (direction === "asc" ? left.id - right.id : right.id - left.id))
    .slice(0, limit);
}

/** Why something ended, where a row says so. */
export function presentReason(row: {
  readonly reasonCode: string | null;
  readonly reasonFault: Reason["fault"] | null;
  readonly reasonText: string | null;
}): Reason | null {
  if (row.reasonCode === null) return null;
  return { code: row.reasonCode, fault: row.reasonFault ?? "sluice", text: row.reasonText ?? row.reasonCode };
}

/** Rows of a list, with what belongs to them read at once for all. */
export async function presentBuilds(store: Store, rows: readonly BuildRow[]): Promise<BuildSummary[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const [stages, waits, live] = await Promise.all([
    topStages(store, ids),
    waitsOf(store, rows.filter(isUnfinished)),
    liveOf(store, ids),
  ]);
  return rows.map((row) => ({
    ...common(row, waits.get(row.id) ?? []),
    stages: (stages.get(row.id) ?? []).map(({ name, state, startedAtMs, endedAtMs }) => ({
      name,
      state: partState(row.state, state),
      startedAtMs,
      endedAtMs,
    })),
    liveIn: live.get(row.id) ?? [],
  }));
}

function isUnfinished(row: { readonly state: BuildRow["state"] }): boolean {
  return UNFINISHED_BUILD_STATES.some((state) => state === row.state);
}

function common(row: BuildRow, waits: readonly Wait[]): Omit<BuildSummary, "stages" | "liveIn"> {
  const name = row.author ?? "";
  return {
    id: row.id,
    project: row.project,
    number: row.number,
    displayName: row.displayName,
    state: row.state,
    reason: presentReason(row),
    trust: row.trust,
    trigger: row.eventKind,
    ref: presentRef(row.ref, row.sha),
    sha: row.sha,
    title: row.title ?? "",
    author: { name: name === "" ? (row.actor ?? "") : name, login: row.actor === "" ? null : row.actor },
    createdAtMs: row.createdAtMs,
    startedAtMs: row.startedAtMs,
    endedAtMs: row.endedAtMs,
    waits: [...waits],
    path: buildPath(row.project, row.number),
  };
}

async function topStages(store: Store, ids: readonly number[]) {
  const rows = await store.db
    .selectFrom("stages")
    .selectAll()
    .where("buildId", "in", ids)
    .where("parent", "is", null)
    .orderBy("no")
    .execute();
  return Map.groupBy(rows, (row) => row.buildId);
}

async function liveOf(store: Store, ids: readonly number[]): Promise<Map<number, string[]>> {
  const rows = await store.db
    .selectFrom("live")
    .innerJoin("deployments", "deployments.id", "live.deploymentId")
    .select(["deployments.buildId", "live.environment"])
    .distinct()
    .where("deployments.buildId", "in", ids)
    .execute();
  const found = new Map<number, string[]>();
  for (const { buildId, environment } of rows) {
    if (buildId !== null) found.set(buildId, [...(found.get(buildId) ?? []), environment]);
  }
  return found;
}

/** The page of one build. @throws {HttpProblem} 404 */
export async function presentBuild(world: World, id: number): Promise<Build> {
  const { store } = world;
  const row = await selectBuilds(store).where("builds.id", "=", id).executeTakeFirst();
  if (row === undefined) throw notFound(`build ${id}`);
  const [
    waits,
    live,
    stages,
    steps,
    gates,
    deployments,
    artifacts,
    tests,
    failure,
    frozen,
    around,
    notices,
    change,
  ] = await Promise.all([
    waitsOf(store, [row].filter(isUnfinished)),
    liveOf(store, [id]),
    store.db.selectFrom("stages").selectAll().where("buildId", "=", id).orderBy("no").execute(),
    store.db.selectFrom("steps").selectAll().where("buildId", "=", id).orderBy("stepNo").execute(),
    store.db.selectFrom("gates").select("id").where("buildId", "=", id).orderBy("id").execute(),
    store.db.selectFrom("deployments").select("id").where("buildId", "=", id).orderBy("id").execute(),
    store.db.selectFrom("artifacts").selectAll().where("buildId", "=", id).orderBy("id").execute(),
    testsOf(store, id),
    row.state === "failed" || row.state === "unstable" || row.state === "aborted"
      ? world.builds.failure(id)
      : null,
    world.builds.frozen(id),
    neighbours(store, row),
    store.db
      .selectFrom("events")
      .select(["atMs", "body"])
      .where("buildId", "=", id)
      .where("kind", "=", "build.notice")
      .orderBy("id")
      .execute(),
    changeOf(store, id),
  ]);
  const presented: Step[] = steps.map((step) => ({
    n: step.stepNo,
    stage: step.stagePath,
    name: step.name,
    label: step.label ?? step.name,
    state: partState(row.state, step.state),
    exitCode: step.exitCode,
    startedAtMs: step.startedAtMs,
    endedAtMs: step.endedAtMs,
    logBytes: step.logBytes,
    logLines: step.logLines,
    failingLine: step.failingLine,
  }));
  return {
    ...common(row, waits.get(id) ?? []),
    liveIn: live.get(id) ?? [],
    stages: stages.map((stage) => ({
      path: stage.path,
      parent: stage.parent,
      name: stage.name,
      kind: stageKind(stage.kind),
      state: partState(row.state, stage.state),
      startedAtMs: stage.startedAtMs,
      endedAtMs: stage.endedAtMs,
      steps: presented.filter((step) => step.stage === stage.path),
    })),
    steps: presented.filter((step) => step.stage === null),
    failure,
    diagnostics: [...frozen.diagnostics],
    notices: notices.map((notice) => ({
      atMs: notice.atMs,
      text: Notice.parse(JSON.parse(notice.body)).text,
    })),
    gates: gates.map((gate) => gate.id),
    deployments: deployments.map((deployment) => deployment.id),
    tests,
    artifacts: artifacts.map((artifact) => ({
      id: artifact.id,
      kind: artifact.kind,
      name:
        artifact.kind === "image" && artifact.tag !== null
          ? `${artifact.name}:${artifact.tag}`
          : artifact.name,
      digest: artifact.digest,
      sizeBytes: artifact.sizeBytes,
      path: artifact.kind === "file" ? `/api/v1/builds/${id}/artifacts/${artifact.id}` : null,
    })),
    parameters: [...frozen.parameters],
    change,
    delivery: row.deliveryId,
    restartOf: row.restartOf,
    consoleBytes: row.consoleLength,
    url: `${world.config.publicUrl}${buildPath(row.project, row.number)}`,
    ...around,
  };
}

/** The change request a build is of; a build by hand, of a branch or of an image has none. */
async function changeOf(store: Store, id: number): Promise<Build["change"]> {
  const row = await store.db.selectFrom("builds").select("event").where("id", "=", id).executeTakeFirst();
  const recorded = Recorded.safeParse(row === undefined ? null : JSON.parse(row.event));
  if (!recorded.success) return null;
  const { number, title, headRef, baseRef, fork, author, draft } = recorded.data.change;
  return { number, title, source: headRef, target: baseRef, fork, author, draft };
}

/** The state of a stage or step; of a build that waits, all that is open waits for a person. */
function partState(build: BuildRow["state"], part: Stage["state"]): Stage["state"] {
  return build === "waiting" && part === "running" ? "waiting" : part;
}

function stageKind(kind: string): Stage["kind"] {
  return kind === "parallel" || kind === "matrix" || kind === "branch" ? kind : "stage";
}

async function testsOf(store: Store, buildId: number): Promise<TestSummary | null> {
  const rows = await store.db
    .selectFrom("testResults")
    .select((eb) => [
      "state",
      eb.fn.countAll<number | string>().as("count"),
      eb.fn.sum<number | string>("durationMs").as("durationMs"),
    ])
    .where("buildId", "=", buildId)
    .groupBy("state")
    .execute();
  if (rows.length === 0) return null;
  const count = (...states: string[]): number =>
    rows.filter((row) => states.includes(row.state)).reduce((sum, row) => sum + Number(row.count), 0);
  const durationMs = rows.reduce((sum, row) => sum + Number(row.durationMs), 0);
  return {
    passed: count("passed"),
    failed: count("failed", "error"),
    skipped: count("skipped"),
    durationMs: Math.round(durationMs),
  };
}

/** The builds before and after it, the last good one of its ref, and the heads pushed since that. */
async function neighbours(
  store: Store,
  row: BuildRow,
): Promise<Pick<Build, "previous" | "next" | "lastGood" | "commits">> {
  const of = () =>
    store.db.selectFrom("builds").select(["number", "id"]).where("projectId", "=", row.projectId);
  const [previous, next, good] = await Promise.all([
    of().where("number", "<", row.number).orderBy("number", "desc").limit(1).executeTakeFirst(),
    of().where("number", ">", row.number).orderBy("number").limit(1).executeTakeFirst(),
    of()
      .where("number", "<", row.number)
      .where("ref", "=", row.ref)
      .where("state", "=", "succeeded")
      .orderBy("number", "desc")
      .limit(1)
      .executeTakeFirst(),
  ]);
  const since = await store.db
    .selectFrom("builds")
    .select(["sha", "title", "author", "createdAtMs"])
    .where("projectId", "=", row.projectId)
    .where("ref", "=", row.ref)
    .where("id", ">", good?.id ?? 0)
    .where("id", "<=", row.id)
    .where("sha", "is not", null)
    .orderBy("id", "desc")
    .limit(50)
    .execute();
  const seen = new Set<string>();
  const commits: Build["commits"] = [];
  for (const { sha, title, author, createdAtMs } of since) {
    if (sha === null || seen.has(sha)) continue;
    seen.add(sha);
    commits.push({ sha, title: title ?? "", author: author ?? "", atMs: createdAtMs });
  }
  return {
    previous: previous?.number ?? null,
    next: next?.number ?? null,
    lastGood: good?.number ?? null,
    commits,
  };
}
