import { z } from "zod";
import { BuildSummary } from "./builds.ts";
import { AtMs, ProjectKey, listOf } from "./common.ts";

export const ForgeType = z.enum(["github", "gitlab", "gitea", "git"]);
export type ForgeType = z.infer<typeof ForgeType>;

/** How the hook of a project does: what a person asks first when nothing builds. */
export const HookHealth = z.object({
  state: z.enum(["none", "waiting", "ok", "failing"]),
  text: z.string(),
  lastAtMs: AtMs.nullable(),
});
export type HookHealth = z.infer<typeof HookHealth>;

export const ProjectSummary = z.object({
  key: ProjectKey,
  name: z.string(),
  forge: z.string(),
  forgeType: ForgeType,
  repo: z.string(),
  webUrl: z.string().nullable(),
  defaultBranch: z.string().nullable(),
  lastBuild: BuildSummary.nullable(),
  hook: HookHealth,
});
export type ProjectSummary = z.infer<typeof ProjectSummary>;
export const Projects = listOf(ProjectSummary);

/** One rule of the project's routes as written. */
export const RouteRule = z.object({
  on: z.string(),
  match: z.string().nullable(),
  build: z.boolean(),
  deploy: z.array(z.string()),
});
export type RouteRule = z.infer<typeof RouteRule>;

/** The newest builds of one ref, newest first. */
export const RefBuilds = z.object({ ref: BuildSummary.shape.ref, builds: z.array(BuildSummary) });
export type RefBuilds = z.infer<typeof RefBuilds>;

/** A cron trigger of the default branch's file, and when it starts its next build. */
export const Schedule = z.object({
  ref: z.string(),
  spec: z.string(),
  timeZone: z.string(),
  nextAtMs: z.number(),
});
export type Schedule = z.infer<typeof Schedule>;

/** A project whose builds start a build here when they end at least this well. */
export const Upstream = z.object({ project: z.string(), threshold: z.string() });
export type Upstream = z.infer<typeof Upstream>;

export const Project = ProjectSummary.extend({
  images: z.array(z.string()),
  routes: z.array(RouteRule),
  tags: z.record(z.string(), z.string()),
  environments: z.array(z.string()),
  refs: z.array(RefBuilds),
  source: z.string().nullable(),
  schedules: z.array(Schedule),
  upstreams: z.array(Upstream),
});
export type Project = z.infer<typeof Project>;

/** Address and secret for the forge's settings page. The secret is shown this one time; the old one holds for a day. */
export const Hook = z.object({
  url: z.string(),
  secret: z.string(),
  contentType: z.literal("application/json"),
  events: z.array(z.string()),
});
export type Hook = z.infer<typeof Hook>;
