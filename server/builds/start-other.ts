import type { BuildRequest, Stored } from "../../pipelines/ports.ts";
import { type BranchBuildDeps, composeBranchBuild } from "../schedules/branch-build.ts";
import { defaultBranches } from "../schedules/start-downstream.ts";
import type { Store } from "../store/store.ts";
import type { NewBuild } from "../webhooks/new-build.ts";
import { jobOf } from "./job-of.ts";
import type { BeginScope } from "./prepare-begin.ts";

/** Builds that start builds that start builds: beyond this it is a circle. */
const MOST_ANCESTORS = 10;

type Composed = { ok: true; build: NewBuild } | { ok: false; reason: string };

/** The build that a `build` step asks for: `job` is the key of a project, or key/branch. Nothing is written. */
export async function composeOtherBuild(
  deps: BranchBuildDeps,
  scope: BeginScope,
  request: BuildRequest,
): Promise<Composed> {
  if (!scope.trusted)
    return { ok: false, reason: "a change of somebody who may not write starts no other build" };
  const { project, projectKey, branch } = await jobOf(deps.store, request.job);
  if (project === null)
    return {
      ok: false,
      reason: `No item named ${request.job} found: there is no project "${projectKey}" on this server; name one by its key, or by key/branch`,
    };
  if (await isCircle(deps.store, scope.buildId))
    return {
      ok: false,
      reason: `${MOST_ANCESTORS} builds have started one another in a row: no further one is started`,
    };
  let text = "";
  for (const ref of refsOf(branch, project.defaultBranch)) {
    const composed = await composeBranchBuild(deps, {
      projectId: project.id,
      ref,
      eventKind: "upstream",
      title: `Started by upstream project "${scope.projectKey}" build number ${scope.head.build.number}`,
      by: scope.projectKey,
      parameters: parametersOf(request.parameters),
      upstreamId: scope.buildId,
    });
    if (composed.kind === "build") return { ok: true, build: composed.build };
    text ||= composed.text;
    if (composed.kind === "away") break;
  }
  return { ok: false, reason: text };
}

function refsOf(branch: string | null, defaultBranch: string | null): string[] {
  if (branch === null) return defaultBranches(defaultBranch).map((name) => `refs/heads/${name}`);
  return [`refs/heads/${branch}`, `refs/tags/${branch}`];
}

function parametersOf(given: Readonly<Record<string, Stored>>): Record<string, string | number | boolean> {
  const found: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(given))
    found[name] = typeof value === "number" || typeof value === "boolean" ? value : textOf(value);
  return found;
}

function textOf(value: Stored): string {
  if (typeof value === "string") return value;
  return value === null ? "" : JSON.stringify(value);
}

async function isCircle(store: Store, buildId: number): Promise<boolean> {
  let at: number | null = buildId;
  for (let depth = 0; at !== null && depth < MOST_ANCESTORS; depth += 1) {
    const row: { upstreamId: number | null } | undefined = await store.db
      .selectFrom("builds")
      .select("upstreamId")
      .where("id", "=", at)
      .executeTakeFirst();
    at = row?.upstreamId ?? null;
  }
  return at !== null;
}
