import { z } from "zod";
import { SecretValue } from "../../secrets/values.ts";
import { BuildSummary } from "./builds.ts";
import { AtMs, Id, Page, ProjectKey, Wait, listOf } from "./common.ts";
import { DeploymentSummary } from "./deployments.ts";
import { GateSummary } from "./gates.ts";

export const SecretType = z.enum(["string", "usernamePassword", "file", "sshKey"]);
export type SecretType = z.infer<typeof SecretType>;

/** A secret as anyone ever sees it: never its value, never its length. */
export const Secret = z.object({
  name: z.string(),
  scope: z.union([z.literal("server"), ProjectKey]),
  type: SecretType,
  updatedAtMs: AtMs,
  updatedBy: z.string().nullable(),
  lastUsedAtMs: AtMs.nullable(),
});
export type Secret = z.infer<typeof Secret>;
export const Secrets = listOf(Secret);

/** Sets a secret; a new value is a new version. `file` content is base64. */
export const PutSecretRequest = SecretValue;
export type PutSecretRequest = z.infer<typeof PutSecretRequest>;

export const Runner = z.object({
  id: Id,
  name: z.string(),
  state: z.enum(["online", "offline", "draining", "revoked"]),
  labels: z.array(z.string()),
  places: z.int().nonnegative(),
  busy: z.int().nonnegative(),
  lastSeenAtMs: AtMs.nullable(),
  version: z.string().nullable(),
  dockerVersion: z.string().nullable(),
  message: z.string().nullable(),
});
export type Runner = z.infer<typeof Runner>;
export const Runners = listOf(Runner);

/** Invites a runner: the token joins once and is shown this one time; `command` is ready to paste. */
export const CreateRunnerRequest = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,38}$/u),
  labels: z
    .array(z.string().regex(/^[A-Za-z0-9._-]{1,60}$/u))
    .max(30)
    .default([]),
});
export type CreateRunnerRequest = z.infer<typeof CreateRunnerRequest>;
export const CreatedRunner = z.object({
  id: Id,
  name: z.string(),
  token: z.string(),
  expiresAtMs: AtMs,
  command: z.string(),
});
export type CreatedRunner = z.infer<typeof CreatedRunner>;

/** One message to people. `dead` ones wait for somebody to mend the channel and send them again. */
export const Notification = z.object({
  id: Id,
  project: ProjectKey.nullable(),
  build: z.object({ id: Id, number: z.int().positive(), path: z.string() }).nullable(),
  event: z.string(),
  channel: z.string(),
  recipients: z.array(z.string()),
  state: z.enum(["pending", "sent", "retrying", "dead"]),
  attempts: z.int().nonnegative(),
  error: z.string().nullable(),
  createdAtMs: AtMs,
  sentAtMs: AtMs.nullable(),
  nextAtMs: AtMs.nullable(),
});
export type Notification = z.infer<typeof Notification>;
export const Notifications = listOf(Notification);
export const NotificationsQuery = Page.extend({
  state: z.enum(["pending", "sent", "retrying", "dead"]).optional(),
});

/** One thing the server checked itself. */
export const Check = z.object({
  name: z.string(),
  ok: z.boolean(),
  text: z.string(),
  fix: z.string().nullable(),
});
export type Check = z.infer<typeof Check>;

/** Whether the server can work, part by part; `readyz` gives the same. */
export const Readiness = z.object({ ready: z.boolean(), checks: z.array(Check) });
export type Readiness = z.infer<typeof Readiness>;

/** What the settings page shows of the server. All of it comes from the environment and `sluice.yml`, read-only. */
export const Settings = z.object({
  version: z.string(),
  publicUrl: z.string(),
  configFile: z.string().nullable(),
  store: z.enum(["sqlite", "postgres"]),
  forges: z.array(z.object({ name: z.string(), type: z.string(), url: z.string() })),
  registries: z.array(z.object({ name: z.string(), host: z.string() })),
  channels: z.array(z.object({ name: z.string(), type: z.string() })),
  targets: z.array(z.object({ name: z.string(), type: z.string() })),
  readiness: Readiness,
});
export type Settings = z.infer<typeof Settings>;

/** The first-run list, each item checked by the server. */
export const Checklist = z.object({ items: z.array(Check) });
export type Checklist = z.infer<typeof Checklist>;

/** Everything the first page shows, in one answer. */
export const Home = z.object({
  waiting: z.array(GateSummary),
  failing: z.array(BuildSummary),
  running: z.array(BuildSummary),
  recent: z.array(BuildSummary),
  deployed: z.array(DeploymentSummary),
  deadNotifications: z.int().nonnegative(),
  checklist: z.array(Check),
  projects: z.int().nonnegative(),
});
export type Home = z.infer<typeof Home>;

/** All that runs or waits, with why and until when. */
export const Process = z.object({
  kind: z.enum(["build", "gate", "deployment"]),
  id: Id,
  project: ProjectKey.nullable(),
  title: z.string(),
  state: z.string(),
  wait: Wait.nullable(),
  sinceAtMs: AtMs,
  path: z.string(),
});
export type Process = z.infer<typeof Process>;
export const Processes = listOf(Process);
