import { isAtLeast } from "../auth/roles.ts";
import { Role } from "../http/contract/people.ts";
import { z } from "zod";
import { DamagedRecord } from "../builds/damaged.ts";
import type { Config } from "../config.ts";
import type { DecisionRequest } from "../http/contract/gates.ts";
import { type Actor, type Outcome, refused } from "../http/world.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { Vault } from "../secrets/vault.ts";
import type { Store } from "../store/store.ts";
import { openPlan, planRows } from "./sealed-plan.ts";
import { decideDeployment } from "./journal/approve.ts";
import { renewPlan } from "./journal/plan-rows.ts";
import { imagesOfPlan, renewedPlan } from "./make-plan.ts";
import { hashOfPlan, type DeploymentPlan } from "./plan.ts";
import { type Target, TargetError } from "./target.ts";

/** Who may decide, as the gate's row keeps it. */
const Approvers = z.object({
  role: Role,
  people: z.array(z.string()),
  pusher: z.boolean(),
  reason: z.boolean(),
});

/** Whether somebody may decide a deployment's gate, and the words when not. */
export function mayDecideDeployment(
  submitters: string | null,
  pusher: string | null,
  by: Actor,
): { may: boolean; whyNot: string | null; approvers: readonly string[]; reasonRequired: boolean } {
  const rule = Approvers.parse(JSON.parse(submitters ?? "{}"));
  const approvers = rule.people.length > 0 ? rule.people : [`everyone with the role ${rule.role}`];
  const base = { approvers, reasonRequired: rule.reason };
  if (!rule.pusher && pusher !== null && pusher === by.login)
    return { ...base, may: false, whyNot: "whoever pushed does not decide here: somebody else must" };
  if (rule.people.length > 0 && !rule.people.includes(by.login))
    return { ...base, may: false, whyNot: `these people decide here: ${rule.people.join(", ")}` };
  if (rule.people.length === 0 && !isAtLeast(by.role, rule.role))
    return { ...base, may: false, whyNot: `deciding here needs the role ${rule.role}` };
  return { ...base, may: true, whyNot: null };
}

interface Deps {
  readonly store: Store;
  readonly vault: Vault;
  readonly config: Config;
  readonly secrets: Secrets;
  readonly targetOf: (name: string) => Target;
}

const LOOK_MS = 10_000;

/**
 * Takes a person's decision. Before an approval counts, the targets are looked at once more: what has changed since the
 * plan was shown makes a new plan, which has to be read first.
 */
export async function decideDeploymentGate(
  deps: Deps,
  gate: { readonly id: number; readonly deploymentId: number | null; readonly submitters: string | null },
  request: DecisionRequest,
  by: Actor,
): Promise<Outcome<null>> {
  if (gate.deploymentId === null) return refused(404, "not_found", "this gate belongs to no deployment");
  const deployment = await deps.store.db
    .selectFrom("deployments")
    .select(["id", "createdBy", "plan", "planHash", "state"])
    .where("id", "=", gate.deploymentId)
    .executeTakeFirstOrThrow();
  const may = mayDecideDeployment(gate.submitters, deployment.createdBy, by);
  if (!may.may) return refused(403, "forbidden", may.whyNot ?? "you may not decide here");
  const reason = request.reason?.trim() ?? "";
  if (may.reasonRequired && reason === "")
    return refused(422, "reason_required", "say why: this environment asks for a reason");
  if (request.decision === "approve" && deployment.state === "pending") {
    const plan = planOrDamage(deps, deployment);
    if (plan instanceof DamagedRecord)
      return refused(409, "conflict", `${plan.message}; what nobody can read is not deployed: reject it`);
    const renewed = await withNewPlan(deps, deployment.id, plan);
    if (renewed !== null) return renewed;
  }
  const decided = await deps.store.call(decideDeployment, {
    gateId: gate.id,
    userId: by.userId,
    by: by.login,
    decision: request.decision,
    planHash: request.planHash ?? null,
    reason: reason === "" ? null : reason,
  });
  if (decided.kind === "stale")
    return refused(409, "plan_stale", "the plan has changed since you saw it: look at it again");
  if (decided.kind === "over")
    return refused(
      409,
      "already_decided",
      decided.by === null ? `this gate is ${decided.state}` : `${decided.by} has decided: ${decided.state}`,
    );
  return { ok: true, value: null };
}

function planOrDamage(
  deps: Pick<Deps, "vault">,
  deployment: { readonly id: number; readonly plan: Uint8Array },
): DeploymentPlan | DamagedRecord {
  try {
    return openPlan(deps.vault, deployment.id, deployment.plan);
  } catch (error) {
    if (error instanceof DamagedRecord) return error;
    throw error;
  }
}

/** Null when what stands at the targets is what the plan was made from; else the refusal, with a new plan in the row. */
async function withNewPlan(
  deps: Deps,
  deploymentId: number,
  plan: DeploymentPlan,
): Promise<Outcome<null> | null> {
  let now: DeploymentPlan;
  try {
    now = await renewedPlan(deps.targetOf, plan, AbortSignal.timeout(LOOK_MS));
  } catch (error) {
    if (error instanceof TargetError)
      return refused(503, "target_unreachable", `the target cannot be looked at now: ${error.message}`);
    throw error;
  }
  if (hashOfPlan(now) === hashOfPlan(plan)) return null;
  await deps.store.call(renewPlan, planRows(deps.vault, deploymentId, now, imagesOfPlan(now)));
  return refused(
    409,
    "plan_stale",
    "somebody changed the service since the plan was made: look at the new plan",
  );
}
