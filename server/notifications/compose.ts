import type { Failure } from "../http/contract/builds.ts";
import type { BuildState } from "../store/states.ts";
import { excerptOf, type Message, type NotifyEvent } from "./message.ts";

/** A build as messages speak of it. */
export interface BuildFacts {
  readonly project: string;
  readonly number: number;
  readonly path: string;
  readonly state: BuildState;
  readonly reasonText: string | null;
  readonly ref: { readonly kind: string; readonly name: string };
  readonly sha: string | null;
  readonly title: string | null;
  readonly author: string | null;
  readonly actor: string | null;
  readonly durationMs: number | null;
  /** Number of the first build of the branch that failed in this row of failures. */
  readonly brokenSince: number | null;
}

const WORDS: Partial<Record<NotifyEvent, string>> = {
  failed: "failed",
  still_failing: "still fails",
  fixed: "is fixed",
  succeeded: "succeeded",
  aborted: "was stopped",
};

/** What happened to a build, against how the one before it ended. Null: nothing worth a word. */
export function eventOf(state: BuildState, before: BuildState | null): NotifyEvent | null {
  const bad = (one: BuildState | null) => one === "failed" || one === "unstable";
  if (bad(state)) return bad(before) ? "still_failing" : "failed";
  if (state === "succeeded") return bad(before) ? "fixed" : "succeeded";
  return state === "aborted" ? "aborted" : null;
}

/** The message of a build's end. Its first link opens the failing line. */
export function buildMessage(
  facts: BuildFacts,
  event: NotifyEvent,
  failure: Failure | null,
  publicUrl: string,
): Message {
  const url = `${publicUrl}${facts.path}`;
  const where = failure?.stage ?? null;
  const stepUrl =
    failure?.step === null || failure?.step === undefined
      ? url
      : `${url}/s/${failure.step}${failure.line === null ? "" : `#L${failure.line}`}`;
  const bad = event === "failed" || event === "still_failing";
  return {
    event,
    title: `${facts.project} #${facts.number} ${WORDS[event] ?? event}${where === null || !bad ? "" : `: ${where}`} (${facts.ref.name})`,
    facts: [
      ...(bad && where !== null
        ? [{ label: "Stage", value: `${where} › ${failure?.label ?? ""}`, href: stepUrl }]
        : []),
      ...(facts.reasonText === null ? [] : [{ label: "Reason", value: facts.reasonText, href: null }]),
      { label: facts.ref.kind === "tag" ? "Tag" : "Branch", value: facts.ref.name, href: null },
      { label: "Commit", value: `${(facts.sha ?? "").slice(0, 8)} ${facts.title ?? ""}`.trim(), href: null },
      {
        label: "By",
        value: [facts.author, facts.actor].find((name) => name !== null && name !== "") ?? "unknown",
        href: null,
      },
      ...(facts.durationMs === null
        ? []
        : [{ label: "Took", value: durationText(facts.durationMs), href: null }]),
      ...(facts.brokenSince === null
        ? []
        : [{ label: "Broken since", value: `#${facts.brokenSince}`, href: null }]),
    ],
    excerpt:
      bad && failure !== null && failure.excerpt.length > 0
        ? excerptOf(failure.excerpt.map((line) => line.text).join("\n"), 14)
        : null,
    links: [
      {
        label:
          bad && failure?.line !== null && failure?.line !== undefined
            ? "Open the failing line"
            : `Open build ${facts.number}`,
        url: stepUrl,
      },
    ],
    body: null,
    project: facts.project,
    branch: facts.ref.name,
  };
}

/** A gate or a deployment as messages speak of it. */
export interface DeploymentFacts {
  readonly project: string;
  readonly environment: string;
  readonly message: string;
  readonly build: { readonly number: number; readonly path: string; readonly title: string | null } | null;
  readonly release: number | null;
  readonly images: readonly string[];
  readonly by: string | null;
  readonly reasonText: string | null;
  readonly path: string;
  readonly ref: string | null;
}

const TITLES: Partial<Record<NotifyEvent, string>> = {
  gate_open: "waits for a decision",
  deployed: "is deployed",
  deploy_failed: "could not be deployed",
  rolled_back: "was rolled back",
};

/** The message of a gate that opened or a deployment that ended. The link leads to a page; it decides nothing. */
export function deploymentMessage(facts: DeploymentFacts, event: NotifyEvent, publicUrl: string): Message {
  const what = facts.build === null ? facts.project : `${facts.project} #${facts.build.number}`;
  return {
    event,
    title: `${what} ${TITLES[event] ?? event}${facts.environment === "" ? "" : ` (${facts.environment})`}`,
    facts: [
      ...(facts.environment === "" ? [] : [{ label: "Environment", value: facts.environment, href: null }]),
      ...(facts.message === "" ? [] : [{ label: "Question", value: facts.message, href: null }]),
      ...(facts.release === null ? [] : [{ label: "Release", value: `${facts.release}`, href: null }]),
      ...facts.images.map((image) => ({ label: "Image", value: image, href: null })),
      ...(facts.reasonText === null ? [] : [{ label: "Reason", value: facts.reasonText, href: null }]),
      ...(facts.ref === null ? [] : [{ label: "Ref", value: facts.ref, href: null }]),
      ...(facts.by === null ? [] : [{ label: "By", value: facts.by, href: null }]),
    ],
    excerpt: null,
    links: [
      {
        label: event === "gate_open" ? "Look and decide" : "Open the deployment",
        url: `${publicUrl}${facts.path}`,
      },
    ],
    body: null,
    project: facts.project,
    branch: facts.ref,
  };
}

function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
