import { indexed } from "../store/conditions.ts";
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
  const toDo = await store.db
    .selectFrom("deployments")
    .select("id")
    .where(indexed("deploymentToDo"))
    .orderBy("id")
    .limit(100)
    .execute();
  const peopleUntold = await store.db
    .selectFrom("deployments")
    .select("id")
    .where(indexed("deploymentEndUntold"))
    .orderBy("id")
    .limit(100)
    .execute();
  const ids = new Set([...toDo, ...(await untold(store)), ...peopleUntold].map(({ id }) => id));
  for (const id of ids) void deployer.handle(id);
  return 0;
}

/** How long ago a deployment may have ended whose build has not heard of it: longer than a server is away. */
const ENDED_WITHIN_MS = 30 * 86_400_000;

/** Deployments that have ended, and their builds have not heard of it. */
async function untold(store: Store): Promise<{ id: number }[]> {
  return await store.db
    .selectFrom("deployments")
    .innerJoin("effects", (join) =>
      join
        .onRef("effects.buildId", "=", "deployments.buildId")
        .onRef("effects.id", "=", "deployments.effectId"),
    )
    .select("deployments.id as id")
    .where("deployments.endedAtMs", ">", (await store.nowMs()) - ENDED_WITHIN_MS)
    .where("effects.state", "=", "begun")
    .limit(100)
    .execute();
}
