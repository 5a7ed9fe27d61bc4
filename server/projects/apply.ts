import type { ProjectConfig, SluiceFile } from "../config-schema.ts";
import type { Vault } from "../secrets/vault.ts";
import { procedure } from "../store/procedure.ts";
import type { Steps, Transaction } from "../store/procedure.ts";
import type { Store } from "../store/store.ts";
import { hookContext, newHookName, newHookSecret } from "./hook.ts";
import { ProjectSettings } from "./settings.ts";

/** A project's row as the file wants it, with a hook for the case that it is new. */
interface WantedProject {
  readonly key: string;
  readonly name: string;
  readonly forge: string;
  readonly repo: string;
  readonly cloneUrl: string;
  readonly defaultBranch: string | null;
  readonly settings: string;
  readonly hook: string;
  readonly hookSecret: Uint8Array;
}

/** What applying the file changed, by name: `+ project shop`, `~ environment staging`, `- project old`. */
export type Changes = readonly string[];

interface Wanted {
  readonly projects: readonly WantedProject[];
  readonly environments: readonly { readonly name: string; readonly definition: string }[];
  readonly settings: readonly { readonly name: string; readonly body: string }[];
}

/** Names of the rows of `settings` that come from the file. */
export const SETTING_NAMES = ["registries", "channels", "targets", "notify", "forges"] as const;

/** Writes projects, environments and settings as the file has them; what it no longer has is archived, never deleted. */
export const applyRows = procedure("applyRows", { durability: "full" }, function* (tx, input: Wanted): Steps<
  string[]
> {
  const changes: string[] = [];
  for (const wanted of input.projects) changes.push(...(yield* applyProject(tx, wanted)));
  for (const wanted of input.environments) changes.push(...(yield* applyEnvironment(tx, wanted)));
  for (const wanted of input.settings) changes.push(...(yield* applySetting(tx, wanted)));
  const projects = yield* tx.all(
    tx.db.selectFrom("projects").select(["id", "key"]).where("archivedAtMs", "is", null),
  );
  for (const { id, key } of projects) {
    if (input.projects.some((wanted) => wanted.key === key)) continue;
    yield* tx.run(
      tx.db
        .updateTable("projects")
        .set((eb) => ({ archivedAtMs: tx.nowMs, version: eb("version", "+", 1) }))
        .where("id", "=", id),
    );
    changes.push(`- project ${key}`);
  }
  const environments = yield* tx.all(
    tx.db.selectFrom("environments").select("name").where("archivedAtMs", "is", null),
  );
  for (const { name } of environments) {
    if (input.environments.some((wanted) => wanted.name === name)) continue;
    yield* tx.run(tx.db.updateTable("environments").set({ archivedAtMs: tx.nowMs }).where("name", "=", name));
    changes.push(`- environment ${name}`);
  }
  return changes;
});

function* applyProject(tx: Transaction, wanted: WantedProject): Steps<string[]> {
  const { key, hook, hookSecret, ...values } = wanted;
  const row = yield* tx.first(tx.db.selectFrom("projects").selectAll().where("key", "=", key).forUpdate());
  if (row === undefined) {
    yield* tx.run(
      tx.db
        .insertInto("projects")
        .values({ key, hook, hookSecret, ...values, createdAtMs: tx.nowMs, updatedAtMs: tx.nowMs }),
    );
    return [`+ project ${key}`];
  }
  const same =
    row.archivedAtMs === null &&
    row.name === values.name &&
    row.forge === values.forge &&
    row.repo === values.repo &&
    row.cloneUrl === values.cloneUrl &&
    row.settings === values.settings &&
    (values.defaultBranch === null || row.defaultBranch === values.defaultBranch);
  if (same) return [];
  yield* tx.run(
    tx.db
      .updateTable("projects")
      .set((eb) => ({
        ...values,
        defaultBranch: values.defaultBranch ?? row.defaultBranch,
        archivedAtMs: null,
        updatedAtMs: tx.nowMs,
        version: eb("version", "+", 1),
      }))
      .where("id", "=", row.id),
  );
  return [`~ project ${key}`];
}

function* applyEnvironment(tx: Transaction, wanted: { name: string; definition: string }): Steps<string[]> {
  const row = yield* tx.first(
    tx.db.selectFrom("environments").select(["definition", "archivedAtMs"]).where("name", "=", wanted.name),
  );
  if (row?.definition === wanted.definition && row.archivedAtMs === null) return [];
  const values = { definition: wanted.definition, updatedAtMs: tx.nowMs, archivedAtMs: null };
  yield* tx.run(
    tx.db
      .insertInto("environments")
      .values({ name: wanted.name, ...values })
      .onConflict((on) => on.column("name").doUpdateSet(values)),
  );
  return [`${row === undefined ? "+" : "~"} environment ${wanted.name}`];
}

function* applySetting(tx: Transaction, wanted: { name: string; body: string }): Steps<string[]> {
  const row = yield* tx.first(tx.db.selectFrom("settings").select("body").where("name", "=", wanted.name));
  if (row?.body === wanted.body) return [];
  const values = { body: wanted.body, updatedAtMs: tx.nowMs };
  yield* tx.run(
    tx.db
      .insertInto("settings")
      .values({ name: wanted.name, ...values })
      .onConflict((on) => on.column("name").doUpdateSet(values)),
  );
  return [`${row === undefined ? "+" : "~"} ${wanted.name}`];
}

/**
 * Brings the database in line with `sluice.yml`, in one transaction. New projects get a hook address and a secret that
 * nobody has seen: `POST projects/:key/hook` shows another one.
 */
export async function applyFile(
  deps: { readonly store: Store; readonly vault: Pick<Vault, "seal"> },
  file: SluiceFile,
): Promise<Changes> {
  const projects = Object.entries(file.projects).map(([key, project]) => ({
    ...projectRow(file, key, project),
    hook: newHookName(),
    hookSecret: deps.vault.seal(newHookSecret(), hookContext(key)),
  }));
  return await deps.store.call(applyRows, {
    projects,
    environments: Object.entries(file.environments).map(([name, body]) => ({
      name,
      definition: JSON.stringify(body),
    })),
    settings: SETTING_NAMES.map((name) => ({ name, body: JSON.stringify(file[name]) })),
  });
}

function projectRow(
  file: SluiceFile,
  key: string,
  project: ProjectConfig,
): Omit<WantedProject, "hook" | "hookSecret"> {
  const settings = ProjectSettings.parse({
    jenkinsfile: project.jenkinsfile,
    registry: project.registry ?? null,
    concurrency: project.concurrency,
    images: project.images,
    tags: project.tags,
    routes: project.routes,
    source: "sluice.yml",
  });
  return {
    key,
    name: project.name ?? key,
    forge: project.forge,
    repo: project.repo,
    cloneUrl: cloneUrl(file.forges[project.forge]?.url ?? "", project.repo),
    defaultBranch: project.defaultBranch ?? null,
    settings: JSON.stringify(settings),
  };
}

/** The address of a repository below its forge's: what every forge uses. */
export function cloneUrl(forgeUrl: string, repo: string): string {
  return `${forgeUrl.replace(/\/+$/u, "")}/${repo.replace(/\.git$/u, "")}.git`;
}
