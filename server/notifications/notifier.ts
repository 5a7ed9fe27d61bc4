import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { sealOutcome } from "../builds/prepare-begin.ts";
import { endEffects } from "../builds/journal/end-effects.ts";
import { DamagedRecord } from "../builds/damaged.ts";
import type { BuildSeal } from "../builds/seal.ts";
import type { Failure } from "../http/contract/builds.ts";
import { indexed } from "../store/conditions.ts";
import type { Store } from "../store/store.ts";
import type { Channel, SendResult } from "./channel.ts";
import {
  type BuildFacts,
  buildMessage,
  type DeploymentFacts,
  deploymentMessage,
  eventOf,
} from "./compose.ts";
import { ChannelNotReady } from "./create-channels.ts";
import { Message, type NotifyEvent } from "./message.ts";
import { destinationsFor } from "./route.ts";
import {
  type DueNotification,
  type NewNotification,
  dueNotifications,
  overdueMessageSteps,
  queueNotifications,
  releaseTaken,
  resendNotification,
  settleNotification,
  takeNotification,
} from "./rows.ts";

/** Tells people: composes messages as rows, and sends rows until they have arrived or are given up, visibly. */
export interface Notifier {
  /** For a start, before the first sweep: what an earlier life was about to send is due again. */
  takeUp(): Promise<void>;
  buildEnded(buildId: number): Promise<void>;
  gateOpened(gateId: number): Promise<void>;
  deploymentEnded(deploymentId: number): Promise<void>;
  /** Carries out a nudge. */
  handle(id: number, signal: AbortSignal): Promise<void>;
  /** Tells of open gates whose opener died before it could; the number of gates looked at. */
  tellOfGates(): Promise<number>;
  /** Tells of builds that have ended and whose nudge was lost; the number of them. */
  tellOfEnds(): Promise<number>;
  /** Sends what is due and lets message steps go that waited long enough; the number of both. */
  sweep(signal: AbortSignal): Promise<number>;
  resend(id: number): Promise<boolean>;
}

interface Deps {
  readonly store: Store;
  readonly config: Config;
  readonly channelOf: (name: string) => Channel | null;
  readonly failureOf: (buildId: number) => Promise<Failure | null>;
  readonly sealOf: (buildId: number) => Promise<BuildSeal>;
  readonly poke: (buildId: number) => void;
  readonly log: Logger;
}

/** Pauses between attempts; after the last one a message is dead, which people see. */
const PAUSES_MS = [5_000, 30_000, 120_000, 600_000];
const STEP_PATIENCE_MS = 60_000;
/** How long whoever opens a gate has to tell of it. */
const OPENER_TELLS_MS = 5_000;
/** How long a gate that was opened again is looked for behind those that are known. */
const OPENED_AGAIN_MS = 15 * 60_000;
const NEWS_MS = 7 * 86_400_000;

export function createNotifier(deps: Deps): Notifier {
  const { store, config, log } = deps;
  /** Id of the last gate of which this process knows that people were told. */
  let toldUpTo = 0;
  /** When the gates were opened that this process has looked at, those of the last minutes. */
  const openings = new Map<number, number>();

  async function buildEnded(buildId: number): Promise<void> {
    const row = await store.db
      .selectFrom("builds")
      .innerJoin("projects", "projects.id", "builds.projectId")
      .selectAll("builds")
      .select("projects.key as key")
      .where("builds.id", "=", buildId)
      .executeTakeFirst();
    if (row === undefined || row.endedAtMs === null) return;
    const before = await previousOf(row);
    const event = eventOf(row.state, before[0]?.state ?? null);
    const told = { table: "builds", id: buildId } as const;
    if (event === null) return void (await store.call(queueNotifications, { items: [], told }));
    const failure = event === "failed" || event === "still_failing" ? await deps.failureOf(buildId) : null;
    const name = row.ref.replace(/^refs\/(heads|tags|pull|merge-requests)\//, "");
    const broken = before.findIndex((one) => one.state !== "failed" && one.state !== "unstable");
    const facts: BuildFacts = {
      project: row.key,
      number: row.number,
      path: `/p/${row.key}/b/${row.number}`,
      state: row.state,
      reasonText: row.reasonText,
      ref: { kind: row.ref.startsWith("refs/tags/") ? "tag" : "branch", name },
      sha: row.sha,
      title: row.title,
      author: row.author,
      actor: row.actor,
      durationMs: row.startedAtMs === null ? null : row.endedAtMs - row.startedAtMs,
      brokenSince:
        event === "still_failing"
          ? ((broken === -1 ? before.at(-1) : before[broken - 1])?.number ?? null)
          : null,
    };
    const message = buildMessage(facts, event, failure, config.publicUrl);
    const occasion = { event, project: row.key, ref: name, environment: null, authorMail: row.authorMail };
    const items = itemsFor(`b${buildId}`, message, occasion, { projectId: row.projectId, buildId });
    await store.call(queueNotifications, { items, told });
  }

  async function previousOf(row: { projectId: number; ref: string; number: number }) {
    return await store.db
      .selectFrom("builds")
      .select(["state", "number"])
      .where("projectId", "=", row.projectId)
      .where("ref", "=", row.ref)
      .where("number", "<", row.number)
      .where("state", "in", ["succeeded", "unstable", "failed"])
      .orderBy("number", "desc")
      .limit(100)
      .execute();
  }

  interface Occasion {
    readonly event: NotifyEvent;
    readonly project: string;
    readonly ref: string | null;
    readonly environment: string | null;
    readonly authorMail: string | null;
  }

  /** A message for each of those who want to hear of it. */
  function itemsFor(
    subject: string,
    message: Message,
    occasion: Occasion,
    about: { readonly projectId: number | null; readonly buildId: number | null },
  ): NewNotification[] {
    const threadKey = occasion.ref === null ? null : `branch-${slug(occasion.ref)}.${slug(occasion.project)}`;
    return destinationsFor(config.file, occasion).map((destination) => ({
      subject,
      event: occasion.event,
      ...destination,
      ...about,
      body: JSON.stringify(message),
      threadKey,
    }));
  }

  async function gateOpened(gateId: number): Promise<void> {
    const row = await store.db
      .selectFrom("gates")
      .innerJoin("projects", "projects.id", "gates.projectId")
      .leftJoin("builds", "builds.id", "gates.buildId")
      .select([
        "gates.message as message",
        "gates.environment as environment",
        "gates.state as state",
        "gates.deploymentId as deploymentId",
        "gates.projectId as projectId",
        "gates.buildId as buildId",
        "projects.key as key",
        "builds.number as number",
        "builds.ref as ref",
        "builds.title as title",
        "builds.actor as actor",
        "builds.authorMail as authorMail",
      ])
      .where("gates.id", "=", gateId)
      .executeTakeFirst();
    if (row === undefined || row.state !== "open") return;
    const ref = row.ref === null ? null : row.ref.replace(/^refs\/(heads|tags)\//, "");
    const facts: DeploymentFacts = {
      project: row.key,
      environment: row.environment ?? "",
      message: row.message,
      build:
        row.number === null
          ? null
          : { number: row.number, path: `/p/${row.key}/b/${row.number}`, title: row.title },
      release: null,
      images: [],
      by: row.actor,
      reasonText: null,
      path: `/gates/${gateId}`,
      ref,
    };
    const message = deploymentMessage(facts, "gate_open", config.publicUrl);
    const occasion = {
      event: "gate_open" as const,
      project: row.key,
      ref,
      environment: row.environment,
      authorMail: row.authorMail,
    };
    const again = row.deploymentId === null ? 0 : await timesAskedAgain(store, row.deploymentId);
    // People who were told of the first plan have to hear of each newer one.
    const once = again === 0 ? `g${gateId}` : `g${gateId}.${again}`;
    const items = itemsFor(once, message, occasion, { projectId: row.projectId, buildId: row.buildId });
    if (items.length > 0) await store.call(queueNotifications, { items, told: null });
  }

  const ENDS = {
    succeeded: "deployed",
    failed: "deploy_failed",
    rollback_failed: "deploy_failed",
    rolled_back: "rolled_back",
  } as const;

  async function deploymentEnded(deploymentId: number): Promise<void> {
    const row = await store.db
      .selectFrom("deployments")
      .innerJoin("projects", "projects.id", "deployments.projectId")
      .leftJoin("builds", "builds.id", "deployments.buildId")
      .selectAll("deployments")
      .select([
        "projects.key as key",
        "builds.number as number",
        "builds.title as title",
        "builds.authorMail as authorMail",
      ])
      .where("deployments.id", "=", deploymentId)
      .executeTakeFirst();
    if (row === undefined) return;
    const { state } = row;
    const told = { table: "deployments", id: deploymentId } as const;
    if (state === "withdrawn") return void (await store.call(queueNotifications, { items: [], told }));
    if (state !== "succeeded" && state !== "failed" && state !== "rolled_back" && state !== "rollback_failed")
      return;
    const event = ENDS[state];
    const images: unknown = JSON.parse(row.images);
    const ref = row.ref === null ? null : row.ref.replace(/^refs\/(heads|tags)\//, "");
    const facts: DeploymentFacts = {
      project: row.key,
      environment: row.environment,
      message: row.message ?? "",
      build:
        row.number === null
          ? null
          : { number: row.number, path: `/p/${row.key}/b/${row.number}`, title: row.title },
      release: row.release,
      images: typeof images === "object" && images !== null ? Object.values(images).map(String) : [],
      by: row.approvedBy,
      reasonText: row.reasonText,
      path: `/deployments/${deploymentId}`,
      ref,
    };
    const message = deploymentMessage(facts, event, config.publicUrl);
    const occasion = {
      event,
      project: row.key,
      ref,
      environment: row.environment,
      authorMail: row.authorMail,
    };
    const about = { projectId: row.projectId, buildId: row.buildId };
    const items = itemsFor(`d${deploymentId}`, message, occasion, about);
    await store.call(queueNotifications, { items, told });
  }

  async function handle(id: number, signal: AbortSignal): Promise<void> {
    const due = await store.call(takeNotification, { id });
    if (due === null) return;
    const messageId = `${due.subject}.${due.event}.${due.id}`;
    const result = await attempt(due, messageId, signal);
    const pauseMs = result.kind === "retry" ? (result.afterMs ?? PAUSES_MS[due.attempts - 1] ?? null) : null;
    const over = result.kind === "retry" && due.attempts > PAUSES_MS.length;
    const state =
      result.kind === "sent"
        ? "sent"
        : result.kind === "broken" || over || pauseMs === null
          ? "dead"
          : "retrying";
    if (state === "dead")
      log.warn(
        { notification: id, channel: due.channel, answer: result.answer },
        "a message could not be sent",
      );
    const outcome =
      due.effectId === null || due.buildId === null ? null : await sealedDone(due.buildId, due.effectId);
    const build = await store.call(settleNotification, {
      id,
      state,
      answer: result.answer,
      messageId,
      afterMs: pauseMs ?? 0,
      outcome,
    });
    if (build !== null) deps.poke(build);
  }

  /** What the step of a message ends with; null where its build is damaged, and over for that. */
  async function sealedDone(buildId: number, effectId: string): Promise<Uint8Array | null> {
    try {
      return sealOutcome(await deps.sealOf(buildId), effectId, { value: null });
    } catch (error) {
      if (error instanceof DamagedRecord) return null;
      throw error;
    }
  }

  async function attempt(due: DueNotification, messageId: string, signal: AbortSignal): Promise<SendResult> {
    const channel = deps.channelOf(due.channel);
    if (channel === null)
      return { kind: "broken", answer: `there is no channel "${due.channel}" in the configuration` };
    try {
      const message = Message.parse(JSON.parse(due.body));
      return await channel.send(
        { message, recipient: due.recipient, messageId, threadKey: due.threadKey },
        signal,
      );
    } catch (error) {
      if (error instanceof ChannelNotReady) return { kind: "broken", answer: error.message };
      log.error({ notification: due.id, err: error }, "a message failed in an unexpected way");
      return {
        kind: "retry",
        answer: "it failed in an unexpected way; the server's log says how",
        afterMs: null,
      };
    }
  }

  /** Looks at each opening of a gate once in a server's life. */
  async function tellOfGates(): Promise<number> {
    const nowMs = await store.nowMs();
    const open = store.db
      .selectFrom("gates")
      .select(["id", "openedAtMs"])
      .where(indexed("gateOpen"))
      .limit(50);
    const next = await open.where("id", ">", toldUpTo).orderBy("id").execute();
    // Its deployment was asked about again: the id is an old one.
    const opened = await open
      .where("id", "<=", toldUpTo)
      .where("openedAtMs", ">", nowMs - OPENED_AGAIN_MS)
      .orderBy("openedAtMs", "desc")
      .execute();
    let looked = 0;
    for (const { id, openedAtMs } of [...opened, ...next]) {
      // Whoever has just opened it is about to tell; an old one that was read and filed is not news after a restart.
      if (openedAtMs > nowMs - OPENER_TELLS_MS) continue;
      if (openings.get(id) === openedAtMs) continue;
      openings.set(id, openedAtMs);
      try {
        if (openedAtMs > nowMs - NEWS_MS) await gateOpened(id);
      } catch (error) {
        // The gates behind it are told of all the same.
        log.error({ gate: id, err: error }, "people could not be told of an open gate");
      }
      looked += 1;
    }
    toldUpTo = next.findLast(({ openedAtMs }) => openedAtMs <= nowMs - OPENER_TELLS_MS)?.id ?? toldUpTo;
    for (const [id, atMs] of openings) if (atMs < nowMs - OPENED_AGAIN_MS) openings.delete(id);
    return looked;
  }

  async function tellOfEnds(): Promise<number> {
    const ended = await store.db
      .selectFrom("builds")
      .select("id")
      .where(indexed("buildEndUntold"))
      .orderBy("id")
      .limit(50)
      .execute();
    for (const { id } of ended) {
      try {
        await buildEnded(id);
      } catch (error) {
        log.error({ build: id, err: error }, "people could not be told how a build ended; it is tried again");
      }
    }
    return ended.length;
  }

  async function sweep(signal: AbortSignal): Promise<number> {
    const due = await store.call(dueNotifications, { limit: 100 });
    for (const id of due) await handle(id, signal);
    const overdue = await store.call(overdueMessageSteps, { afterMs: STEP_PATIENCE_MS });
    for (const { buildId, effectId } of overdue) {
      const outcome = await sealedDone(buildId, effectId);
      if (outcome === null) continue;
      for (const build of await store.call(endEffects, {
        ends: [{ buildId, effectId, outcome, exitCode: null }],
      }))
        deps.poke(build);
    }
    return due.length + overdue.length;
  }

  return {
    takeUp: async () => void (await store.call(releaseTaken, {})),
    buildEnded,
    gateOpened,
    deploymentEnded,
    tellOfGates,
    tellOfEnds,
    handle,
    sweep,
    resend: (id) => store.call(resendNotification, { id }),
  };
}

function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}

/** How often people were asked anew about a deployment, since its plan had gone out of date. */
async function timesAskedAgain(store: Store, deploymentId: number): Promise<number> {
  const lines = await store.db
    .selectFrom("deploymentLines")
    .select("id")
    .where("deploymentId", "=", deploymentId)
    .where("kind", "=", "asked-again")
    .execute();
  return lines.length;
}
