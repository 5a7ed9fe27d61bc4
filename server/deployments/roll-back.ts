import { DamagedRecord } from "../builds/damaged.ts";
import type { Config } from "../config.ts";
import { type Actor, type Outcome, refused } from "../http/world.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { Vault } from "../secrets/vault.ts";
import type { Store } from "../store/store.ts";
import { openPlan, planRows } from "./sealed-plan.ts";
import { forgetRollBack, insertRollBack } from "./journal/insert-roll-back.ts";
import { savePlan } from "./journal/plan-rows.ts";
import { imagesOfPlan, renewedPlan } from "./make-plan.ts";
import type { DeploymentPlan } from "./plan.ts";
import { type Target, TargetError } from "./target.ts";

interface Deps {
  readonly store: Store;
  readonly vault: Vault;
  readonly config: Config;
  readonly secrets: Secrets;
  readonly targetOf: (name: string) => Target;
}

const LOOK_MS = 15_000;

/**
 * Brings an older release back: a deployment of its own with that release's images and settings. It needs no build, and
 * a gate hangs on it where the environment wants one.
 */
export async function rollBack(
  deps: Deps,
  request: {
    readonly environment: string;
    readonly release: number;
    readonly project: string | null;
    readonly reason: string | null;
  },
  by: Actor,
): Promise<Outcome<{ deployment: number; gate: number | null }>> {
  const environment = deps.config.file.environments[request.environment];
  if (environment === undefined)
    return refused(404, "not_found", `there is no environment "${request.environment}"`);
  const old = await deps.store.db
    .selectFrom("deployments")
    .innerJoin("projects", "projects.id", "deployments.projectId")
    .select(["deployments.id", "deployments.plan", "deployments.state", "projects.key", "deployments.images"])
    .where("deployments.environment", "=", request.environment)
    .where("deployments.release", "=", request.release)
    .executeTakeFirst();
  if (old === undefined || (request.project !== null && old.key !== request.project))
    return refused(404, "not_found", `${request.environment} has no release ${request.release}`);
  if (old.state !== "succeeded")
    return refused(
      409,
      "conflict",
      `release ${request.release} is ${old.state}: only one that was live can be brought back`,
    );
  let plan: DeploymentPlan;
  try {
    plan = await renewedPlan(
      deps.targetOf,
      openPlan(deps.vault, old.id, old.plan),
      AbortSignal.timeout(LOOK_MS),
    );
  } catch (error) {
    if (error instanceof TargetError) return refused(503, "target_unreachable", error.message);
    if (error instanceof DamagedRecord) return refused(409, "conflict", error.message);
    throw error;
  }
  if (plan.targets.every((target) => target.noop))
    return refused(409, "conflict", `release ${request.release} is what runs now`);
  const { id } = await deps.store.call(insertRollBack, {
    of: old.id,
    by: by.login,
    message: request.reason,
    limitMs: environment.limit,
  });
  const { approve } = environment;
  const images = imagesOfPlan(plan);
  const saved = await deps.store.call(savePlan, {
    ...planRows(deps.vault, id, plan, images),
    gate:
      environment.policy === "gate"
        ? {
            message:
              request.reason ??
              `Bring release ${request.release} of ${old.key} back to ${request.environment}?`,
            needed: 1,
            expiresMs: approve.expires,
            // In an emergency whoever asks may be the only one there.
            approvers: JSON.stringify({
              role: approve.role,
              people: approve.people,
              pusher: true,
              reason: false,
            }),
          }
        : null,
  });
  if (!saved) {
    await deps.store.call(forgetRollBack, { id, text: "its plan could not be kept" });
    return refused(409, "conflict", "the environment changed meanwhile: try again");
  }
  const row = await deps.store.db
    .selectFrom("deployments")
    .select("gateId")
    .where("id", "=", id)
    .executeTakeFirst();
  return { ok: true, value: { deployment: id, gate: row?.gateId ?? null } };
}
