import { z } from "zod";
import { globMatches } from "../../pipelines/engine/glob.ts";
import type { ReadRequest, Result, Stored } from "../../pipelines/ports.ts";
import { defaultBranches } from "../schedules/start-downstream.ts";
import type { BuildState } from "../store/states.ts";
import type { Store } from "../store/store.ts";
import { jobOf } from "./job-of.ts";
import type { BeginScope } from "./prepare-begin.ts";

type Wanted = Extract<ReadRequest, { op: "artifacts" }>;
type Scope = Pick<BeginScope, "buildId" | "trusted">;
type Found = { readonly ok: true; readonly value: Stored } | { readonly ok: false; readonly reason: string };

const STATE: Readonly<Record<Result, BuildState>> = {
  SUCCESS: "succeeded",
  UNSTABLE: "unstable",
  FAILURE: "failed",
  ABORTED: "aborted",
  NOT_BUILT: "not_built",
};
/** How many builds are looked at for one with the wanted parameters. */
const LOOKED_AT = 200;
const MOST_FILES = 5_000;
const Parameters = z.record(z.string(), z.unknown());

/** The build of a job that `copyArtifacts` means, and its archived files that match. */
export async function artifactsOf(store: Store, scope: Scope, wanted: Wanted): Promise<Found> {
  if (!scope.trusted)
    return { ok: false, reason: "a change of somebody who may not write copies nothing of other builds" };
  const { project, branch } = await jobOf(store, wanted.job);
  if (project === null)
    return {
      ok: false,
      reason: `Unable to find project for artifact copy: ${wanted.job}; name one of this server by its key, or by key/branch`,
    };
  const build = await buildOf(store, scope, wanted, project, branch);
  if (build === null) return { ok: true, value: { build: null, files: [] } };
  const files = await store.db
    .selectFrom("artifacts")
    .select(["name", "digest", "sizeBytes"])
    .where("buildId", "=", build.id)
    .where("kind", "=", "file")
    .where("path", "is not", null)
    .orderBy("name")
    .execute();
  const [includes, excludes] = [patterns(wanted.includes), patterns(wanted.excludes)];
  const matches = (of: readonly string[], path: string) =>
    of.some((pattern) => globMatches(pattern, path, { ignoreCase: false }));
  const fitting = files.filter(
    ({ name }) => (includes.length === 0 || matches(includes, name)) && !matches(excludes, name),
  );
  if (fitting.length > MOST_FILES)
    return {
      ok: false,
      reason: `copyArtifacts brings at most ${MOST_FILES} files: archive them as one, by zip or tar`,
    };
  return {
    ok: true,
    value: {
      build: { id: build.id, project: project.key, number: build.number },
      files: fitting.map(({ name, digest, sizeBytes }) => ({
        path: name,
        blob: digest ?? "",
        bytes: sizeBytes ?? 0,
      })),
    },
  };
}

async function buildOf(
  store: Store,
  scope: Scope,
  { selector, parameters }: Wanted,
  project: { readonly id: number; readonly defaultBranch: string | null },
  branch: string | null,
): Promise<{ id: number; number: number } | null> {
  const builds = store.db
    .selectFrom("builds")
    .select(["builds.id", "builds.number", "builds.parameters"])
    .where("builds.projectId", "=", project.id)
    .where("builds.id", "!=", scope.buildId);
  if (selector.kind === "number")
    return (await builds.where("builds.number", "=", selector.number).executeTakeFirst()) ?? null;
  if (selector.kind === "upstream") {
    const own = await store.db
      .selectFrom("builds")
      .select("upstreamId")
      .where("id", "=", scope.buildId)
      .executeTakeFirst();
    const upstream = await builds.where("builds.id", "=", own?.upstreamId ?? -1).executeTakeFirst();
    if (upstream !== undefined || !selector.orLatest) return upstream ?? null;
  }
  const refs =
    branch === null
      ? defaultBranches(project.defaultBranch).map((name) => `refs/heads/${name}`)
      : [`refs/heads/${branch}`, `refs/tags/${branch}`];
  const latest =
    selector.kind === "latest" ? selector : { results: ["SUCCESS", "UNSTABLE"] as const, needs: "nothing" };
  const candidates = await builds
    .where("builds.ref", "in", refs)
    .where(
      "builds.state",
      "in",
      latest.results.map((result) => STATE[result]),
    )
    .$if(latest.needs === "keep", (query) => query.where("builds.keep", "=", 1))
    .$if(latest.needs === "files", (query) =>
      query.where((eb) =>
        eb.exists(
          eb
            .selectFrom("artifacts")
            .select("artifacts.id")
            .whereRef("artifacts.buildId", "=", "builds.id")
            .where("artifacts.kind", "=", "file"),
        ),
      ),
    )
    .orderBy("builds.number", "desc")
    .limit(LOOKED_AT)
    .execute();
  return candidates.find((build) => hadParameters(build.parameters, parameters)) ?? null;
}

function hadParameters(text: string, wanted: Readonly<Record<string, string>>): boolean {
  const read = Parameters.safeParse(JSON.parse(text));
  const had = read.success ? read.data : {};
  return Object.entries(wanted).every(
    ([name, value]) => Object.hasOwn(had, name) && String(had[name]) === value,
  );
}

function patterns(text: string): string[] {
  return text.split(/[,\s]+/).filter((word) => word !== "");
}
