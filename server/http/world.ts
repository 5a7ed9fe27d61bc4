import type { RequestHandler } from "express";
import type { Explained } from "../builds/explain.ts";
import type { Config } from "../config.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { Vault } from "../secrets/vault.ts";
import type { Store } from "../store/store.ts";
import type { BuildDiagnostic, Failure, Parameter } from "./contract/builds.ts";
import type { Plan } from "./contract/deployments.ts";
import type { LiveService } from "./contract/environments.ts";
import type { DecisionRequest } from "./contract/gates.ts";
import type { Role } from "./contract/people.ts";
import type { Check } from "./contract/system.ts";

/** Who acts, as other rooms need to know: for rules, rows and the audit chain. */
export interface Actor {
  readonly userId: number;
  readonly login: string;
  readonly role: Role;
  readonly by: "session" | "token";
}

/** What a room says of a request: done, or refused with words for the person who asked. */
export type Outcome<Value> = { readonly ok: true; readonly value: Value } | Refusal;

/** Why an action was refused. `status` and `code` go into the problem document. */
export interface Refusal {
  readonly ok: false;
  readonly status: 400 | 403 | 404 | 409 | 422 | 503;
  readonly code: string;
  readonly text: string;
}

/** Makes a refusal. */
export function refused(status: Refusal["status"], code: string, text: string): Refusal {
  return { ok: false, status, code, text };
}

/** Starting, stopping and reading of builds. */
export interface WorldBuilds {
  /** `ref` null: the default branch. */
  start(
    request: {
      projectId: number;
      ref: string | null;
      parameters: Readonly<Record<string, string | number | boolean>>;
    },
    by: Actor,
  ): Promise<Outcome<{ id: number; number: number }>>;
  abort(buildId: number, level: 1 | 2, by: Actor): Promise<Outcome<null>>;
  restart(buildId: number, stage: string | null, by: Actor): Promise<Outcome<{ id: number; number: number }>>;
  /** Sentences about why the build stands where it stands, the most important first. */
  explain(buildId: number): Promise<Explained>;
  /** The console text as Jenkins prints it. */
  console(buildId: number): AsyncIterable<Uint8Array>;
  /** Where a failed build broke; null while it has not, or where nothing is known. */
  failure(buildId: number): Promise<Failure | null>;
  /** What was frozen at the first load; both empty before it. */
  frozen(
    buildId: number,
  ): Promise<{ parameters: readonly Parameter[]; diagnostics: readonly BuildDiagnostic[] }>;
}

/** Logs of steps as bytes. */
export interface WorldLogs {
  read(
    buildId: number,
    stepNo: number,
    from: number,
    limit: number,
  ): Promise<{ bytes: Uint8Array; length: number }>;
  length(buildId: number, stepNo: number): Promise<number>;
  onAppended(listener: (said: { buildId: number; stepNo: number; sizeBytes: number }) => void): () => void;
}

/** Gates: who may decide, and the deciding. */
export interface WorldGates {
  /** Whether the actor may decide this gate now; else why not, in words, and who may. */
  mayDecide(
    gateId: number,
    by: Actor,
  ): Promise<{ may: boolean; whyNot: string | null; approvers: readonly string[]; reasonRequired: boolean }>;
  /**
   * Decides. `plan_stale` (409) when the plan has changed, `already_decided` (409) when somebody else was first,
   * `forbidden` (403); the same person repeating the same choice is done again.
   */
  decide(gateId: number, request: DecisionRequest, by: Actor): Promise<Outcome<null>>;
}

/** Deployments: sealed plans and the actions of people. */
export interface WorldDeployments {
  plan(deploymentId: number): Promise<Plan | null>;
  /** What the targets of an environment run, as last read; `readAtMs` null when never. */
  running(environment: string): Promise<{ services: readonly LiveService[]; readAtMs: number | null }>;
  rollBack(
    request: { environment: string; release: number; project: string | null; reason: string | null },
    by: Actor,
  ): Promise<Outcome<{ deployment: number; gate: number | null }>>;
  resolve(
    deploymentId: number,
    request: { as: "look" | "succeeded" | "failed" | "roll_back"; reason: string | null },
    by: Actor,
  ): Promise<Outcome<null>>;
}

/** What the routes ask of the other rooms. Lists and details they read themselves. */
export interface World {
  readonly config: Config;
  readonly version: string;
  readonly store: Store;
  readonly vault: Vault;
  readonly secrets: Secrets;
  readonly clock: { nowMs(): number };
  readonly builds: WorldBuilds;
  readonly logs: WorldLogs;
  readonly gates: WorldGates;
  readonly deployments: WorldDeployments;
  /** Sends a dead or retrying message again; false when there is none such. */
  resendNotification(id: number, by: Actor): Promise<boolean>;
  /** An archived file of a build on disk, or null. */
  artifactFile(artifactId: number): Promise<{ path: string; name: string } | null>;
  /** The runner link, mounted at `/runner/v1` behind nothing of ours: it checks its callers itself. Null: no runner may join. */
  readonly runnerLink: RequestHandler | null;
  /** Part by part: database, Redis, Docker, disk. */
  readiness(): Promise<readonly Check[]>;
  /** The first-run list. */
  checklist(): Promise<readonly Check[]>;
  /** Prometheus text of the other rooms; ours is added. */
  metrics(): Promise<string>;
  /** Folder of the built page; null: not built, and the page says so. */
  readonly webFolder: string | null;
  readonly log: {
    error(fields: Readonly<Record<string, unknown>>, text: string): void;
    warn(fields: Readonly<Record<string, unknown>>, text: string): void;
    info(fields: Readonly<Record<string, unknown>>, text: string): void;
  };
}
