import { z } from "zod";
import type { Head, HeadCause, HeadEvent, Stored } from "../../pipelines/ports.ts";
import type { Config } from "../config.ts";
import { ForgeError, isWorthRepeating } from "../forges/errors.ts";
import type { ForgeProject } from "../forges/forges.ts";
import { TriggerEvent } from "../forges/trigger-event.ts";
import { FrozenRoutes } from "../projects/route.ts";
import { ProjectSettings } from "../projects/settings.ts";
import { parseTagGrammar, readTag } from "../projects/tag-grammar.ts";
import type { Store } from "../store/store.ts";
import type { Frozen } from "./host.ts";
import type { CommitFacts } from "./journal/load-build.ts";
import type { ClaimedBuild } from "./journal/claim-build.ts";
import { freezeLibraries } from "./freeze-libraries.ts";
import type { Sources } from "./sources.ts";

/** Behaviours that new builds have; an older build keeps the list it was made with. */
export const CHANGES: readonly string[] = ["settings-said-always", "docker-loses-agents", "cause-classes"];

interface Deps {
  readonly store: Store;
  readonly config: Config;
  readonly sources: Sources;
  readonly nowMs: () => number;
}

const Parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/**
 * Reads once everything a build depends on: commit, file, parameters, settings. An untrusted change is run by the target
 * branch's file, so that nobody changes the rules in the change itself.
 */
export async function freeze(deps: Deps, build: ClaimedBuild): Promise<Frozen> {
  const project = await deps.store.db
    .selectFrom("projects")
    .selectAll()
    .where("id", "=", build.projectId)
    .executeTakeFirstOrThrow();
  const settings = ProjectSettings.parse(JSON.parse(project.settings));
  const event = TriggerEvent.parse(JSON.parse(build.event));
  const routes = FrozenRoutes.parse(JSON.parse(build.routes));
  const trusted = build.trust === "trusted";
  try {
    const commit = build.sha ?? (await deps.sources.refs(project)).get(build.ref) ?? null;
    if (commit === null)
      return { kind: "failed", code: "git_fetch", text: `${project.repo} has no ${build.ref} any more` };
    await deps.sources.ensure(project, commit, build.ref);
    const fileCommit = trusted ? commit : await targetCommit(deps, project, event);
    const text = await deps.sources.readFile(project, fileCommit, settings.jenkinsfile);
    const facts = await deps.sources.facts(project, commit);
    if (text === null) return withoutFile(settings.jenkinsfile, fileCommit, { sha: commit, facts });
    const libraries = await freezeLibraries(deps, text);
    if (!libraries.ok) return refusedFile(libraries.text, { sha: commit, facts });
    const before = await previousCommits(deps.store, build);
    const startedAtMs = deps.nowMs();
    const head: Head = {
      commit,
      ref: build.ref,
      event: headEvent(event, routes, facts.atMs, project.defaultBranch),
      actor: actorOf(build, event),
      parameters: parametersOf(build.parameters),
      file: { path: settings.jenkinsfile, text, commit: fileCommit },
      libraries: libraries.libraries,
      settings: {
        timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        defaultLabel: null,
        environment: {},
        deployTo: routes.deploy,
        mayDeployTo: routes.deploy,
      },
      startedAtMs,
      changes: CHANGES,
      restartFrom: build.restartFrom,
      trusted,
      project: {
        key: project.key,
        jobName: `${project.key}/${encodeURIComponent(event.name)}`,
        url: `${deps.config.publicUrl}/p/${project.key}`,
        cloneUrl: project.cloneUrl ?? "",
      },
      build: {
        number: build.number,
        url: `${deps.config.publicUrl}/p/${project.key}/b/${build.number}/`,
        serverUrl: `${deps.config.publicUrl}/`,
        causes: [await causeOf(deps, build, event)],
        ...before,
      },
      hasAgentImage: true,
      hasScm: true,
    };
    return { kind: "head", head, facts };
  } catch (error) {
    if (error instanceof ForgeError)
      return {
        kind: "failed",
        code: "git_fetch",
        text: `${project.repo} could not be read: ${error.message}`,
        isAway: isWorthRepeating(error),
      };
    throw error;
  }
}

function withoutFile(path: string, commit: string, commitFacts: { sha: string; facts: CommitFacts }): Frozen {
  const text = `There is no ${path} at commit ${commit.slice(0, 12)}. Add one, or name another file as "jenkinsfile" of the project in sluice.yml`;
  return refusedFile(text, commitFacts);
}

function refusedFile(text: string, commit: { sha: string; facts: CommitFacts }): Frozen {
  return { kind: "invalid", console: [`ERROR: ${text}`, "Finished: FAILURE"], text, commit };
}

async function targetCommit(deps: Deps, project: ForgeProject, event: TriggerEvent): Promise<string> {
  const ref = `refs/heads/${event.change?.baseRef ?? ""}`;
  const sha = (await deps.sources.refs(project)).get(ref);
  if (sha === undefined) throw new ForgeError("not_found", `the target branch ${ref} is gone`);
  await deps.sources.ensure(project, sha, ref);
  return sha;
}

function headEvent(
  event: TriggerEvent,
  routes: FrozenRoutes,
  commitAtMs: number,
  defaultBranch: string | null,
): HeadEvent {
  if (event.kind === "push")
    return {
      kind: "branch",
      branch: event.name,
      primary:
        defaultBranch === null
          ? event.name === "main" || event.name === "master"
          : event.name === defaultBranch,
    };
  if (event.kind === "tag")
    return {
      kind: "tag",
      tag: event.name,
      atMs: commitAtMs,
      grammar: routes.grammar,
      fields: routes.fields,
      grammars: Object.entries(routes.tags)
        .filter(([, source]) => fits(source, event.name))
        .map(([name]) => name),
    };
  const change = event.change;
  return {
    kind: "change",
    number: `${change?.number ?? event.name}`,
    name: `PR-${change?.number ?? event.name}`,
    title: change?.title ?? event.title,
    url: "",
    author: change?.author ?? event.actor.login,
    authorName: event.author.name,
    authorEmail: event.author.mail ?? "",
    source: change?.headRef ?? "",
    target: change?.baseRef ?? "",
    fork: change?.fork === true ? (change.headRepoId ?? "unknown") : null,
  };
}

function fits(source: string, tag: string): boolean {
  const grammar = parseTagGrammar(source);
  return grammar.ok && readTag(grammar.grammar, tag).kind === "match";
}

function actorOf(build: ClaimedBuild, event: TriggerEvent): Head["actor"] {
  const id = build.actor ?? event.actor.login;
  return id === "" ? null : { id, name: build.author ?? id, email: build.authorMail };
}

function parametersOf(text: string): Record<string, Stored> {
  return Parameters.catch({}).parse(JSON.parse(text));
}

async function causeOf(deps: Deps, build: ClaimedBuild, event: TriggerEvent): Promise<HeadCause> {
  const by = build.actor ?? event.actor.login;
  if (build.restartOf !== null)
    return { class: "ReplayCause", text: `Restarted by ${by}`, userId: by, userName: by, upstream: null };
  if (build.eventKind === "manual" || build.eventKind === "api")
    return { class: "UserIdCause", text: `Started by user ${by}`, userId: by, userName: by, upstream: null };
  if (build.eventKind === "cron")
    return {
      class: "TimerTriggerCause",
      text: "Started by timer",
      userId: null,
      userName: null,
      upstream: null,
    };
  const upstream = await upstreamOf(deps, build.id);
  if (upstream !== null)
    return {
      class: "UpstreamCause",
      text: `Started by upstream project "${upstream.project}" build number ${upstream.number}`,
      userId: null,
      userName: null,
      upstream,
    };
  const text = event.kind === "change" ? "Pull request event" : "Push event to branch " + event.name;
  return { class: "BranchEventCause", text, userId: null, userName: null, upstream: null };
}

/** The build whose step, or whose end, started this one. */
async function upstreamOf(deps: Deps, buildId: number): Promise<HeadCause["upstream"]> {
  const row = await deps.store.db
    .selectFrom("builds")
    .innerJoin("builds as upstream", "upstream.id", "builds.upstreamId")
    .innerJoin("projects", "projects.id", "upstream.projectId")
    .select(["projects.key as project", "upstream.number as number"])
    .where("builds.id", "=", buildId)
    .executeTakeFirst();
  return row === undefined
    ? null
    : { ...row, url: `${deps.config.publicUrl}/p/${row.project}/b/${row.number}/` };
}

async function previousCommits(store: Store, build: ClaimedBuild) {
  const rows = await store.db
    .selectFrom("builds")
    .select(["sha", "state"])
    .where("projectId", "=", build.projectId)
    .where("ref", "=", build.ref)
    .where("number", "<", build.number)
    .where("state", "in", ["succeeded", "unstable", "failed", "aborted"])
    .orderBy("number", "desc")
    .limit(50)
    .execute();
  return {
    previousCommit: rows[0]?.sha ?? null,
    previousSuccessfulCommit: rows.find((row) => row.state === "succeeded")?.sha ?? null,
  };
}
