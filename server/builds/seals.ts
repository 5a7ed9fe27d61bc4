import type { Vault } from "../secrets/vault.ts";
import type { Store } from "../store/store.ts";
import type { DataKey } from "../secrets/data-key.ts";
import { DamagedRecord, readOr } from "./damaged.ts";
import { endDamaged } from "./journal/fail-build.ts";
import { type BuildSeal, createBuildSeal } from "./seal.ts";

/** The seals of builds, opened once and kept for a while. */
export interface Seals {
  of(buildId: number): Promise<BuildSeal>;
  /** With the wrapped key at hand, without asking the database. */
  open(build: { readonly id: number; readonly dataKey: Uint8Array }): BuildSeal;
}

const KEPT = 500;

export function createSeals(deps: {
  readonly store: Store;
  readonly vault: Pick<Vault, "openDataKey">;
}): Seals {
  const kept = new Map<number, BuildSeal>();

  function open(build: { readonly id: number; readonly dataKey: Uint8Array }): BuildSeal {
    const known = kept.get(build.id);
    if (known !== undefined) return known;
    const seal = createBuildSeal(keyOf(build));
    kept.set(build.id, seal);
    const oldest = kept.keys().next().value;
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    return seal;
  }

  /** Nothing of a build can go on without its key, whoever asked for it: the build ends, so that nobody asks again. */
  function keyOf(build: { readonly id: number; readonly dataKey: Uint8Array }): DataKey {
    try {
      return readOr("the key of this build", () => deps.vault.openDataKey(build.dataKey));
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      // A build that has ended stays as it is; whoever asks next ends this one if the database is away now.
      if (error instanceof DamagedRecord)
        void deps.store.call(endDamaged, { buildId: build.id, text }).catch(() => {});
      throw error;
    }
  }

  return {
    open,
    async of(buildId) {
      const known = kept.get(buildId);
      if (known !== undefined) return known;
      const row = await deps.store.db
        .selectFrom("builds")
        .select(["id", "dataKey"])
        .where("id", "=", buildId)
        .executeTakeFirstOrThrow();
      return open(row);
    },
  };
}
