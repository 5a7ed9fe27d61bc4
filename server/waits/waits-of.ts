import { sql } from "kysely";
import { z } from "zod";
import { namesOf, readWishes, wordsOf } from "../locks/wish.ts";
import type { Store } from "../store/store.ts";
import { readWait, type WaitCause } from "./cause.ts";
import { describe, type Wait } from "./describe.ts";

/** An unfinished build, as far as its waits are read from its own row. */
export interface WaitingBuild {
  readonly id: number;
  readonly state: string;
  readonly waitCode: string | null;
  readonly waitFacts: string | null;
  readonly waitSinceMs: number | null;
  readonly createdAtMs: number;
}

/** A nudge that is older than this is not on its way: the queue is away. */
const NUDGE_SENT_MS = 3_000;

/** Everything that unfinished builds wait for, by build, in the order in which a person wants to know it. */
export async function waitsOf(
  store: Store,
  builds: readonly WaitingBuild[],
): Promise<ReadonlyMap<number, readonly Wait[]>> {
  const found = new Map<number, Wait[]>();
  if (builds.length === 0) return found;
  const add = (id: number, cause: WaitCause, sinceAtMs: number): void => {
    const waits = found.get(id) ?? [];
    waits.push(describe(cause, sinceAtMs));
    found.set(id, waits);
  };
  for (const build of builds) {
    const cause = readWait(build);
    if (cause !== null) add(build.id, cause, build.waitSinceMs ?? build.createdAtMs);
  }
  const begun = builds.flatMap(({ id, state }) => (state === "queued" ? [] : [id]));
  const unheld = builds.flatMap(({ id, waitCode }) => (waitCode === null ? [id] : []));
  const read = await Promise.all([
    gatesOf(store, begun),
    deploymentsOf(store, begun),
    sessionsOf(store, begun),
    commandsOf(store, begun),
    sleepsOf(store, begun),
    locksOf(store, begun),
    signalsOf(store, begun),
    nudgesOf(store, unheld),
  ]);
  for (const { buildId, cause, sinceAtMs } of read.flat()) add(buildId, cause, sinceAtMs);
  return found;
}

interface Found {
  readonly buildId: number;
  readonly cause: WaitCause;
  readonly sinceAtMs: number;
}

const Submitters = z.array(z.string());
const Approvers = z.object({ role: z.string().default("deployer"), people: z.array(z.string()).default([]) });

/** Who decides at a gate: of an `input` the names its file gives, of a deployment the environment's rule. */
function deciders(kind: "input" | "deploy", submitters: string | null): string {
  if (kind === "input") {
    const names = submitters === null ? [] : Submitters.parse(JSON.parse(submitters));
    return names.length === 0 ? "a developer of the project" : names.join(", ");
  }
  const { people, role } = Approvers.parse(JSON.parse(submitters ?? "{}"));
  return people.length === 0 ? `people with the role ${role}` : people.join(", ");
}

/** What waits at an open gate. */
export function gateWait(row: {
  readonly id: number;
  readonly kind: "input" | "deploy";
  readonly message: string;
  readonly environment: string | null;
  readonly needed: number;
  readonly submitters: string | null;
  readonly dueAtMs: number;
}): WaitCause {
  return {
    cause: "gate",
    gate: row.id,
    message: row.message,
    environment: row.environment,
    untilAtMs: row.dueAtMs,
    needed: row.needed,
    who: deciders(row.kind, row.submitters),
  };
}

async function gatesOf(store: Store, ids: readonly number[]): Promise<Found[]> {
  if (ids.length === 0) return [];
  const rows = await store.db
    .selectFrom("gates")
    .select([
      "id",
      "kind",
      "buildId",
      "message",
      "environment",
      "needed",
      "submitters",
      "dueAtMs",
      "openedAtMs",
    ])
    .where("buildId", "in", ids)
    .where("state", "=", "open")
    .orderBy("id")
    .execute();
  return rows.flatMap((row) =>
    row.buildId === null ? [] : [{ buildId: row.buildId, sinceAtMs: row.openedAtMs, cause: gateWait(row) }],
  );
}

/** What an unfinished deployment waits for; one that waits at its gate is told of by the gate. */
export function deploymentWait(row: {
  readonly id: number;
  readonly environment: string;
  readonly state: string;
  readonly waitCode: string | null;
  readonly waitFacts: string | null;
  readonly dueAtMs: number | null;
}): WaitCause | null {
  const of = { cause: "target", environment: row.environment, deployment: row.id } as const;
  switch (row.state) {
    case "pending":
      if (row.waitCode === "gate") return null;
      if (row.waitCode === "target" || row.waitCode === null)
        return { ...of, doing: "plan", untilAtMs: null };
      return readWait(row);
    case "applying":
    case "verifying":
      return { ...of, doing: "roll_out", untilAtMs: row.dueAtMs };
    case "rolling_back":
      return { ...of, doing: "roll_back", untilAtMs: row.dueAtMs };
    case "unknown":
      return { ...of, doing: "unknown", untilAtMs: null };
    default:
      return null;
  }
}

async function deploymentsOf(store: Store, ids: readonly number[]): Promise<Found[]> {
  if (ids.length === 0) return [];
  const rows = await store.db
    .selectFrom("deployments")
    .select([
      "id",
      "buildId",
      "environment",
      "state",
      "waitCode",
      "waitFacts",
      "waitSinceMs",
      "dueAtMs",
      "createdAtMs",
      "startedAtMs",
    ])
    .where("buildId", "in", ids)
    .where("state", "in", ["pending", "applying", "verifying", "rolling_back", "unknown"])
    .orderBy("id")
    .execute();
  return rows.flatMap((row) => {
    const cause = deploymentWait(row);
    if (cause === null || row.buildId === null) return [];
    return [
      { buildId: row.buildId, cause, sinceAtMs: row.waitSinceMs ?? row.startedAtMs ?? row.createdAtMs },
    ];
  });
}

async function sessionsOf(store: Store, ids: readonly number[]): Promise<Found[]> {
  if (ids.length === 0) return [];
  const rows = await store.db
    .selectFrom("sessions")
    .leftJoin("runners", "runners.id", "sessions.runnerId")
    .select([
      "sessions.buildId",
      "sessions.state",
      "sessions.waitCode",
      "sessions.waitFacts",
      "sessions.waitSinceMs",
      "sessions.queuedAtMs",
      "sessions.assignedAtMs",
      "runners.name as runner",
      "runners.state as runnerState",
      "runners.goneAtMs",
      "runners.lastSeenAtMs",
    ])
    .where("sessions.buildId", "in", ids)
    .where("sessions.state", "in", ["queued", "assigned", "ready"])
    .orderBy("sessions.queuedAtMs")
    .execute();
  return rows.flatMap((row): Found[] => {
    const runner = row.runner ?? "its runner";
    if (row.state === "queued")
      return [
        {
          buildId: row.buildId,
          cause: readWait(row) ?? { cause: "place", runners: [], places: 0, draining: false },
          sinceAtMs: row.waitSinceMs ?? row.queuedAtMs,
        },
      ];
    if (row.runnerState === "offline" || row.runnerState === "revoked")
      return [
        {
          buildId: row.buildId,
          cause: { cause: "runner_offline", runners: [runner], lost: true },
          sinceAtMs: row.goneAtMs ?? row.lastSeenAtMs ?? row.queuedAtMs,
        },
      ];
    if (row.state === "assigned")
      return [
        {
          buildId: row.buildId,
          cause: { cause: "image_pull", runner, image: null },
          sinceAtMs: row.assignedAtMs ?? row.queuedAtMs,
        },
      ];
    return [];
  });
}

/** Containers that agents at work are being given, and parked ones that are started again. */
async function commandsOf(store: Store, ids: readonly number[]): Promise<Found[]> {
  if (ids.length === 0) return [];
  const rows = await store.db
    .selectFrom("sessions")
    .innerJoin("commands", "commands.sessionId", "sessions.id")
    .innerJoin("runners", "runners.id", "sessions.runnerId")
    .select(["sessions.buildId", "commands.type", "commands.createdAtMs", "runners.name as runner"])
    .where("sessions.buildId", "in", ids)
    .where("sessions.state", "=", "ready")
    .where("runners.state", "in", ["online", "draining"])
    .where("commands.type", "in", ["container", "unpark"])
    .where("commands.endedAtMs", "is", null)
    .orderBy("commands.no")
    .execute();
  return rows.map(({ buildId, type, createdAtMs, runner }) => ({
    buildId,
    cause: type === "unpark" ? { cause: "unpark", runner } : { cause: "image_pull", runner, image: null },
    sinceAtMs: createdAtMs,
  }));
}

async function sleepsOf(store: Store, ids: readonly number[]): Promise<Found[]> {
  if (ids.length === 0) return [];
  const rows = await store.db
    .selectFrom("effects")
    .select(["buildId", "dueAtMs", "begunAtMs"])
    .where("buildId", "in", ids)
    .where("state", "=", "begun")
    .where("kind", "=", "timer")
    .where("name", "in", ["sleep", "build"])
    .orderBy("begunAtMs")
    .execute();
  return rows.map(({ buildId, dueAtMs, begunAtMs }) => ({
    buildId,
    cause: { cause: "timer", untilAtMs: dueAtMs ?? begunAtMs },
    sinceAtMs: begunAtMs,
  }));
}

async function locksOf(store: Store, ids: readonly number[]): Promise<Found[]> {
  if (ids.length === 0) return [];
  const waiting = await store.db
    .selectFrom("locks")
    .leftJoin("effects", (join) =>
      join.onRef("effects.buildId", "=", "locks.buildId").onRef("effects.id", "=", "locks.effectId"),
    )
    .select(["locks.buildId", "locks.names", "locks.sinceMs", "effects.dueAtMs"])
    .where("locks.buildId", "in", ids)
    .where("locks.state", "=", "waiting")
    .orderBy("locks.id")
    .execute();
  if (waiting.length === 0) return [];
  const held = await store.db
    .selectFrom("lockNames")
    .innerJoin("locks", "locks.id", "lockNames.lockId")
    .innerJoin("builds", "builds.id", "locks.buildId")
    .innerJoin("projects", "projects.id", "builds.projectId")
    .select(["lockNames.name", "builds.number", "projects.key"])
    .where("lockNames.name", "in", [...new Set(waiting.flatMap((row) => namesOf(readWishes(row.names))))])
    .execute();
  return waiting.map((row) => {
    const wishes = readWishes(row.names);
    const names = new Set(namesOf(wishes));
    const holders = held.filter(({ name }) => names.has(name)).map((one) => `${one.key} #${one.number}`);
    return {
      buildId: row.buildId,
      cause: {
        cause: "lock",
        names: wordsOf(wishes),
        holders: [...new Set(holders)],
        untilAtMs: row.dueAtMs,
      },
      sinceAtMs: row.sinceMs,
    };
  });
}

async function signalsOf(store: Store, ids: readonly number[]): Promise<Found[]> {
  if (ids.length === 0) return [];
  const rows = await store.db
    .selectFrom("signals")
    .innerJoin("builds", (join) => join.on("builds.id", "=", sql<number>`cast(signals.key as bigint)`))
    .innerJoin("projects", "projects.id", "builds.projectId")
    .select(["signals.buildId", "signals.kind", "signals.sinceMs", "builds.number", "projects.key"])
    .where("signals.buildId", "in", ids)
    .where("signals.kind", "in", ["build", "build_start", "build_end"])
    .where("builds.endedAtMs", "is", null)
    .orderBy("signals.sinceMs")
    .execute();
  return rows.map((row) => ({
    buildId: row.buildId,
    cause: {
      cause: "signal",
      project: row.key,
      number: row.number,
      to: row.kind === "build_start" ? "start" : "end",
    },
    sinceAtMs: row.sinceMs,
  }));
}

/** Builds that were to be told something, and the queue did not take it. */
async function nudgesOf(store: Store, ids: readonly number[]): Promise<Found[]> {
  if (ids.length === 0) return [];
  const builds = await store.db.selectFrom("builds").select(["id", "epoch"]).where("id", "in", ids).execute();
  const byJob = new Map(builds.map(({ id, epoch }) => [`b-${id}-e${epoch}`, id]));
  if (byJob.size === 0) return [];
  const rows = await store.db
    .selectFrom("outbox")
    .select(["jobId", "createdAtMs"])
    .where("queue", "=", "builds")
    .where("jobId", "in", [...byJob.keys()])
    .where("dispatchedAtMs", "is", null)
    .where("createdAtMs", "<", (await store.nowMs()) - NUDGE_SENT_MS)
    .execute();
  return rows.flatMap(({ jobId, createdAtMs }) => {
    const buildId = byJob.get(jobId);
    return buildId === undefined ? [] : [{ buildId, cause: { cause: "queue_down" }, sinceAtMs: createdAtMs }];
  });
}
