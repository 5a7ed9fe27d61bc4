import { auditNow } from "../../audit/append.ts";
import { renewHook } from "../../projects/hook.ts";
import { api } from "../contract.ts";
import type { BuildsQuery } from "../contract/builds.ts";
import { BuildState } from "../contract/builds.ts";
import { presentBuild, presentBuilds, selectBuilds } from "../present/build.ts";
import { presentProject, presentProjectRow, projectByKey, projectRows } from "../present/project.ts";
import { buildPath } from "../present/ref.ts";
import { cursorId, pageOf } from "../page.ts";
import { notFound, valueOf } from "../problem.ts";
import { route } from "../route.ts";
import type { World } from "../world.ts";
import { actorRow } from "./people.ts";

/** Projects and the lists of their builds. */
export function projectRoutes(world: World) {
  const { store } = world;
  return {
    projects: route(api.projects, async (context) => {
      const { limit, after } = context.query;
      const rows = await projectRows(world, after ?? "", limit + 1);
      const shown = rows.slice(0, limit);
      const items = await Promise.all(shown.map(async (row) => await presentProjectRow(world, row)));
      return { items, next: rows.length > limit ? (shown.at(-1)?.key ?? null) : null };
    }),

    project: route(api.project, async (context) => await presentProject(world, context.param("key"))),

    projectBuilds: route(api.projectBuilds, async (context) => {
      const project = await projectByKey(world, context.param("key"));
      return await listBuilds(world, context.query, project.id);
    }),

    projectBuild: route(api.projectBuild, async (context) => {
      const key = context.param("key");
      const number = context.id("number");
      const project = await projectByKey(world, key);
      const row = await store.db
        .selectFrom("builds")
        .select("id")
        .where("projectId", "=", project.id)
        .where("number", "=", number)
        .executeTakeFirst();
      if (row === undefined) throw notFound(`build #${number} in ${key}`);
      return await presentBuild(world, row.id);
    }),

    startBuild: route(api.startBuild, async (context) => {
      const project = await projectByKey(world, context.param("key"));
      const { ref, parameters } = context.body;
      const started = valueOf(
        await world.builds.start({ projectId: project.id, ref: ref ?? null, parameters }, context.actor()),
      );
      return { ...started, url: `${world.config.publicUrl}${buildPath(project.key, started.number)}` };
    }),

    renewHook: route(api.renewHook, async (context) => {
      const key = context.param("key");
      const hook = await renewHook(world, key);
      if (hook === undefined) throw notFound(`project ${key}`);
      await store.call(auditNow, {
        ...actorRow(context),
        action: "hook.renew",
        object: `project ${key}`,
        outcome: "done",
      });
      return {
        url: `${world.config.publicUrl}/webhooks/${hook.hook}`,
        secret: hook.secret,
        contentType: "application/json" as const,
        events: EVENTS[world.config.file.forges[(await projectByKey(world, key)).forge]?.type ?? "git"],
      };
    }),

    builds: route(api.builds, async (context) => {
      const { project } = context.query;
      const row = project === undefined ? null : await projectByKey(world, project);
      return await listBuilds(world, context.query, row?.id ?? null);
    }),
  };
}

/** What to tick at the forge. */
const EVENTS = {
  github: ["push", "pull_request"],
  gitlab: ["push_events", "tag_push_events", "merge_requests_events"],
  gitea: ["push", "pull_request", "delete"],
  git: ["post-receive"],
};

async function listBuilds(world: World, query: Omit<BuildsQuery, "project">, projectId: number | null) {
  let rows = selectBuilds(world.store).where("builds.id", "<", cursorId(query.after));
  if (projectId !== null) rows = rows.where("builds.projectId", "=", projectId);
  if (query.ref !== undefined) {
    const name = query.ref;
    rows = rows.where("builds.ref", "in", [
      name,
      `refs/heads/${name}`,
      `refs/tags/${name}`,
      `refs/pull/${name}/head`,
      `refs/merge-requests/${name}/head`,
    ]);
  }
  if (query.state !== undefined) {
    const states = query.state.split(",").flatMap((state) => BuildState.safeParse(state).data ?? []);
    rows = rows.where("builds.state", "in", states.length === 0 ? ["queued"] : states);
    if (states.length === 0) return { items: [], next: null };
  }
  if (query.author !== undefined) {
    const { author } = query;
    rows = rows.where((eb) => eb.or([eb("builds.author", "=", author), eb("builds.actor", "=", author)]));
  }
  // Numbers of a project rise with its ids and have an index of their own, so that a page is all that is read.
  const found = await rows
    .orderBy(projectId !== null && query.ref === undefined ? "builds.number" : "builds.id", "desc")
    .limit(query.limit + 1)
    .execute();
  const page = pageOf(found, query.limit);
  return { items: await presentBuilds(world.store, page.rows), next: page.next };
}
