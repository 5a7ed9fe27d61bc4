import { createHash } from "node:crypto";
import type { HookReading, HookRequest } from "../forges/hook.ts";
import { hookOf } from "../forges/hooks.ts";
import type { TriggerEvent } from "../forges/trigger-event.ts";
import { judgeEvent } from "../projects/judge.ts";
import type { VerdictLine } from "../projects/judge.ts";
import { isStoreError } from "../store/errors.ts";
import type { Store } from "../store/store.ts";
import type { DeliverySource } from "../store/states.ts";
import type { HookProject, HookProjects } from "./hook-projects.ts";
import { recordDelivery, recordRefusal } from "./record.ts";
import type { JudgedDelivery, Recorded } from "./record.ts";

/** What receiving needs. `newDataKey` gives a fresh key for a build, wrapped by the vault. */
export interface ReceiveDeps {
  readonly store: Store;
  readonly projects: HookProjects;
  readonly clock: { nowMs(): number };
  readonly newDataKey: () => Uint8Array;
}

/** A request at a hook's address, read whole. */
export interface Incoming extends HookRequest {
  readonly hook: string;
  readonly address: string | null;
}

/** The answer to a forge: recorded, or refused with a status and words that tell a stranger nothing. */
export type ReceiveResult =
  | { readonly kind: "recorded"; readonly project: HookProject; readonly recorded: Recorded }
  | { readonly kind: "refused"; readonly status: 400 | 401 | 404; readonly text: string };

/** The words of every 401: whether the secret is wrong or missing is told on the page, not to the caller. */
export const NOT_SIGNED = "the signature does not match";
const UNKNOWN_HOOK = "there is no hook at this address";
/** A project that changes again and again while we judge is looked at this often. */
const MAX_STALE = 5;

/** Receives one delivery: verify, read, judge, record. Calls nothing outside. */
export async function receive(deps: ReceiveDeps, incoming: Incoming): Promise<ReceiveResult> {
  for (let attempt = 0; attempt < MAX_STALE; attempt += 1) {
    const project = await deps.projects.find(incoming.hook);
    if (project === null) return await refuse(deps, incoming, null, 404, UNKNOWN_HOOK, UNKNOWN_HOOK);
    if (!isSigned(deps, project, incoming)) {
      // The secret may have been renewed elsewhere a moment ago: look once more before saying no.
      if (attempt === 0) {
        deps.projects.forget(incoming.hook);
        continue;
      }
      const text = whyUnsigned(incoming);
      return await refuse(deps, incoming, project, 401, NOT_SIGNED, text);
    }
    const reading = hookOf(project.forgeType).read(incoming);
    if (reading.kind === "unreadable")
      return await refuse(deps, incoming, project, 400, reading.because, reading.because);
    if (reading.kind === "event" && !isOfProject(reading.event, project)) {
      const because = `this is a delivery of ${reading.event.repo}, the hook belongs to ${project.repo}`;
      return await refuse(deps, incoming, project, 400, because, because);
    }
    const recorded = await recordReading(deps, project, reading, {
      source: "webhook",
      dedupeKey: hookOf(project.forgeType).deliveryId(incoming),
      request: incoming,
      address: incoming.address,
      replayOf: null,
      again: false,
    });
    if (recorded !== null) return { kind: "recorded", project, recorded };
    deps.projects.forget(incoming.hook);
  }
  throw new Error(`the project of hook ${incoming.hook.slice(0, 6)}… changes faster than it can be judged`);
}

/** Where a reading comes from, beside the reading itself. */
export interface Origin {
  readonly source: DeliverySource;
  readonly dedupeKey: string | null;
  readonly request: HookRequest | null;
  readonly address: string | null;
  readonly replayOf: number | null;
  readonly again: boolean;
}

/** Judges a reading and records it; null when the project has changed since it was loaded. */
export async function recordReading(
  deps: ReceiveDeps,
  project: HookProject,
  reading: Exclude<HookReading, { kind: "unreadable" }>,
  origin: Origin,
): Promise<Recorded | null> {
  const judged = judge(project, reading, origin);
  const build = judged.frozen === null ? null : newBuild(deps, judged.frozen.event, judged.frozen.routes);
  const input = { ...judged.delivery, build };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const result = await deps.store.call(recordDelivery, input);
      return result.kind === "stale" ? null : result;
    } catch (error) {
      // Two deliveries of one id at once: the second finds the first by now.
      if (input.dedupeKey === null || attempt === MAX_STALE || !isStoreError(error, "conflict")) throw error;
    }
  }
}

interface Judged {
  readonly delivery: Omit<JudgedDelivery, "build">;
  readonly frozen: { readonly event: TriggerEvent; readonly routes: string } | null;
}

function judge(
  project: HookProject,
  reading: Exclude<HookReading, { kind: "unreadable" }>,
  origin: Origin,
): Judged {
  const { request } = origin;
  const hook = hookOf(project.forgeType);
  const base = {
    projectId: project.id,
    projectVersion: project.version,
    hook: project.hook,
    source: origin.source,
    forge: project.forgeType,
    dedupeKey: origin.dedupeKey,
    eventName: request === null ? null : hook.eventName(request),
    headers: JSON.stringify(request === null ? {} : keptHeaders(request.headers)),
    body: request?.body ?? null,
    bodySha256: request === null ? null : createHash("sha256").update(request.body).digest("hex"),
    bodySize: request?.body.byteLength ?? 0,
    address: origin.address,
    replayOf: origin.replayOf,
    again: origin.again,
  };
  const signed: VerdictLine = SOURCE_LINES[origin.source];
  if (reading.kind === "ignored") {
    const lines = [signed, { rule: "event", ok: false, text: reading.because }];
    const delivery = {
      ...base,
      verdict: JSON.stringify(lines),
      because: reading.because,
      event: null,
      move: null,
    };
    return { delivery, frozen: null };
  }
  const { event } = reading;
  const verdict = judgeEvent(event, project.rules);
  const lines = [signed, { rule: "event", ok: true, text: EVENT_TEXTS[event.kind] }, ...verdict.lines];
  const move = {
    ref: event.ref,
    before: event.before,
    after: event.after,
    known: event.kind !== "change" || event.before !== null,
  };
  const delivery = {
    ...base,
    verdict: JSON.stringify(lines),
    because: verdict.build ? null : verdict.because,
    event: JSON.stringify(event),
    move,
  };
  return { delivery, frozen: verdict.build ? { event, routes: JSON.stringify(verdict.frozen) } : null };
}

const SOURCE_LINES: Readonly<Record<DeliverySource, VerdictLine>> = {
  webhook: { rule: "signature", ok: true, text: "the signature matches" },
  registry: { rule: "signature", ok: true, text: "the signature matches" },
  sweep: { rule: "sweep", ok: true, text: "found by comparing the repository's refs with those recorded" },
  replay: { rule: "replay", ok: true, text: "a stored delivery, judged again" },
};

const EVENT_TEXTS = { push: "a push to a branch", tag: "a tag", change: "a change request" } as const;

function newBuild(
  deps: ReceiveDeps,
  event: TriggerEvent,
  routes: string,
): NonNullable<JudgedDelivery["build"]> {
  return {
    // A push or tag reached the base repository, so whoever pushed could write; anybody may open a change request.
    trust: event.kind === "change" ? "unknown" : "trusted",
    eventKind: event.kind,
    event: JSON.stringify(event),
    ref: event.ref,
    sha: event.commit,
    beforeSha: event.before,
    title: event.title,
    author: event.author.name,
    authorMail: event.author.mail,
    actor: event.actor.login,
    routes,
    parameters: "{}",
    dataKey: deps.newDataKey(),
  };
}

function isSigned(deps: ReceiveDeps, project: HookProject, incoming: Incoming): boolean {
  const nowMs = deps.clock.nowMs();
  const valid = project.secrets.filter((secret) => secret.untilMs === null || secret.untilMs > nowMs);
  return hookOf(project.forgeType).isSigned(
    incoming,
    valid.map((secret) => secret.text),
    nowMs,
  );
}

function isOfProject(event: TriggerEvent, project: HookProject): boolean {
  return event.repo.toLowerCase() === project.repo.toLowerCase();
}

const SIGNATURE_HEADERS = [
  "x-hub-signature-256",
  "x-gitea-signature",
  "x-forgejo-signature",
  "x-gitlab-token",
  "webhook-signature",
];

function whyUnsigned({ headers }: Incoming): string {
  const given = SIGNATURE_HEADERS.filter((name) => (headers[name] ?? "") !== "");
  return given.length === 0
    ? "no signature came with it: set the hook's secret at the forge"
    : "the signature does not match: the secret at the forge and the one here differ";
}

// Those by which a stored delivery can be read again; never a signature, a token or a cookie.
const KEPT = new Set([
  "content-type",
  "user-agent",
  "x-github-event",
  "x-github-delivery",
  "x-gitlab-event",
  "x-gitlab-event-uuid",
  "idempotency-key",
  "x-gitea-event",
  "x-gitea-event-type",
  "x-gitea-delivery",
  "x-forgejo-event",
  "x-forgejo-delivery",
  "webhook-id",
  "webhook-timestamp",
]);
const MAX_HEADER = 500;

function keptHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => KEPT.has(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, value.slice(0, MAX_HEADER)]));
}

async function refuse(
  deps: ReceiveDeps,
  incoming: Incoming,
  project: HookProject | null,
  status: 400 | 401 | 404,
  text: string,
  reason: string,
): Promise<ReceiveResult> {
  await deps.store.call(recordRefusal, {
    hook: incoming.hook.slice(0, 64),
    projectId: project?.id ?? null,
    forge: project?.forgeType ?? null,
    eventName: project === null ? null : hookOf(project.forgeType).eventName(incoming),
    headerNames: Object.keys(incoming.headers).slice(0, 100),
    bodySize: incoming.body.byteLength,
    address: incoming.address,
    status,
    reason,
  });
  return { kind: "refused", status, text };
}
