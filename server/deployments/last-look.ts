import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { EnvironmentConfig } from "../config-schema.ts";
import type { Vault } from "../secrets/vault.ts";
import type { Store } from "../store/store.ts";
import { imagesOfPlan, renewedPlan } from "./make-plan.ts";
import { replacePlan } from "./journal/replace-plan.ts";
import type { DeploymentPlan } from "./plan.ts";
import type { Held } from "./roll-out.ts";
import { openPlan, planRows } from "./sealed-plan.ts";
import { type Target, TargetError } from "./target.ts";

interface Deps {
  readonly store: Store;
  readonly vault: Vault;
  readonly targetOf: (name: string) => Target;
  readonly log: Logger;
}

const LOOK_MS = 10_000;
const AGAIN_MS = 1_000;

/**
 * Looks at the targets once more before the first write. Between approval and turn another deployment may have gone
 * live, or a person may have changed something by hand: an approval is bound to what was shown, so it does not stand
 * then. Source of the rule: a plan that has changed is approved anew, docs/decisions/0012.
 */
export function createLastLook({ store, vault, targetOf, log }: Deps) {
  /** Whether the deployment goes on. Else it was withdrawn, is asked about, or somebody else has the environment. */
  return async function lastLook(
    row: { readonly id: number; readonly plan: Uint8Array },
    held: Held,
    environment: EnvironmentConfig | undefined,
  ): Promise<boolean> {
    if (environment?.policy === "outside" || !(await isUntouched(row.id))) return true;
    const plan = openPlan(vault, row.id, row.plan);
    const now = await renewed(row.id, plan, held);
    if (held.signal.aborted) return false;
    // A target that nobody can look at is the roll-out's trouble: it says so, and sends nothing blindly.
    if (now === null) return true;
    const changed = changedServices(plan, now);
    if (changed.length === 0) return true;
    const { kind } = await store.call(replacePlan, {
      ...planRows(vault, row.id, now, imagesOfPlan(now)),
      environment: held.environment,
      fence: held.fence,
      expiresMs: environment?.approve.expires ?? 0,
      supersede: environment?.supersede ?? true,
      changed: changed.join(", "),
    });
    log.info({ deployment: row.id, changed, kind }, "what stands at a target has changed since the plan");
    return kind === "replaced";
  };

  /** Whether nothing can have been sent: each write is announced in its row before. */
  async function isUntouched(deploymentId: number): Promise<boolean> {
    const begun = await store.db
      .selectFrom("deploymentTargets")
      .innerJoin("deployments", "deployments.id", "deploymentTargets.deploymentId")
      .select("deploymentTargets.id")
      .where("deployments.id", "=", deploymentId)
      .where((eb) =>
        eb.or([eb("deploymentTargets.state", "!=", "pending"), eb("deployments.state", "!=", "applying")]),
      )
      .executeTakeFirst();
    return begun === undefined;
  }

  /** Null: not to be had within the deployment's limit, or for a reason that lasts. */
  async function renewed(id: number, plan: DeploymentPlan, held: Held): Promise<DeploymentPlan | null> {
    for (;;) {
      try {
        return await renewedPlan(
          targetOf,
          plan,
          AbortSignal.any([held.signal, AbortSignal.timeout(LOOK_MS)]),
        );
      } catch (error) {
        if (!(error instanceof TargetError)) throw error;
        if (error.kind === "permanent" || held.signal.aborted) return null;
        if ((await store.nowMs()) + AGAIN_MS >= held.dueAtMs) return null;
        log.warn({ deployment: id, err: error }, "a target cannot be looked at; it is tried again");
        await pause(AGAIN_MS, undefined, { signal: held.signal }).catch(() => {});
      }
    }
  }
}

function changedServices(before: DeploymentPlan, now: DeploymentPlan): string[] {
  return now.targets
    .filter((planned, at) => planned.before.specHash !== before.targets[at]?.before.specHash)
    .map(({ service }) => service);
}
