import { z } from "zod";
import { Commit, TestSummary } from "./builds.ts";
import { AtMs, Id, ProjectKey, Reason, Wait, listOf } from "./common.ts";

export const DeploymentState = z.enum([
  "pending",
  "applying",
  "verifying",
  "succeeded",
  "failed",
  "unknown",
  "withdrawn",
  "rolling_back",
  "rolled_back",
  "rollback_failed",
]);
export type DeploymentState = z.infer<typeof DeploymentState>;

/** One image at one service or container: what runs now and what would. `from` is null for something new. */
export const ImageChange = z.object({ service: z.string(), from: z.string().nullable(), to: z.string() });
export type ImageChange = z.infer<typeof ImageChange>;

/** One setting that changes; null is absent. Values of secrets never appear here. */
export const EnvChange = z.object({
  name: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable(),
});
export type EnvChange = z.infer<typeof EnvChange>;

/** What one target would be told. */
export const TargetPlan = z.object({
  target: z.string(),
  kind: z.string(),
  wave: z.int().nonnegative(),
  images: z.array(ImageChange),
  env: z.array(EnvChange),
  replicas: z.int().nonnegative().nullable(),
  noop: z.boolean(),
  warnings: z.array(z.string()),
});
export type TargetPlan = z.infer<typeof TargetPlan>;

/** What a person approves, whole. `planHash` of the gate binds it. */
export const Plan = z.object({
  environment: z.string(),
  targets: z.array(TargetPlan),
  order: z.array(z.array(z.string())),
  liveRelease: z.int().positive().nullable(),
  liveBuild: z.object({ id: Id, number: z.int().positive() }).nullable(),
  goesBack: z.boolean(),
  commits: z.array(Commit),
  tests: TestSummary.nullable(),
});
export type Plan = z.infer<typeof Plan>;

/** One line of the journal of a target's roll-out, oldest first. */
export const JournalLine = z.object({ atMs: AtMs, kind: z.string(), text: z.string() });
export type JournalLine = z.infer<typeof JournalLine>;

/** One target of a deployment; `ready` of `wanted` units are healthy. */
export const DeploymentTarget = z.object({
  id: Id,
  target: z.string(),
  kind: z.string(),
  wave: z.int().nonnegative(),
  state: DeploymentState,
  reason: Reason.nullable(),
  ready: z.int().nonnegative().nullable(),
  wanted: z.int().nonnegative().nullable(),
  message: z.string().nullable(),
  units: z.array(
    z.object({
      id: z.string(),
      node: z.string().nullable(),
      state: z.string(),
      error: z.string().nullable(),
    }),
  ),
  startedAtMs: AtMs.nullable(),
  endedAtMs: AtMs.nullable(),
  deadlineAtMs: AtMs.nullable(),
  journal: z.array(JournalLine),
});
export type DeploymentTarget = z.infer<typeof DeploymentTarget>;

export const DeploymentSummary = z.object({
  id: Id,
  project: ProjectKey,
  environment: z.string(),
  release: z.int().positive().nullable(),
  state: DeploymentState,
  reason: Reason.nullable(),
  kind: z.enum(["deploy", "rollback"]),
  build: z
    .object({
      id: Id,
      number: z.int().positive(),
      ref: z.string(),
      sha: z.string().nullable(),
      path: z.string(),
    })
    .nullable(),
  gate: Id.nullable(),
  images: z.record(z.string(), z.string()),
  approvedBy: z.string().nullable(),
  createdAtMs: AtMs,
  startedAtMs: AtMs.nullable(),
  endedAtMs: AtMs.nullable(),
  waits: z.array(Wait),
});
export type DeploymentSummary = z.infer<typeof DeploymentSummary>;
export const Deployments = listOf(DeploymentSummary);

/** The page of one deployment. `next` says what the server does next and when it gives up. */
export const Deployment = DeploymentSummary.extend({
  plan: Plan.nullable(),
  planHash: z.string().nullable(),
  targets: z.array(DeploymentTarget),
  rollbackOf: Id.nullable(),
  next: z.string().nullable(),
  url: z.string(),
});
export type Deployment = z.infer<typeof Deployment>;

/** A person ends an `unknown` deployment: looks again, states what it saw, or rolls back. */
export const ResolveRequest = z.strictObject({
  as: z.enum(["look", "succeeded", "failed", "roll_back"]),
  reason: z.string().max(2000).optional(),
});
export type ResolveRequest = z.infer<typeof ResolveRequest>;
