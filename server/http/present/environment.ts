import { EnvironmentDefinition } from "../../config-schema.ts";
import type { Store } from "../../store/store.ts";
import type { Environment, EnvironmentSummary, Release } from "../contract/environments.ts";
import type { Role } from "../contract/people.ts";
import { isAtLeast } from "../../auth/roles.ts";
import { notFound } from "../problem.ts";
import type { World } from "../world.ts";
import { presentDeploymentRow, selectDeployments } from "./deployment.ts";
import type { DeploymentRow } from "./deployment.ts";

const UNDER_WAY = ["applying", "verifying", "rolling_back", "unknown"] as const;

/** One row of environments, as stored. */
export type EnvironmentRow = Awaited<ReturnType<typeof environmentRows>>[number];

/** Every environment that is in use, by name. */
export async function environmentRows(store: Store) {
  return await store.db
    .selectFrom("environments")
    .selectAll()
    .where("archivedAtMs", "is", null)
    .orderBy("name")
    .execute();
}

/** A row of the list of environments. */
export async function presentEnvironmentRow(store: Store, row: EnvironmentRow): Promise<EnvironmentSummary> {
  const [live, current, waiting, projects] = await Promise.all([
    liveReleases(store, row.name),
    selectDeployments(store)
      .where("deployments.environment", "=", row.name)
      .where("deployments.state", "in", UNDER_WAY)
      .orderBy("deployments.id", "desc")
      .limit(1)
      .executeTakeFirst(),
    store.db
      .selectFrom("deployments")
      .select((eb) => eb.fn.countAll<number | string>().as("count"))
      .where("environment", "=", row.name)
      .where("state", "=", "pending")
      .executeTakeFirstOrThrow(),
    store.db
      .selectFrom("deployments")
      .innerJoin("projects", "projects.id", "deployments.projectId")
      .select("projects.key")
      .distinct()
      .where("deployments.environment", "=", row.name)
      .where("projects.archivedAtMs", "is", null)
      .execute(),
  ]);
  return {
    name: row.name,
    policy: EnvironmentDefinition.parse(JSON.parse(row.definition)).policy,
    projects: projects.map((project) => project.key),
    live,
    current: current === undefined ? null : presentDeploymentRow(current),
    waiting: Number(waiting.count),
    frozenUntilAtMs: row.frozenUntilMs,
  };
}

async function liveReleases(store: Store, environment: string): Promise<Release[]> {
  const ids = await store.db
    .selectFrom("live")
    .select("deploymentId")
    .distinct()
    .where("environment", "=", environment)
    .execute();
  if (ids.length === 0) return [];
  const rows = await selectDeployments(store)
    .where(
      "deployments.id",
      "in",
      ids.map((row) => row.deploymentId),
    )
    .orderBy("deployments.id", "desc")
    .execute();
  return rows.flatMap((row) => presentRelease(row));
}

function presentRelease(row: DeploymentRow): Release[] {
  if (row.release === null) return [];
  const shown = presentDeploymentRow(row);
  const build =
    shown.build === null
      ? null
      : { id: shown.build.id, number: shown.build.number, ref: shown.build.ref, path: shown.build.path };
  return [
    {
      release: row.release,
      deployment: row.id,
      project: row.project,
      images: shown.images,
      build,
      by: row.approvedBy ?? row.createdBy,
      atMs: row.endedAtMs ?? row.startedAtMs ?? row.createdAtMs,
    },
  ];
}

/** The page of one environment. @throws {HttpProblem} 404 */
export async function presentEnvironment(world: World, name: string, role: Role): Promise<Environment> {
  const { store } = world;
  const row = await store.db
    .selectFrom("environments")
    .selectAll()
    .where("name", "=", name.normalize("NFKC").toLowerCase())
    .where("archivedAtMs", "is", null)
    .executeTakeFirst();
  if (row === undefined) throw notFound(`environment ${name}`);
  const definition = EnvironmentDefinition.parse(JSON.parse(row.definition));
  const [summary, running, history] = await Promise.all([
    presentEnvironmentRow(store, row),
    world.deployments.running(row.name),
    selectDeployments(store)
      .where("deployments.environment", "=", row.name)
      .orderBy("deployments.id", "desc")
      .limit(50)
      .execute(),
  ]);
  const shown = history.map((one) => presentDeploymentRow(one));
  return {
    ...summary,
    targets: definition.waves.flatMap((targets, wave) =>
      targets.map((target) => ({ name: target, kind: world.config.file.targets[target]?.type ?? "", wave })),
    ),
    services: definition.services,
    approve: {
      role: definition.approve.role,
      needed: definition.approve.needed,
      pusher: definition.approve.pusher,
      expiresMs: definition.approve.expires,
    },
    refs: definition.refs.map((rule) => `${rule.on} ${rule.grammar ?? rule.match ?? "any"}`),
    soakMs: definition.soak,
    limitMs: definition.limit,
    onFailure: definition.onFailure,
    running: [...running.services],
    readAtMs: running.readAtMs,
    queue: shown.filter((one) => one.state === "pending").flatMap((one) => one.waits),
    history: shown,
    source: "sluice.yml",
    mayRollBack: isAtLeast(role, definition.approve.role),
  };
}
