import type { EnvironmentConfig } from "../config-schema.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { Store } from "../store/store.ts";
import { hostOf, repositoryAndTag } from "../builds/translate/commands.ts";
import type { Config } from "../config.ts";
import { type DeploymentPlan, type PlannedTarget, type Wanted } from "./plan.ts";
import { type RegistryAuth, type Target, TargetError } from "./target.ts";

/** A plan, or why there cannot be one. `fault` says whose words are wrong. */
export type MadePlan =
  | { readonly ok: true; readonly plan: DeploymentPlan; readonly images: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly code: string; readonly fault: "file" | "sluice"; readonly text: string };

interface Deps {
  readonly store: Store;
  readonly config: Config;
  readonly secrets: Secrets;
  readonly targetOf: (name: string) => Target;
}

/** What is to be planned. */
export interface PlanRequest {
  readonly deploymentId: number;
  readonly environment: string;
  readonly projectKey: string;
  readonly buildId: number | null;
  readonly wanted: Wanted;
}

const LOOK_MS = 30_000;

/** Resolves images to digests once, looks at every target, and says what would change there. Sends nothing. */
export async function makePlan(deps: Deps, request: PlanRequest): Promise<MadePlan> {
  const environment = deps.config.file.environments[request.environment];
  if (environment === undefined)
    return {
      ok: false,
      code: "not_allowed",
      fault: "file",
      text: `there is no environment "${request.environment}" any more`,
    };
  const signal = AbortSignal.timeout(LOOK_MS);
  try {
    const images = await imagesOf(deps, request, environment, signal);
    if (!images.ok) return images;
    const targets: PlannedTarget[] = [];
    for (const [wave, names] of environment.waves.entries())
      for (const name of names)
        for (const [key, image] of Object.entries(images.images)) {
          const service = environment.services[key] ?? key;
          const planned = await planOne(deps, request, { name, key, service, wave, image }, signal);
          targets.push(planned);
        }
    return { ok: true, plan: { targets }, images: images.images };
  } catch (error) {
    if (error instanceof TargetError) {
      const code = error.kind === "permanent" ? "target_conflict" : "target_unreachable";
      return { ok: false, code, fault: "sluice", text: error.message };
    }
    throw error;
  }
}

async function planOne(
  deps: Deps,
  request: PlanRequest,
  at: { name: string; key: string; service: string; wave: number; image: string },
  signal: AbortSignal,
): Promise<PlannedTarget> {
  const ref = { target: at.name, service: at.service };
  const desired = { deployId: "", image: at.image, env: request.wanted.env, registryAuth: null };
  const { before, changes, noop, warnings } = await deps.targetOf(at.name).plan(ref, desired, signal);
  return {
    target: at.name,
    key: at.key,
    service: at.service,
    wave: at.wave,
    image: at.image,
    env: { ...request.wanted.env },
    noop,
    warnings: [...warnings],
    changes: changes.map((change) => ({ ...change })),
    before: { ...before, env: { ...before.env } },
  };
}

/**
 * A plan's images and settings, held against what stands at the targets now. What a person sees of it has changed where
 * its hash has. @throws {TargetError}
 */
export async function renewedPlan(
  targetOf: (name: string) => Target,
  plan: DeploymentPlan,
  signal: AbortSignal,
): Promise<DeploymentPlan> {
  const targets: PlannedTarget[] = [];
  for (const planned of plan.targets) {
    const ref = { target: planned.target, service: planned.service };
    const desired = { deployId: "", image: planned.image, env: planned.env, registryAuth: null };
    const now = await targetOf(planned.target).plan(ref, desired, signal);
    targets.push({
      ...planned,
      noop: now.noop,
      warnings: [...now.warnings],
      changes: now.changes.map((change) => ({ ...change })),
      before: { ...now.before, env: { ...now.before.env } },
    });
  }
  return { targets };
}

/** The images of a plan by the keys of their services, as rows keep them. */
export function imagesOfPlan(plan: DeploymentPlan): Record<string, string> {
  return Object.fromEntries(plan.targets.map(({ key, image }) => [key, image]));
}

type Images =
  | { readonly ok: true; readonly images: Record<string, string> }
  | { readonly ok: false; readonly code: string; readonly fault: "file" | "sluice"; readonly text: string };

/** The images by digest: those the step names, else what this build pushed, as the environment's services use it. */
async function imagesOf(
  deps: Deps,
  request: PlanRequest,
  environment: EnvironmentConfig,
  signal: AbortSignal,
): Promise<Images> {
  const pushed = request.buildId === null ? [] : await pushedBy(deps.store, request.buildId);
  const wanted = request.wanted.images;
  if (wanted === null) {
    const images: Record<string, string> = {};
    for (const key of Object.keys(environment.services)) {
      const image =
        pushed.find((candidate) => nameOf(candidate.repository) === key) ??
        (pushed.length === 1 && Object.keys(environment.services).length === 1 ? pushed[0] : undefined);
      if (image !== undefined) images[key] = `${image.repository}:${image.tag}@${image.digest}`;
    }
    if (Object.keys(images).length === 0)
      return {
        ok: false,
        code: "not_allowed",
        fault: "file",
        text: `deploy found no image: this build pushed ${pushed.length === 0 ? "none" : pushed.map((image) => image.repository).join(", ")}, and ${request.environment} has the services ${Object.keys(environment.services).join(", ") || "(none)"}. Name one: images: [web: 'repository:tag']`,
      };
    return { ok: true, images };
  }
  const images: Record<string, string> = {};
  for (const [key, image] of Object.entries(wanted)) {
    const { repository, tag } = repositoryAndTag(image);
    const own = pushed.find((candidate) => candidate.repository === repository && candidate.tag === tag);
    images[key] = image.includes("@sha256:")
      ? image
      : own !== undefined
        ? `${repository}:${tag}@${own.digest}`
        : await resolved(deps, request, environment, image, signal);
  }
  return { ok: true, images };
}

async function resolved(
  deps: Deps,
  request: PlanRequest,
  environment: EnvironmentConfig,
  image: string,
  signal: AbortSignal,
): Promise<string> {
  const target = deps.targetOf(environment.waves[0]?.[0] ?? "");
  return await target.resolveDigest(image, await registryAuth(deps, request.projectKey, image), signal);
}

/** What opens an image's registry, if the server knows. */
export async function registryAuth(
  deps: { readonly config: Config; readonly secrets: Secrets },
  projectKey: string,
  image: string,
): Promise<RegistryAuth | null> {
  const host = hostOf(image);
  const registry = Object.values(deps.config.file.registries).find((known) => known.host === host);
  if (registry?.secret === undefined) return null;
  const found = await deps.secrets.resolveSecret(projectKey, registry.secret);
  if (found?.value.type !== "usernamePassword") return null;
  return { username: found.value.username, password: found.value.password, serveraddress: host };
}

/** Last part of a repository's name: `localhost:5051/shop/web` is `web`. */
function nameOf(repository: string): string {
  return repository.split("/").at(-1) ?? repository;
}

async function pushedBy(
  store: Store,
  buildId: number,
): Promise<{ repository: string; tag: string; digest: string }[]> {
  const rows = await store.db
    .selectFrom("artifacts")
    .select(["name", "tag", "digest"])
    .where("buildId", "=", buildId)
    .where("kind", "=", "image")
    .orderBy("id", "desc")
    .execute();
  return rows.flatMap((row) =>
    row.digest === null ? [] : [{ repository: row.name, tag: row.tag ?? "latest", digest: row.digest }],
  );
}
