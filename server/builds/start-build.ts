import { z } from "zod";
import type { Config } from "../config.ts";
import { ForgeError } from "../forges/errors.ts";
import { TriggerEvent } from "../forges/trigger-event.ts";
import { type Actor, type Outcome, refused } from "../http/world.ts";
import { judgeEvent } from "../projects/judge.ts";
import { ProjectSettings } from "../projects/settings.ts";
import type { Vault } from "../secrets/vault.ts";
import type { Store } from "../store/store.ts";
import { insertBuild } from "./journal/insert-build.ts";
import type { Sources } from "./sources.ts";

interface Deps {
  readonly store: Store;
  readonly config: Config;
  readonly vault: Vault;
  readonly sources: Sources;
}

type Started = Outcome<{ id: number; number: number }>;

const FORGE_OF = z.enum(["github", "gitlab", "gitea", "git"]);

/** Starts a build by hand at a branch, tag or commit, judged by the project's routes for what it may deploy. */
export async function startBuild(
  deps: Deps,
  request: {
    readonly projectId: number;
    readonly ref: string | null;
    readonly parameters: Readonly<Record<string, string | number | boolean>>;
  },
  by: Actor,
): Promise<Started> {
  const project = await deps.store.db
    .selectFrom("projects")
    .selectAll()
    .where("id", "=", request.projectId)
    .where("archivedAtMs", "is", null)
    .executeTakeFirst();
  if (project === undefined) return refused(404, "not_found", "there is no such project");
  const wanted = request.ref ?? project.defaultBranch ?? "main";
  let refs: ReadonlyMap<string, string>;
  try {
    refs = await deps.sources.refs(project);
  } catch (error) {
    if (error instanceof ForgeError)
      return refused(503, "forge_away", `${project.repo} could not be read: ${error.message}`);
    throw error;
  }
  const candidates = wanted.startsWith("refs/") ? [wanted] : [`refs/heads/${wanted}`, `refs/tags/${wanted}`];
  const ref = candidates.find((name) => refs.has(name));
  if (ref === undefined)
    return refused(422, "unknown_ref", `${project.repo} has no branch or tag "${wanted}"`);
  const sha = refs.get(ref) ?? "";
  const name = ref.replace(/^refs\/(heads|tags)\//, "");
  const event = TriggerEvent.parse({
    kind: ref.startsWith("refs/tags/") ? "tag" : "push",
    forge: FORGE_OF.catch("git").parse(deps.config.file.forges[project.forge]?.type),
    repoId: null,
    repo: project.repo,
    ref,
    name,
    before: null,
    after: sha,
    commit: sha,
    deleted: false,
    skipCi: null,
    title: `Started by ${by.login}`,
    author: { name: by.login, mail: null },
    actor: { login: by.login, id: null },
    change: null,
  });
  const settings = ProjectSettings.parse(JSON.parse(project.settings));
  const verdict = judgeEvent(event, settings);
  // A person may build what no route takes; it reaches no environment then.
  const routes = verdict.build
    ? verdict.frozen
    : { routes: settings.routes, tags: settings.tags, deploy: [], grammar: null, fields: {} };
  const made = await deps.store.call(insertBuild, {
    build: {
      projectId: project.id,
      deliveryId: null,
      trust: "trusted",
      eventKind: "manual",
      event: JSON.stringify(event),
      ref,
      sha,
      beforeSha: null,
      title: event.title,
      author: by.login,
      authorMail: null,
      actor: by.login,
      routes: JSON.stringify(routes),
      parameters: JSON.stringify(request.parameters),
      dataKey: deps.vault.newDataKey(),
    },
  });
  return { ok: true, value: made };
}

/** A new build of the same commit and parameters, from the start or from a top-level stage. Gates ask again. */
export async function restartBuild(
  deps: Pick<Deps, "store" | "vault">,
  buildId: number,
  stage: string | null,
  by: Actor,
): Promise<Started> {
  const build = await deps.store.db
    .selectFrom("builds")
    .selectAll()
    .where("id", "=", buildId)
    .executeTakeFirst();
  if (build === undefined) return refused(404, "not_found", "there is no such build");
  if (build.endedAtMs === null) return refused(409, "conflict", "this build has not ended yet");
  if (build.trust !== "trusted")
    return refused(
      409,
      "conflict",
      "a build of an untrusted change is allowed anew by its own approval, not restarted",
    );
  if (stage !== null) {
    const known = await deps.store.db
      .selectFrom("stages")
      .select("name")
      .where("buildId", "=", buildId)
      .where("parent", "is", null)
      .execute();
    if (!known.some((row) => row.name === stage))
      return refused(
        422,
        "unknown_stage",
        `this build has no top-level stage "${stage}"; it has: ${known.map((row) => row.name).join(", ")}`,
      );
  }
  const made = await deps.store.call(insertBuild, {
    build: {
      projectId: build.projectId,
      deliveryId: build.deliveryId,
      trust: "trusted",
      eventKind: "restart",
      event: build.event,
      ref: build.ref,
      sha: build.sha,
      beforeSha: build.beforeSha,
      title: build.title ?? "",
      author: build.author ?? "",
      authorMail: build.authorMail,
      actor: by.login,
      routes: build.routes,
      parameters: build.parameters,
      dataKey: deps.vault.newDataKey(),
      restartOf: build.id,
      ...(stage === null ? {} : { restartFrom: stage }),
    },
  });
  return { ok: true, value: made };
}
