import { z } from "zod";
import type { Sources } from "../builds/sources.ts";
import type { Config } from "../config.ts";
import { ForgeError } from "../forges/errors.ts";
import { TriggerEvent } from "../forges/trigger-event.ts";
import { judgeEvent } from "../projects/judge.ts";
import { ProjectSettings } from "../projects/settings.ts";
import type { Vault } from "../secrets/vault.ts";
import type { EventKind } from "../store/states.ts";
import type { Store } from "../store/store.ts";
import type { NewBuild } from "../webhooks/new-build.ts";

/** What builds need that nobody pushed for. */
export interface BranchBuildDeps {
  readonly store: Store;
  readonly config: Config;
  readonly vault: Vault;
  readonly sources: Pick<Sources, "refs">;
}

/** Who or what asks for the build, and what for. */
export interface Asked {
  readonly projectId: number;
  /** `refs/heads/x` or `refs/tags/x`. */
  readonly ref: string;
  readonly eventKind: EventKind;
  readonly title: string;
  readonly by: string;
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  readonly upstreamId?: number;
}

/** A build that may be made, or that the ref does not exist (any more), or that its repository cannot be asked now. */
export type Composed =
  | { readonly kind: "build"; readonly build: NewBuild }
  | { readonly kind: "gone"; readonly text: string }
  | { readonly kind: "away"; readonly text: string };

const FORGE_OF = z.enum(["github", "gitlab", "gitea", "git"]);

/** A build of the head of a branch or tag, judged by the project's routes for what it may deploy; nothing is written. */
export async function composeBranchBuild(deps: BranchBuildDeps, asked: Asked): Promise<Composed> {
  const project = await deps.store.db
    .selectFrom("projects")
    .selectAll()
    .where("id", "=", asked.projectId)
    .where("archivedAtMs", "is", null)
    .executeTakeFirst();
  if (project === undefined) return { kind: "gone", text: "there is no such project" };
  let sha: string | undefined;
  try {
    sha = (await deps.sources.refs(project)).get(asked.ref);
  } catch (error) {
    if (!(error instanceof ForgeError)) throw error;
    return { kind: "away", text: `${project.repo} could not be read: ${error.message}` };
  }
  if (sha === undefined) return { kind: "gone", text: `${project.repo} has no ${asked.ref}` };
  const event = TriggerEvent.parse({
    kind: asked.ref.startsWith("refs/tags/") ? "tag" : "push",
    forge: FORGE_OF.catch("git").parse(deps.config.file.forges[project.forge]?.type),
    repoId: null,
    repo: project.repo,
    ref: asked.ref,
    name: asked.ref.replace(/^refs\/(heads|tags)\//, ""),
    before: null,
    after: sha,
    commit: sha,
    deleted: false,
    skipCi: null,
    title: asked.title,
    author: { name: asked.by, mail: null },
    actor: { login: asked.by, id: null },
    change: null,
  });
  const settings = ProjectSettings.parse(JSON.parse(project.settings));
  const verdict = judgeEvent(event, settings);
  // What no route takes may be built when it is asked for by name; it reaches no environment then.
  const routes = verdict.build
    ? verdict.frozen
    : { routes: settings.routes, tags: settings.tags, deploy: [], grammar: null, fields: {} };
  return {
    kind: "build",
    build: {
      projectId: project.id,
      deliveryId: null,
      trust: "trusted",
      eventKind: asked.eventKind,
      event: JSON.stringify(event),
      ref: asked.ref,
      sha,
      beforeSha: null,
      title: event.title,
      author: asked.by,
      authorMail: null,
      actor: asked.by,
      routes: JSON.stringify(routes),
      parameters: JSON.stringify(asked.parameters),
      dataKey: deps.vault.newDataKey(),
      ...(asked.upstreamId === undefined ? {} : { upstreamId: asked.upstreamId }),
    },
  };
}
