import { z } from "zod";
import { AtMs, Page, ProjectKey, Wait, listOf } from "./common.ts";
import { DeploymentSummary } from "./deployments.ts";

/** What a target reports about one service, as last read. */
export const LiveService = z.object({
  target: z.string(),
  service: z.string(),
  image: z.string().nullable(),
  ready: z.int().nonnegative().nullable(),
  wanted: z.int().nonnegative().nullable(),
  error: z.string().nullable(),
});
export type LiveService = z.infer<typeof LiveService>;

export const EnvironmentTarget = z.object({
  name: z.string(),
  kind: z.string(),
  wave: z.int().nonnegative(),
});
export type EnvironmentTarget = z.infer<typeof EnvironmentTarget>;

/** One release that reached an environment; `images` are by digest. */
export const Release = z.object({
  release: z.int().positive(),
  deployment: z.int().positive(),
  project: ProjectKey,
  images: z.record(z.string(), z.string()),
  build: z
    .object({ id: z.int().positive(), number: z.int().positive(), ref: z.string(), path: z.string() })
    .nullable(),
  by: z.string().nullable(),
  atMs: AtMs,
});
export type Release = z.infer<typeof Release>;

export const EnvironmentSummary = z.object({
  name: z.string(),
  policy: z.enum(["auto", "gate", "outside"]),
  projects: z.array(ProjectKey),
  live: z.array(Release),
  current: DeploymentSummary.nullable(),
  waiting: z.int().nonnegative(),
  frozenUntilAtMs: AtMs.nullable(),
});
export type EnvironmentSummary = z.infer<typeof EnvironmentSummary>;
export const Environments = listOf(EnvironmentSummary);

/** The page of one environment: rules, what runs as read from the targets, and history, newest first. */
export const Environment = EnvironmentSummary.extend({
  targets: z.array(EnvironmentTarget),
  services: z.record(z.string(), z.string()),
  approve: z.object({
    role: z.string(),
    needed: z.int().positive(),
    pusher: z.boolean(),
    expiresMs: z.int().positive(),
  }),
  refs: z.array(z.string()),
  soakMs: z.int().nonnegative(),
  limitMs: z.int().positive(),
  onFailure: z.enum(["rollback", "pause", "leave"]),
  running: z.array(LiveService),
  readAtMs: AtMs.nullable(),
  queue: z.array(Wait),
  history: z.array(DeploymentSummary),
  source: z.string().nullable(),
  mayRollBack: z.boolean(),
});
export type Environment = z.infer<typeof Environment>;

export const EnvironmentsQuery = Page.extend({ project: z.string().optional() });

/** Rolls back to an earlier release: a deployment of its own, with that release's images and settings. */
export const RollBackRequest = z.strictObject({
  release: z.int().positive(),
  project: ProjectKey.optional(),
  reason: z.string().max(2000).optional(),
});
export type RollBackRequest = z.infer<typeof RollBackRequest>;

/** The deployment made by a roll-back, and its gate where the environment wants one. */
export const RollBackAnswer = z.object({
  deployment: z.int().positive(),
  gate: z.int().positive().nullable(),
});
export type RollBackAnswer = z.infer<typeof RollBackAnswer>;
