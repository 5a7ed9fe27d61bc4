import { ProjectSettings } from "../../projects/settings.ts";
import type { HookHealth, Project, ProjectSummary } from "../contract/projects.ts";
import { notFound } from "../problem.ts";
import type { World } from "../world.ts";
import { presentBuilds, selectBuilds } from "./build.ts";

/** One row of projects, as stored. */
export type ProjectRow = Awaited<ReturnType<typeof projectRows>>[number];

/** Projects in use, by key, from the cursor on. */
export async function projectRows(world: World, after: string, limit: number) {
  return await world.store.db
    .selectFrom("projects")
    .selectAll()
    .where("archivedAtMs", "is", null)
    .where("key", ">", after)
    .orderBy("key")
    .limit(limit)
    .execute();
}

/** The row of a project. @throws {HttpProblem} 404 */
export async function projectByKey(world: World, key: string): Promise<ProjectRow> {
  const row = await world.store.db
    .selectFrom("projects")
    .selectAll()
    .where("key", "=", key)
    .where("archivedAtMs", "is", null)
    .executeTakeFirst();
  if (row === undefined) throw notFound(`project ${key}`);
  return row;
}

/** A row of the list of projects. */
export async function presentProjectRow(world: World, row: ProjectRow): Promise<ProjectSummary> {
  const last = await selectBuilds(world.store)
    .where("builds.projectId", "=", row.id)
    .orderBy("builds.id", "desc")
    .limit(1)
    .execute();
  const [[lastBuild], hook] = await Promise.all([
    presentBuilds(world.store, last),
    hookHealth(world, row.id),
  ]);
  const forge = world.config.file.forges[row.forge];
  return {
    key: row.key,
    name: row.name,
    forge: row.forge,
    forgeType: forge?.type ?? "git",
    repo: row.repo,
    webUrl:
      forge === undefined || forge.type === "git" ? null : `${forge.url.replace(/\/+$/u, "")}/${row.repo}`,
    defaultBranch: row.defaultBranch,
    lastBuild: lastBuild ?? null,
    hook,
  };
}

async function hookHealth(world: World, projectId: number): Promise<HookHealth> {
  const last = await world.store.db
    .selectFrom("deliveries")
    .select(["state", "status", "reason", "receivedAtMs"])
    .where("projectId", "=", projectId)
    .where("source", "=", "webhook")
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  if (last === undefined) return { state: "waiting", text: "waiting for the first delivery", lastAtMs: null };
  if (last.state === "rejected")
    return { state: "failing", text: last.reason ?? `answered ${last.status}`, lastAtMs: last.receivedAtMs };
  return { state: "ok", text: "the last delivery was taken", lastAtMs: last.receivedAtMs };
}

const REFS = 20;
const BUILDS_PER_REF = 10;
const LOOKED_AT = 200;

/** The page of one project. @throws {HttpProblem} 404 */
export async function presentProject(world: World, key: string): Promise<Project> {
  const row = await projectByKey(world, key);
  const settings = ProjectSettings.parse(JSON.parse(row.settings));
  const recent = await selectBuilds(world.store)
    .where("builds.projectId", "=", row.id)
    .orderBy("builds.id", "desc")
    .limit(LOOKED_AT)
    .execute();
  const builds = await presentBuilds(world.store, recent);
  const groups = Map.groupBy(builds, (build) => `${build.ref.kind} ${build.ref.name}`);
  const refs = [...groups.values()].slice(0, REFS).flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ ref: first.ref, builds: group.slice(0, BUILDS_PER_REF) }];
  });
  return {
    ...(await presentProjectRow(world, row)),
    images: settings.images,
    routes: settings.routes.map((route) => ({
      on: route.on,
      match: route.grammar ?? route.match ?? null,
      build: route.build,
      deploy: route.deploy,
    })),
    tags: settings.tags,
    environments: [...new Set(settings.routes.flatMap((route) => route.deploy))],
    refs,
    source: settings.source,
    schedules: await world.store.db
      .selectFrom("schedules")
      .select(["ref", "pattern as spec", "timeZone", "nextAtMs"])
      .where("projectId", "=", row.id)
      .orderBy("nextAtMs")
      .execute(),
    upstreams: await world.store.db
      .selectFrom("upstreamTriggers")
      .select(["upstream as project", "threshold"])
      .where("projectId", "=", row.id)
      .orderBy("upstream")
      .execute(),
  };
}
