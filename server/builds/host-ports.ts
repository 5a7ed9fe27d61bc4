import type { Head } from "../../pipelines/ports.ts";
import type { Secrets } from "../secrets/secrets.ts";
import type { Store } from "../store/store.ts";
import type { Frozen, HostPorts } from "./host.ts";
import { runHttpStep } from "./http-step.ts";
import { readHead } from "./head.ts";
import type { ClaimedBuild } from "./journal/claim-build.ts";
import type { BeginPorts, BeginScope } from "./prepare-begin.ts";
import { withSecretValues } from "./secret-delivery.ts";
import type { Seals } from "./seals.ts";

/** What a host needs, on the server's own rooms; and a build's scope for those who work for it outside a turn. */
export interface ServerHostPorts extends HostPorts {
  scopeOf(buildId: number): Promise<BeginScope>;
}

export function createHostPorts(deps: {
  readonly beginPorts: BeginPorts;
  readonly store: Store;
  readonly secrets: Secrets;
  readonly seals: Seals;
  readonly freeze: (build: ClaimedBuild) => Promise<Frozen>;
}): ServerHostPorts {
  const { beginPorts, store, secrets, seals } = deps;
  return {
    ...beginPorts,
    freeze: deps.freeze,
    openSeal: (build) => seals.open(build),
    withSecrets: (_scope, value) => withSecretValues(secrets, value),
    async http(scope, begin, signal) {
      const name = begin.request.kind === "http" ? begin.request.credential : null;
      const found =
        name === null || !scope.trusted ? undefined : await secrets.resolveSecret(scope.projectKey, name);
      const login =
        found?.value.type === "usernamePassword"
          ? { username: found.value.username, password: found.value.password }
          : null;
      return await runHttpStep(begin, login, signal);
    },
    async scopeOf(buildId) {
      const row = await store.db
        .selectFrom("buildHeads")
        .innerJoin("builds", "builds.id", "buildHeads.buildId")
        .select(["buildHeads.body as body", "builds.projectId as projectId", "builds.number as number"])
        .where("buildHeads.buildId", "=", buildId)
        .executeTakeFirstOrThrow();
      const seal = await seals.of(buildId);
      const head: Head = readHead(seal, row.body);
      return {
        buildId,
        projectId: row.projectId,
        projectKey: head.project.key,
        buildName: `${head.project.key} #${row.number}`,
        trusted: head.trusted,
        head,
        seal,
      };
    },
  };
}
