import type { Config } from "../config.ts";
import type { LiveService } from "../http/contract/environments.ts";
import { refused, type WorldDeployments } from "../http/world.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { Sources } from "../builds/sources.ts";
import type { Vault } from "../secrets/vault.ts";
import type { Store } from "../store/store.ts";
import type { Deployer } from "./deployer.ts";
import { resolveDeployment } from "./journal/resolve.ts";
import { rollBack } from "./roll-back.ts";
import { shownPlan } from "./shown-plan.ts";
import type { Target } from "./target.ts";

const LOOK_MS = 5_000;
const FRESH_MS = 10_000;

/** What pages and programs may do with deployments. */
export function createDeployments(deps: {
  readonly store: Store;
  readonly vault: Vault;
  readonly config: Config;
  readonly secrets: Secrets;
  readonly sources: Sources;
  readonly targetOf: (name: string) => Target;
  readonly deployer: Deployer;
}): WorldDeployments {
  const seen = new Map<string, { services: readonly LiveService[]; readAtMs: number; at: number }>();
  return {
    plan: (deploymentId) => shownPlan(deps, deploymentId),
    rollBack: (request, by) => rollBack(deps, request, by),
    async running(environment) {
      const known = seen.get(environment);
      if (known !== undefined && performance.now() - known.at < FRESH_MS)
        return { services: known.services, readAtMs: known.readAtMs };
      const config = deps.config.file.environments[environment];
      if (config === undefined) return { services: [], readAtMs: null };
      const names = [...new Set(config.waves.flat())];
      const looks = names.flatMap((target) =>
        Object.values(config.services).map((service) => ({ target, service })),
      );
      const services = await Promise.all(looks.map((look) => describeOne(deps.targetOf, look)));
      const readAtMs = await deps.store.nowMs();
      seen.set(environment, { services, readAtMs, at: performance.now() });
      return { services, readAtMs };
    },
    async resolve(deploymentId, request, by) {
      const done = await deps.store.call(resolveDeployment, {
        deploymentId,
        as: request.as,
        by: by.login,
        reason: request.reason,
      });
      if (!done)
        return refused(409, "conflict", "only a deployment whose outcome is unknown is settled by a person");
      void deps.deployer.handle(deploymentId);
      return { ok: true, value: null };
    },
  };
}

async function describeOne(
  targetOf: (name: string) => Target,
  look: { readonly target: string; readonly service: string },
): Promise<LiveService> {
  try {
    const seen = await targetOf(look.target).describe(look, AbortSignal.timeout(LOOK_MS));
    return { ...look, image: seen.image, ready: null, wanted: seen.replicas, error: null };
  } catch (error) {
    return {
      ...look,
      image: null,
      ready: null,
      wanted: null,
      error: error instanceof Error ? error.message : String(error),
    };
  }
}
