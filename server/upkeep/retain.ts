import type { RetentionConfig } from "../config-schema.ts";
import type { BuildFiles } from "../builds/console.ts";
import { removeBuildFiles } from "../builds/console.ts";
import type { Blobs } from "../runners/blobs.ts";
import { pruneSecrets } from "../secrets/rows.ts";
import { claimLease, releaseLease } from "../store/leases.ts";
import type { Store } from "../store/store.ts";
import { agedArtifacts, forgetArtifacts } from "./aged-artifacts.ts";
import { condemnBuilds } from "./condemn-builds.ts";
import { pruneAccess } from "./prune-access.ts";
import { pruneDeliveries } from "./prune-deliveries.ts";
import { pruneDeployments } from "./prune-deployments.ts";
import { pruneLeftovers } from "./prune-leftovers.ts";
import { pruneMessages } from "./prune-messages.ts";
import { removeBuild } from "./remove-build.ts";

/** What retention needs. */
export interface RetainDeps {
  readonly store: Store;
  readonly files: BuildFiles;
  readonly blobs: Pick<Blobs, "remove" | "removeAll">;
  readonly retention: RetentionConfig;
  readonly log: { info(fields: Readonly<Record<string, unknown>>, text: string): void };
}

const LEASE = "retention";
/** Longer than one batch can take. */
const TTL_MS = 300_000;
const BUILDS_AT_ONCE = 20;
const ROWS_AT_ONCE = 500;
const DAY_MS = 86_400_000;

/**
 * Lets go of what is older than the settings say, in small batches, on one server at a time. A crash leaves nothing
 * half: a build's files go first and its rows last, and a build once marked is taken up again by the next look.
 */
export async function retain(deps: RetainDeps, signal: AbortSignal): Promise<{ builds: number }> {
  const { store, retention } = deps;
  const claim = () => store.call(claimLease, { name: LEASE, holder: store.holder, ttlMs: TTL_MS });
  let lease = await claim();
  if (lease === null) return { builds: 0 };
  const maxAgeMs = retention.days * DAY_MS;
  let builds = 0;
  const batches: (() => Promise<number>)[] = [
    async () => {
      const removed = await removeBatch(deps, maxAgeMs);
      builds += removed;
      return removed;
    },
    () => removeArtifacts(deps),
    () => store.call(pruneDeployments, { maxAgeMs, limit: ROWS_AT_ONCE }),
    () =>
      store.call(pruneDeliveries, {
        bodyAgeMs: retention.deliveries,
        rowAgeMs: maxAgeMs,
        limit: ROWS_AT_ONCE,
      }),
    () =>
      store.call(pruneMessages, {
        eventAgeMs: retention.events,
        messageAgeMs: maxAgeMs,
        nudgeAgeMs: DAY_MS,
        limit: ROWS_AT_ONCE,
      }),
    () => store.call(pruneAccess, {}),
  ];
  for (const batch of batches) {
    while ((await batch()) > 0 && !signal.aborted) {
      lease = await claim();
      if (lease === null) return { builds };
    }
    if (signal.aborted) break;
  }
  if (!signal.aborted) {
    await store.call(pruneLeftovers, {});
    await store.call(pruneSecrets, {});
  }
  await store.call(releaseLease, { name: LEASE, fence: lease.fence });
  if (builds > 0) deps.log.info({ builds }, "builds were removed by retention");
  return { builds };
}

/** Archived files that their file lets go before their build: first the bytes, then the row. */
async function removeArtifacts({ store, blobs }: RetainDeps): Promise<number> {
  const aged = await store.call(agedArtifacts, { limit: ROWS_AT_ONCE });
  for (const { buildId, sha256 } of aged) if (sha256 !== null) await blobs.remove(buildId, sha256);
  return await store.call(forgetArtifacts, { ids: aged.map(({ id }) => id) });
}

async function removeBatch(deps: RetainDeps, maxAgeMs: number): Promise<number> {
  const { store, files, blobs, retention } = deps;
  const marked = await store.call(condemnBuilds, {
    perRef: retention.builds,
    maxAgeMs,
    limit: BUILDS_AT_ONCE,
  });
  for (const { id } of marked) {
    await removeBuildFiles(files, id);
    await blobs.removeAll(id);
    await store.call(removeBuild, { buildId: id });
  }
  return marked.length;
}
