import { readOr } from "../builds/damaged.ts";
import type { Vault } from "../secrets/vault.ts";
import type { TargetRow } from "./journal/plan-rows.ts";
import { DeploymentPlan, hashOfPlan, rowName } from "./plan.ts";

/** A plan as its rows; each part sealed for its place. */
export function planRows(
  vault: Pick<Vault, "seal">,
  deploymentId: number,
  plan: DeploymentPlan,
  images: Readonly<Record<string, string>>,
): { deploymentId: number; plan: Uint8Array; planHash: string; images: string; targets: TargetRow[] } {
  return {
    deploymentId,
    plan: vault.seal(JSON.stringify(plan), `plan|${deploymentId}`),
    planHash: hashOfPlan(plan),
    images: JSON.stringify(images),
    targets: plan.targets.map((planned) => ({
      target: rowName(planned),
      wave: planned.wave,
      plan: vault.seal(JSON.stringify(planned), `target|${deploymentId}|${rowName(planned)}`),
      before: vault.seal(JSON.stringify(planned.before), `before|${deploymentId}|${rowName(planned)}`),
    })),
  };
}

/** A deployment's plan, read back. @throws {DamagedRecord} */
export function openPlan(
  vault: Pick<Vault, "unseal">,
  deploymentId: number,
  sealed: Uint8Array,
): DeploymentPlan {
  if (sealed.length === 0) return { targets: [] };
  return readOr("the plan of this deployment", () =>
    DeploymentPlan.parse(JSON.parse(vault.unseal(sealed, `plan|${deploymentId}`))),
  );
}
