/**
 * The closed sets of words that columns named `state`, `kind` and the like may hold. Migrations write the same
 * words into CHECK constraints (literally, because a migration never changes); a test compares the two.
 */
export const EFFECT_STATES = ["begun", "ended", "closed"] as const;
export const BUILD_STATES = [
  "queued",
  "running",
  "waiting",
  "succeeded",
  "unstable",
  "failed",
  "aborted",
  "not_built",
] as const;
export const TERMINAL_BUILD_STATES = ["succeeded", "unstable", "failed", "aborted", "not_built"] as const;
export const UNFINISHED_BUILD_STATES = ["queued", "running", "waiting"] as const;
/** Whose fault a result is; never merged, down to the page. */
export const FAULTS = ["command", "file", "sluice", "person"] as const;
export const TRUSTS = ["unknown", "trusted", "untrusted"] as const;
export const EVENT_KINDS = [
  "push",
  "tag",
  "change",
  "registry",
  "manual",
  "cron",
  "upstream",
  "api",
  "restart",
] as const;
/** States of stages and steps as the page shows them. */
export const PART_STATES = [
  "queued",
  "running",
  "waiting",
  "succeeded",
  "unstable",
  "failed",
  "aborted",
  "not_built",
  "skipped",
] as const;
export const SESSION_STATES = ["queued", "assigned", "ready", "parked", "closed", "lost"] as const;
export const RUNNER_STATES = ["online", "offline", "draining", "revoked"] as const;
export const GATE_KINDS = ["input", "deploy"] as const;
export const GATE_STATES = ["open", "approved", "rejected", "expired", "withdrawn"] as const;
export const VERDICTS = ["approve", "reject"] as const;
export const DEPLOYMENT_KINDS = ["deploy", "rollback"] as const;
export const DEPLOYMENT_STATES = [
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
] as const;
export const NOTIFICATION_STATES = ["pending", "sent", "retrying", "dead"] as const;
export const DELIVERY_STATES = ["received", "processed", "ignored", "rejected"] as const;
export const DELIVERY_SOURCES = ["webhook", "sweep", "replay", "registry"] as const;
export const SECRET_SCOPES = ["server", "project", "environment"] as const;
export const SECRET_TYPES = ["string", "usernamePassword", "file", "sshKey"] as const;
export const ROLES = ["viewer", "developer", "deployer", "maintainer", "admin"] as const;
export const ARTIFACT_KINDS = ["image", "file"] as const;
export const TEST_STATES = ["passed", "failed", "error", "skipped"] as const;
export const WAIT_STATES = ["waiting", "held", "done"] as const;
export const QUEUE_NAMES = ["builds", "deployments", "notifications", "upkeep"] as const;

export type EffectState = (typeof EFFECT_STATES)[number];
export type BuildState = (typeof BUILD_STATES)[number];
export type TerminalBuildState = (typeof TERMINAL_BUILD_STATES)[number];
export type Fault = (typeof FAULTS)[number];
export type Trust = (typeof TRUSTS)[number];
export type EventKind = (typeof EVENT_KINDS)[number];
export type PartState = (typeof PART_STATES)[number];
export type SessionState = (typeof SESSION_STATES)[number];
export type RunnerState = (typeof RUNNER_STATES)[number];
export type GateKind = (typeof GATE_KINDS)[number];
export type GateState = (typeof GATE_STATES)[number];
export type Verdict = (typeof VERDICTS)[number];
export type DeploymentKind = (typeof DEPLOYMENT_KINDS)[number];
export type DeploymentState = (typeof DEPLOYMENT_STATES)[number];
export type NotificationState = (typeof NOTIFICATION_STATES)[number];
export type DeliveryState = (typeof DELIVERY_STATES)[number];
export type DeliverySource = (typeof DELIVERY_SOURCES)[number];
export type SecretScope = (typeof SECRET_SCOPES)[number];
export type SecretType = (typeof SECRET_TYPES)[number];
export type Role = (typeof ROLES)[number];
export type ArtifactKind = (typeof ARTIFACT_KINDS)[number];
export type TestState = (typeof TEST_STATES)[number];
export type WaitState = (typeof WAIT_STATES)[number];
export type QueueName = (typeof QUEUE_NAMES)[number];
