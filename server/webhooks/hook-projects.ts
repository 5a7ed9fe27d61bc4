import type { ForgeConfig } from "../config-schema.ts";
import type { ForgeType } from "../forges/trigger-event.ts";
import { ProjectSettings } from "../projects/settings.ts";
import type { ProjectRules } from "../projects/judge.ts";
import { hookContext } from "../projects/hook.ts";
import type { Vault } from "../secrets/vault.ts";
import type { Store } from "../store/store.ts";

/** A project as its webhook sees it. `secrets` are in the open: this object never leaves the process. */
export interface HookProject {
  readonly id: number;
  readonly key: string;
  readonly version: number;
  readonly hook: string;
  readonly repo: string;
  readonly forgeType: ForgeType;
  readonly rules: ProjectRules;
  readonly secrets: readonly { readonly text: string; readonly untilMs: number | null }[];
}

/** What finding a project by its hook needs. */
export interface HookProjectsDeps {
  readonly store: Store;
  readonly vault: Pick<Vault, "unseal">;
  readonly forges: Readonly<Record<string, ForgeConfig>>;
}

/** Projects by hook address, held in memory until somebody finds them stale. */
export interface HookProjects {
  /** The project of the address, or null. Asks the database only for what it does not hold. */
  find(hook: string): Promise<HookProject | null>;
  /** Forgets what is held, because the row has another version by now. */
  forget(hook: string): void;
}

const MAX_HELD = 10_000;

/** Makes the cache. A secret is unsealed once per version of its project, not once per request. */
export function createHookProjects({ store, vault, forges }: HookProjectsDeps): HookProjects {
  const held = new Map<string, HookProject>();
  return {
    find: async (hook) => held.get(hook) ?? (await load(hook)),
    forget: (hook) => void held.delete(hook),
  };

  async function load(hook: string): Promise<HookProject | null> {
    const row = await store.db
      .selectFrom("projects")
      .selectAll()
      .where("hook", "=", hook)
      .where("archivedAtMs", "is", null)
      .executeTakeFirst();
    const forge = row === undefined ? undefined : forges[row.forge];
    if (row === undefined || forge === undefined) return null;
    const settings = ProjectSettings.parse(JSON.parse(row.settings));
    const texts: HookProject["secrets"][number][] = [
      { text: vault.unseal(row.hookSecret, hookContext(row.key)), untilMs: null },
    ];
    if (row.hookSecretOld !== null) {
      texts.push({
        text: vault.unseal(row.hookSecretOld, hookContext(row.key)),
        untilMs: row.hookSecretOldUntilMs,
      });
    }
    const project: HookProject = {
      id: row.id,
      key: row.key,
      version: row.version,
      hook,
      repo: row.repo,
      forgeType: forge.type,
      rules: { routes: settings.routes, tags: settings.tags },
      secrets: texts,
    };
    if (held.size >= MAX_HELD) held.clear();
    held.set(hook, project);
    return project;
  }
}
