import type { Plan } from "../http/contract/deployments.ts";
import type { Config } from "../config.ts";
import { DamagedRecord } from "../builds/damaged.ts";
import type { Sources } from "../builds/sources.ts";
import type { Vault } from "../secrets/vault.ts";
import type { Store } from "../store/store.ts";
import { openPlan } from "./sealed-plan.ts";
import type { DeploymentPlan } from "./plan.ts";

interface Deps {
  readonly store: Store;
  readonly vault: Vault;
  readonly config: Config;
  readonly sources: Sources;
}

const COMMITS_MOST = 50;

/** Null where it is damaged: the page is served, and an approval is refused in words. */
function readablePlan(vault: Vault, deploymentId: number, sealed: Uint8Array): DeploymentPlan | null {
  try {
    return openPlan(vault, deploymentId, sealed);
  } catch (error) {
    if (error instanceof DamagedRecord) return null;
    throw error;
  }
}

/** The plan of a deployment as a person judges it: per target, with what is live, the commits in between and the tests. */
export async function shownPlan(deps: Deps, deploymentId: number): Promise<Plan | null> {
  const { store } = deps;
  const row = await store.db
    .selectFrom("deployments")
    .selectAll()
    .where("id", "=", deploymentId)
    .executeTakeFirst();
  if (row === undefined || row.plan.length === 0) return null;
  const plan = readablePlan(deps.vault, row.id, row.plan);
  if (plan === null) return null;
  const environment = deps.config.file.environments[row.environment];
  const live = await store.db
    .selectFrom("live")
    .leftJoin("deployments", "deployments.id", "live.deploymentId")
    .leftJoin("builds", "builds.id", "deployments.buildId")
    .select(["live.release as release", "live.sha as sha", "builds.id as buildId", "builds.number as number"])
    .where("live.environment", "=", row.environment)
    .where("live.projectId", "=", row.projectId)
    .orderBy("live.release", "desc")
    .executeTakeFirst();
  const byTarget = new Map<string, Plan["targets"][number]>();
  for (const planned of plan.targets) {
    const shown = byTarget.get(planned.target) ?? {
      target: planned.target,
      kind: deps.config.file.targets[planned.target]?.type ?? "swarm",
      wave: planned.wave,
      images: [],
      env: [],
      replicas: planned.before.replicas,
      noop: true,
      warnings: [],
    };
    shown.images.push({ service: planned.service, from: planned.before.image, to: planned.image });
    for (const name of Object.keys(planned.env)) {
      const from = planned.before.env[name];
      // Values of settings may be secrets: that one changes is shown, what it is stays at the target.
      if (from !== planned.env[name])
        shown.env.push({
          name,
          from: from === undefined ? null : "•••",
          to: planned.env[name] === null ? null : "•••",
        });
    }
    shown.noop = shown.noop && planned.noop;
    shown.warnings.push(...planned.warnings);
    byTarget.set(planned.target, shown);
  }
  return {
    environment: row.environment,
    targets: [...byTarget.values()],
    order: environment?.waves ?? [],
    liveRelease: live?.release ?? null,
    liveBuild:
      live?.buildId === null || live?.buildId === undefined || live.number === null
        ? null
        : { id: live.buildId, number: live.number },
    ...(await commitsSince(deps, row.projectId, live?.sha ?? null, row.sha)),
    tests: await testsOf(store, row.buildId),
  };
}

async function commitsSince(
  deps: Deps,
  projectId: number,
  from: string | null,
  to: string | null,
): Promise<Pick<Plan, "commits" | "goesBack">> {
  if (from === null || to === null || from === to) return { commits: [], goesBack: false };
  const project = await deps.store.db
    .selectFrom("projects")
    .select(["id", "key", "forge", "cloneUrl"])
    .where("id", "=", projectId)
    .executeTakeFirst();
  if (project === undefined) return { commits: [], goesBack: false };
  const commits = (await deps.sources.between(project, from, to)).slice(0, COMMITS_MOST);
  const behind = commits.length > 0 ? [] : await deps.sources.between(project, to, from);
  return {
    goesBack: behind.length > 0,
    commits: commits.map((commit) => ({
      sha: commit.sha,
      title: commit.title,
      author: commit.author,
      atMs: commit.atMs,
    })),
  };
}

async function testsOf(store: Store, buildId: number | null): Promise<Plan["tests"]> {
  if (buildId === null) return null;
  const rows = await store.db
    .selectFrom("testResults")
    .select((eb) => ["state", eb.fn.countAll<number>().as("count"), eb.fn.sum<number>("durationMs").as("ms")])
    .where("buildId", "=", buildId)
    .groupBy("state")
    .execute();
  if (rows.length === 0) return null;
  const count = (...states: string[]) =>
    rows.filter((row) => states.includes(row.state)).reduce((sum, row) => sum + Number(row.count), 0);
  return {
    passed: count("passed"),
    failed: count("failed", "error"),
    skipped: count("skipped"),
    durationMs: rows.reduce((sum, row) => sum + Number(row.ms), 0),
  };
}
