import type { Store } from "../store/store.ts";
import { readSafeMode } from "../upkeep/safe-mode.ts";
import { composeBranchBuild } from "./branch-build.ts";
import { fireUpstream } from "./fire.ts";
import type { ScheduleDeps } from "./start-due.ts";

/** Results from the best to the worst, in Jenkins' words, and the states that reach them. */
const REACHED: ReadonlyMap<
  string,
  readonly ("succeeded" | "unstable" | "failed" | "aborted" | "not_built")[]
> = new Map([
  ["SUCCESS", ["succeeded"]],
  ["UNSTABLE", ["succeeded", "unstable"]],
  ["FAILURE", ["succeeded", "unstable", "failed"]],
  ["NOT_BUILT", ["succeeded", "unstable", "failed", "not_built"]],
  ["ABORTED", ["succeeded", "unstable", "failed", "not_built", "aborted"]],
]);

/** Starts builds of projects whose `upstream` trigger names another project, for builds of that one that have ended. */
export async function startDownstream(deps: ScheduleDeps): Promise<number> {
  const { store } = deps;
  const triggers = await store.db
    .selectFrom("upstreamTriggers")
    .innerJoin("projects", "projects.id", "upstreamTriggers.projectId")
    .select([
      "upstreamTriggers.projectId",
      "upstreamTriggers.upstream",
      "upstreamTriggers.ref",
      "upstreamTriggers.threshold",
      "upstreamTriggers.seenAtMs",
      "upstreamTriggers.seenBuildId",
    ])
    .where("projects.archivedAtMs", "is", null)
    .execute();
  if (triggers.length === 0 || (await readSafeMode(store)) !== null) return 0;
  let started = 0;
  for (const trigger of triggers) {
    const ended = await nextEnd(store, trigger);
    if (ended === undefined) continue;
    const composed = await composeBranchBuild(deps, {
      projectId: trigger.projectId,
      ref: trigger.ref,
      eventKind: "upstream",
      title: `Started by upstream project "${trigger.upstream}" build number ${ended.number}`,
      by: trigger.upstream,
      parameters: {},
      upstreamId: ended.id,
    });
    if (composed.kind === "away") continue;
    const made = await store.call(fireUpstream, {
      projectId: trigger.projectId,
      upstream: trigger.upstream,
      seen: { atMs: trigger.seenAtMs, buildId: trigger.seenBuildId },
      now: { atMs: ended.endedAtMs, buildId: ended.id },
      build: composed.kind === "build" ? composed.build : null,
    });
    if (made !== null) started += 1;
  }
  return started;
}

/** The first end, after the last one seen, of a build that counts: of the default branch unless another is named. */
async function nextEnd(
  store: Store,
  trigger: { readonly upstream: string; readonly threshold: string; seenAtMs: number; seenBuildId: number },
): Promise<{ id: number; number: number; endedAtMs: number } | undefined> {
  const { projectKey, branch } = namedJob(trigger.upstream);
  const project = await store.db
    .selectFrom("projects")
    .select(["id", "defaultBranch"])
    .where("key", "=", projectKey)
    .executeTakeFirst();
  if (project === undefined) return undefined;
  const branches = branch !== null ? [branch] : defaultBranches(project.defaultBranch);
  return await store.db
    .selectFrom("builds")
    .select(["id", "number", "endedAtMs"])
    .where("projectId", "=", project.id)
    .where(
      "ref",
      "in",
      branches.map((name) => `refs/heads/${name}`),
    )
    .where("state", "in", [...(REACHED.get(trigger.threshold) ?? ["succeeded" as const])])
    .where("endedAtMs", "is not", null)
    .$narrowType<{ endedAtMs: number }>()
    .where((eb) =>
      eb.or([
        eb("endedAtMs", ">", trigger.seenAtMs),
        eb.and([eb("endedAtMs", "=", trigger.seenAtMs), eb("id", ">", trigger.seenBuildId)]),
      ]),
    )
    .orderBy("endedAtMs")
    .orderBy("id")
    .limit(1)
    .executeTakeFirst();
}

/** The branches that are a project's main one; before its forge has told, what most call theirs. */
export function defaultBranches(known: string | null): readonly string[] {
  return known === null ? ["main", "master"] : [known];
}

/** A job's name in a Jenkinsfile: the key of a project, with a branch behind it or without. */
export function namedJob(name: string): { readonly projectKey: string; readonly branch: string | null } {
  const trimmed = name.replace(/^\/+/, "");
  const at = trimmed.indexOf("/");
  if (at === -1) return { projectKey: trimmed, branch: null };
  return { projectKey: trimmed.slice(0, at), branch: decodedBranch(trimmed.slice(at + 1)) };
}

function decodedBranch(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone % stands for itself
  }
}
