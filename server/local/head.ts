import type { Head, HeadEvent } from "../../pipelines/ports.ts";
import { CHANGES } from "../builds/freeze.ts";
import type { ClaimedBuild } from "../builds/journal/claim-build.ts";
import type { Snapshot } from "./snapshot.ts";

/** What a person asks to be run on their own machine. */
export interface LocalRequest {
  /** Path of the Jenkinsfile below the root, and what it says. */
  readonly file: { readonly path: string; readonly text: string };
  readonly parameters: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  /** Build as if the commit stood there; null: the branch that is checked out. */
  readonly branch: string | null;
  readonly tag: string | null;
  /** Begin with this stage; null: with the first. */
  readonly stage: string | null;
  readonly person: string;
}

/** The ref that a run stands for. */
export function refOf(request: LocalRequest, snapshot: Snapshot): string {
  if (request.tag !== null) return `refs/tags/${request.tag}`;
  return `refs/heads/${request.branch ?? snapshot.branch ?? "detached"}`;
}

/** The frozen head of a run. */
export function localHead(given: {
  readonly request: LocalRequest;
  readonly snapshot: Snapshot;
  readonly build: ClaimedBuild;
  readonly projectKey: string;
  readonly url: string;
  readonly nowMs: number;
}): Head {
  const { request, snapshot, build, projectKey, url, nowMs } = given;
  const { person } = request;
  const project = `${url}/p/${projectKey}`;
  return {
    commit: snapshot.shownCommit,
    ref: refOf(request, snapshot),
    event: eventOf(request, snapshot, nowMs),
    actor: { id: person, name: person, email: null },
    parameters: request.parameters,
    file: { ...request.file, commit: snapshot.commit },
    libraries: [],
    settings: {
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      defaultLabel: null,
      environment: request.environment,
      deployTo: null,
      mayDeployTo: null,
    },
    startedAtMs: nowMs,
    changes: CHANGES,
    restartFrom: request.stage,
    trusted: true,
    project: { key: projectKey, jobName: projectKey, url: project, cloneUrl: snapshot.url ?? "" },
    build: {
      number: build.number,
      url: `${project}/b/${build.number}/`,
      serverUrl: `${url}/`,
      causes: [
        {
          class: "UserIdCause",
          text: `Started by user ${person}`,
          userId: person,
          userName: person,
          upstream: null,
        },
      ],
      previousCommit: null,
      previousSuccessfulCommit: null,
    },
    hasAgentImage: true,
    hasScm: true,
  };
}

function eventOf(request: LocalRequest, snapshot: Snapshot, nowMs: number): HeadEvent {
  if (request.tag !== null)
    return { kind: "tag", tag: request.tag, atMs: nowMs, grammar: null, fields: {}, grammars: [] };
  const branch = request.branch ?? snapshot.branch ?? "";
  return { kind: "branch", branch, primary: branch === "main" || branch === "master" };
}
