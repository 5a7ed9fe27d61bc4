import type { Store } from "../store/store.ts";
import type { Deployer } from "./deployer.ts";
import { expireDeploymentGates } from "./journal/approve.ts";

/** Finds deployments with work and nobody at it: after a crash, a lost queue, or a target that was away. */
export async function reconcileDeployments(deps: {
  readonly store: Store;
  readonly deployer: Deployer;
}): Promise<number> {
  const { store, deployer } = deps;
  await store.call(expireDeploymentGates, {});
  const rows = await store.db
    .selectFrom("deployments")
    .leftJoin("effects", (join) =>
      join
        .onRef("effects.buildId", "=", "deployments.buildId")
        .onRef("effects.id", "=", "deployments.effectId"),
    )
    .select("deployments.id as id")
    .where((eb) =>
      eb.or([
        eb("deployments.state", "in", ["applying", "verifying", "rolling_back", "unknown"]),
        eb.and([eb("deployments.state", "=", "pending"), eb("deployments.planHash", "=", "")]),
        eb.and([eb("deployments.state", "=", "pending"), eb("deployments.approvedBy", "is not", null)]),
        // It has ended and its build has not heard of it.
        eb.and([
          eb("deployments.state", "in", [
            "succeeded",
            "failed",
            "withdrawn",
            "rolled_back",
            "rollback_failed",
          ]),
          eb("effects.state", "=", "begun"),
        ]),
      ]),
    )
    .limit(100)
    .execute();
  for (const { id } of rows) void deployer.handle(id);
  return 0;
}
