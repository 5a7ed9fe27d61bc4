import { createHash } from "node:crypto";
import { z } from "zod";

/** One service at one target, as a deployment wants it. */
export const PlannedTarget = z.object({
  /** Name of the target in the configuration. */
  target: z.string(),
  /** Key of the service in the environment, as `images` names it. */
  key: z.string(),
  /** Name of the service at the target. */
  service: z.string(),
  wave: z.int().nonnegative(),
  /** By digest. */
  image: z.string(),
  env: z.record(z.string(), z.string().nullable()),
  noop: z.boolean(),
  warnings: z.array(z.string()),
  changes: z.array(z.object({ what: z.string(), from: z.string().nullable(), to: z.string().nullable() })),
  /** What stood there when the plan was made. */
  before: z.object({
    image: z.string(),
    replicas: z.number().nullable(),
    specHash: z.string(),
    marker: z.string().nullable(),
    cas: z.string(),
    env: z.record(z.string(), z.string()),
    busy: z.string().nullable(),
    snapshot: z.string(),
  }),
});
export type PlannedTarget = z.infer<typeof PlannedTarget>;

/** The whole plan of a deployment; approving binds it. */
export const DeploymentPlan = z.object({ targets: z.array(PlannedTarget) });
export type DeploymentPlan = z.infer<typeof DeploymentPlan>;

/** What a deploy step asked for. */
export const Wanted = z.object({
  images: z.record(z.string(), z.string()).nullable(),
  env: z.record(z.string(), z.string()),
  optional: z.boolean(),
});
export type Wanted = z.infer<typeof Wanted>;

/** Changes when anything a person saw has changed: what would be sent, or what stands at the target. */
export function hashOfPlan(plan: DeploymentPlan): string {
  const seen = plan.targets.map(({ target, key, service, wave, image, env, before }) => ({
    target,
    key,
    service,
    wave,
    image,
    env,
    specHash: before.specHash,
  }));
  return createHash("sha256").update(JSON.stringify(seen)).digest("hex").slice(0, 32);
}

/** Name of a target row: one service at one target. */
export function rowName(planned: Pick<PlannedTarget, "target" | "key">): string {
  return `${planned.target}/${planned.key}`;
}
