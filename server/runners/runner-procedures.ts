import { type ExpressionBuilder, sql } from "kysely";
import { z } from "zod";
import { announce } from "../builds/journal/announce.ts";
import { endEffect } from "../builds/journal/end-effect.ts";
import { takeBackPlace } from "../builds/journal/leave.ts";
import { nudgeAdmitted } from "../builds/journal/next-starts.ts";
import type { CommandInput } from "../builds/journal/turn-input.ts";
import { writeCommands } from "../builds/journal/write-commands.ts";
import type { Handle } from "../../runners/protocol.ts";
import { indexed } from "../store/conditions.ts";
import type { Database } from "../store/schema.ts";
import { procedure, type Steps, type Transaction } from "../store/procedure.ts";
import { NO_WAIT, type WaitColumns, waitColumns } from "../waits/cause.ts";
import { place, type PlaceCause, type PlacingRunner, type WaitingSession } from "./place.ts";

const Labels = z.array(z.string());

/** Sessions that take up a place: assigned or at work, not lent to an inner one, not parked. */
const AT_WORK = ["assigned", "ready"] as const;

/** Places all waiting sessions on live runners; what cannot be placed is told why. */
export const placeSessions = procedure(
  "runners.place",
  { durability: "normal" },
  function* (tx: Transaction, _input: Record<string, never>): Steps<{ session: string; runner: number }[]> {
    const waiting = yield* waitingSessions(tx);
    if (waiting.length === 0) return [];
    const notes = new Map(waiting.map((session) => [session.id, session]));
    const { runners, byProject } = yield* placingRunners(tx);
    const placed: { session: string; runner: number }[] = [];
    for (const placement of place(waiting, runners, byProject)) {
      if (placement.kind === "waits") {
        yield* noteWait(tx, placement.session, placement.cause, notes.get(placement.session));
        continue;
      }
      const won = yield* tx.run(
        tx.db
          .updateTable("sessions")
          .set((eb) => ({
            state: "assigned" as const,
            runnerId: placement.runner,
            fence: eb("fence", "+", 1),
            assignedAtMs: tx.nowMs,
            ...NO_WAIT,
          }))
          .where("id", "=", placement.session)
          .where("state", "=", "queued"),
      );
      if (won > 0) placed.push({ session: placement.session, runner: placement.runner });
    }
    // What was begun no longer waits for a place: as many others may begin.
    if (placed.length > 0) yield* nudgeAdmitted(tx, placed.length);
    return placed;
  },
);

/** Most sessions of one project, and of all, that are placed in one look. */
const LOOKED_AT = 100;
const LOOKED_AT_IN_ALL = 500;

interface NotedSession extends WaitingSession, WaitColumns {}

/** Writes down what a session waits for, if that is not written there already. */
function* noteWait(
  tx: Transaction,
  session: string,
  cause: PlaceCause,
  before: WaitColumns | undefined,
): Steps<void> {
  const columns = waitColumns(cause);
  if (before?.waitCode === columns.waitCode && before.waitFacts === columns.waitFacts) return;
  yield* tx.run(
    tx.db
      .updateTable("sessions")
      .set({ ...columns, ...(before?.waitCode === columns.waitCode ? {} : { waitSinceMs: tx.nowMs }) })
      .where("id", "=", session)
      .where("state", "=", "queued"),
  );
}

/** The oldest waiting sessions of each project, so that hundreds of one never hide those of another. */
function* waitingSessions(tx: Transaction): Steps<NotedSession[]> {
  return yield* tx.all(
    tx.db
      .selectFrom((from) =>
        from
          .selectFrom("sessions")
          .innerJoin("builds", "builds.id", "sessions.buildId")
          .select([
            "sessions.id",
            "builds.projectId",
            "sessions.label",
            "sessions.queuedAtMs",
            "sessions.waitCode",
            "sessions.waitFacts",
            sql<number>`row_number() over (partition by builds.project_id
              order by sessions.queued_at_ms, sessions.id)`.as("turn"),
          ])
          .where(sql<boolean>`sessions.state = 'queued'`)
          .as("session"),
      )
      .select(["id", "projectId", "label", "queuedAtMs", "waitCode", "waitFacts"])
      .where("turn", "<=", LOOKED_AT)
      .orderBy("turn")
      .orderBy("queuedAtMs")
      .limit(LOOKED_AT_IN_ALL),
  );
}

function* placingRunners(
  tx: Transaction,
): Steps<{ runners: PlacingRunner[]; byProject: Map<number, number> }> {
  const rows = yield* tx.all(tx.db.selectFrom("runners").selectAll().where("state", "!=", "revoked"));
  const busy = yield* tx.all(
    tx.db
      .selectFrom("sessions")
      .innerJoin("builds", "builds.id", "sessions.buildId")
      .select(["sessions.runnerId as runnerId", "builds.projectId as projectId"])
      .where(indexed("sessionOpen"))
      .where("sessions.state", "in", AT_WORK)
      .where("sessions.placeLent", "=", 0),
  );
  const byRunner = new Map<number, number>();
  const byProject = new Map<number, number>();
  for (const { runnerId, projectId } of busy) {
    if (runnerId !== null) byRunner.set(runnerId, (byRunner.get(runnerId) ?? 0) + 1);
    byProject.set(projectId, (byProject.get(projectId) ?? 0) + 1);
  }
  const runners = rows.map((row) => ({
    id: row.id,
    name: row.name,
    labels: Labels.parse(JSON.parse(row.labels)),
    places: row.places,
    busy: byRunner.get(row.id) ?? 0,
    online: row.state !== "offline",
    connected: row.goneAtMs === null,
    draining: row.state === "draining",
    warm: z.array(z.number()).catch([]).parse(JSON.parse(row.workspaces)),
    diskFreePercent: row.diskFreePercent,
  }));
  return { runners, byProject };
}

/** What a runner said of itself; what it holds of ours. */
export interface HelloInput {
  readonly runnerId: number;
  readonly boot: string;
  readonly labels: readonly string[];
  readonly places: number;
  readonly draining: boolean;
  readonly versions: string;
  readonly problem: string | null;
  readonly sessions: readonly { readonly id: Handle; readonly fence: number; readonly parked: boolean }[];
}

export interface HelloResult {
  readonly keep: string[];
  readonly close: string[];
  /** Sessions that were open on this runner and that it no longer has. */
  readonly missing: string[];
}

/** Takes a runner in: its word about itself, and which of the sessions it holds are still its own. */
export const helloRunner = procedure(
  "runners.hello",
  { durability: "normal" },
  function* (tx: Transaction, input: HelloInput): Steps<HelloResult> {
    yield* tx.run(
      tx.db
        .updateTable("runners")
        .set({
          boot: input.boot,
          labels: JSON.stringify(input.labels),
          places: input.places,
          state: input.draining ? "draining" : "online",
          versions: input.versions,
          problem: input.problem,
          lastSeenAtMs: tx.nowMs,
          goneAtMs: null,
        })
        .where("id", "=", input.runnerId)
        .where("state", "!=", "revoked"),
    );
    const rows = yield* tx.all(
      tx.db
        .selectFrom("sessions")
        .leftJoin("commands", (join) =>
          join
            .onRef("commands.sessionId", "=", "sessions.id")
            .on("commands.type", "=", "close")
            .on("commands.ackedAtMs", "is", null),
        )
        .select([
          "sessions.id as id",
          "sessions.state as state",
          "sessions.fence as fence",
          "commands.no as closing",
        ])
        .where("sessions.runnerId", "=", input.runnerId)
        .where((eb) =>
          eb.or([eb("sessions.state", "not in", ["closed", "lost"]), eb("commands.no", "is not", null)]),
        ),
    );
    const mine = new Map(rows.map((row) => [row.id, row]));
    const keep: string[] = [];
    const close: string[] = [];
    for (const held of input.sessions) {
      const row = mine.get(held.id);
      if (row !== undefined && row.fence === held.fence && row.state !== "lost") keep.push(held.id);
      else close.push(held.id);
    }
    const held = new Set(input.sessions.map((session) => session.id));
    const missing = rows.filter(
      (row) => (row.state === "ready" || row.state === "parked") && !held.has(row.id),
    );
    // Nothing is left to close of a session that its runner does not have.
    const forgotten = rows.filter((row) => row.state === "closed" && !held.has(row.id)).map((row) => row.id);
    if (forgotten.length > 0)
      yield* tx.run(
        tx.db
          .updateTable("commands")
          .set({ ackedAtMs: tx.nowMs, endedAtMs: tx.nowMs })
          .where("sessionId", "in", forgotten)
          .where("ackedAtMs", "is", null),
      );
    yield* announce(tx, { kind: "runner.changed", projectId: null, buildId: null, id: input.runnerId });
    return { keep, close, missing: missing.map((row) => row.id) };
  },
);

/** Notes that a runner was heard. One that was thought gone because nobody listened is there again. */
export const seenRunner = procedure(
  "runners.seen",
  { durability: "normal" },
  function* (tx: Transaction, input: { runnerId: number }): Steps<number> {
    return yield* tx.run(
      tx.db
        .updateTable("runners")
        .set((eb) => ({
          lastSeenAtMs: tx.nowMs,
          goneAtMs: null,
          state: eb
            .case()
            .when("state", "=", "offline")
            .then(eb.val("online" as const))
            .else(eb.ref("state"))
            .end(),
        }))
        .where("id", "=", input.runnerId),
    );
  },
);

/** Notes how much of a runner's disk is free while that is too little for new agents; null: enough. */
export const noteRunnerDisk = procedure(
  "runners.disk",
  { durability: "normal" },
  function* (tx: Transaction, input: { runnerId: number; freePercent: number | null }): Steps<void> {
    yield* tx.run(
      tx.db
        .updateTable("runners")
        .set({ diskFreePercent: input.freePercent })
        .where("id", "=", input.runnerId),
    );
    yield* announce(tx, { kind: "runner.changed", projectId: null, buildId: null, id: input.runnerId });
  },
);

/** Notes that a runner's connection closed. */
export const runnerGone = procedure(
  "runners.gone",
  { durability: "normal" },
  function* (tx: Transaction, input: { runnerId: number; boot: string }): Steps<number> {
    return yield* tx.run(
      tx.db
        .updateTable("runners")
        .set({ goneAtMs: tx.nowMs })
        .where("id", "=", input.runnerId)
        .where("boot", "=", input.boot)
        .where("goneAtMs", "is", null),
    );
  },
);

/** After how long a runner whose connection closed, or that says nothing, counts as away. */
export const GONE_MS = 15_000;
export const SILENT_MS = 120_000;

/** A session of a runner that is away, and whether anybody else could do its work. */
export interface Stranded {
  readonly session: string;
  readonly buildId: number;
  readonly runner: string;
  readonly opened: boolean;
  readonly label: string;
}

/** Marks runners that are away as offline and lists their sessions that another runner could take. */
export const findStranded = procedure(
  "runners.findStranded",
  { durability: "normal" },
  function* (tx: Transaction, input: { upSinceMs: number }): Steps<Stranded[]> {
    const upMs = tx.nowMs - input.upSinceMs;
    // What was noted before the clock stepped back is noted as now, or silence would count from then only.
    yield* tx.run(
      tx.db.updateTable("runners").set({ lastSeenAtMs: tx.nowMs }).where("lastSeenAtMs", ">", tx.nowMs),
    );
    yield* tx.run(tx.db.updateTable("runners").set({ goneAtMs: tx.nowMs }).where("goneAtMs", ">", tx.nowMs));
    const away = yield* tx.all(
      tx.db
        .updateTable("runners")
        .set({ state: "offline" })
        .where("state", "in", ["online", "draining"])
        .where((eb) =>
          eb.or([
            ...(upMs < GONE_MS ? [] : [eb("goneAtMs", "<=", tx.nowMs - GONE_MS)]),
            ...(upMs < SILENT_MS ? [] : [eb("lastSeenAtMs", "<=", tx.nowMs - SILENT_MS)]),
          ]),
        )
        .returning("id"),
    );
    for (const { id } of away)
      yield* announce(tx, { kind: "runner.changed", projectId: null, buildId: null, id });
    const rows = yield* tx.all(
      tx.db
        .selectFrom("sessions")
        .innerJoin("runners", "runners.id", "sessions.runnerId")
        .innerJoin("effects", (join) =>
          join
            .onRef("effects.buildId", "=", "sessions.buildId")
            .onRef("effects.id", "=", "sessions.effectId"),
        )
        .select([
          "sessions.id as session",
          "sessions.buildId as buildId",
          "sessions.label as label",
          "runners.id as runnerId",
          "runners.name as runner",
          "effects.state as effect",
        ])
        .where(indexed("sessionOpen"))
        .where("sessions.state", "in", ["assigned", "ready", "parked"])
        .where("runners.state", "in", ["offline", "revoked"]),
    );
    if (rows.length === 0) return [];
    const { runners } = yield* placingRunners(tx);
    const able = runners.filter((runner) => runner.online && !runner.draining);
    const stranded = rows.filter(
      (row) => place([alone(row)], able, new Map())[0]?.kind === "placed" || hasRoomLater(row, able),
    );
    return stranded.map((row) => ({
      session: row.session,
      buildId: row.buildId,
      runner: row.runner,
      opened: row.effect !== "begun",
      label: row.label,
    }));
  },
);

function alone(row: { session: string; label: string }): WaitingSession {
  return {
    id: row.session,
    projectId: 0,
    label: row.label,
    queuedAtMs: 0,
  };
}

/** A runner that is full now will have a place again: that is "another could run it". */
function hasRoomLater(row: { session: string; label: string }, able: readonly PlacingRunner[]): boolean {
  const empty = able.map((runner) => ({ ...runner, busy: 0 }));
  return place([alone(row)], empty, new Map())[0]?.kind === "placed";
}

/** Takes an agent that was not open yet back into the queue: nothing had run in it. */
export const requeueSession = procedure(
  "runners.requeue",
  { durability: "normal" },
  function* (tx: Transaction, input: { session: string }): Steps<boolean> {
    const changed = yield* tx.run(
      tx.db
        .updateTable("sessions")
        .set((eb) => ({
          state: "queued" as const,
          runnerId: null,
          fence: eb("fence", "+", 1),
          assignedAtMs: null,
        }))
        .where("id", "=", input.session)
        .where("state", "=", "assigned"),
    );
    if (changed === 0) return false;
    yield* tx.run(
      tx.db
        .updateTable("commands")
        .set({ ackedAtMs: null, endedAtMs: null, result: null })
        .where("sessionId", "=", input.session),
    );
    return true;
  },
);

/** Open effects of a session: what ends when it is lost. */
export const openEffectsOf = procedure(
  "runners.openEffects",
  { durability: "normal" },
  function* (tx: Transaction, input: { session: string }): Steps<{ buildId: number; effects: string[] }> {
    const session = yield* tx.first(
      tx.db.selectFrom("sessions").select(["buildId", "effectId"]).where("id", "=", input.session),
    );
    if (session === undefined) return { buildId: 0, effects: [] };
    return { buildId: session.buildId, effects: yield* openIn(tx, { id: input.session, ...session }) };
  },
);

function* openIn(
  tx: Transaction,
  session: { readonly id: string; readonly buildId: number; readonly effectId: string },
): Steps<string[]> {
  const rows = yield* tx.all(
    tx.db
      .selectFrom("effects")
      .leftJoin("commands", "commands.id", "effects.handle")
      .select("effects.id as id")
      .where("effects.buildId", "=", session.buildId)
      .where("effects.state", "=", "begun")
      .where((eb) =>
        eb.or([eb("commands.sessionId", "=", session.id), eb("effects.id", "=", session.effectId)]),
      ),
  );
  return rows.map((row) => row.id);
}

/** Effects of a session that is lost, with the outcome they end with. */
export interface LostEnds {
  readonly session: string;
  readonly ends: readonly { effectId: string; outcome: Uint8Array }[];
}

/** Commands that nobody will carry out, because their agent is lost. */
function* settle(tx: Transaction, buildId: number, { session, ends }: LostEnds): Steps<void> {
  yield* tx.run(
    tx.db
      .updateTable("commands")
      .set({ ackedAtMs: tx.nowMs, endedAtMs: tx.nowMs })
      .where("sessionId", "=", session)
      .where("ackedAtMs", "is", null),
  );
  for (const end of ends) yield* endEffect(tx, { buildId, ...end, exitCode: null });
}

/** Lost sessions in which a step was begun when nobody could carry it out any more. */
export const findBegunLate = procedure(
  "runners.findBegunLate",
  { durability: "normal" },
  function* (
    tx: Transaction,
    _input: Record<string, never>,
  ): Steps<{ session: string; code: string; text: string }[]> {
    const rows = yield* tx.all(
      tx.db
        .selectFrom("commands")
        .innerJoin("sessions", "sessions.id", "commands.sessionId")
        .select(["sessions.id", "sessions.lostCode", "sessions.lostText"])
        .distinct()
        .where("commands.ackedAtMs", "is", null)
        .where("sessions.state", "=", "lost")
        .limit(200),
    );
    return rows.map(({ id, lostCode, lostText }) => ({
      session: id,
      code: lostCode ?? "runner_lost",
      text: lostText ?? "its agent is gone",
    }));
  },
);

/** Ends what was begun in a session after it was lost. False: more has been begun meanwhile, look again. */
export const endBegunLate = procedure(
  "runners.endBegunLate",
  { durability: "normal" },
  function* (tx: Transaction, input: LostEnds): Steps<boolean> {
    const session = yield* tx.first(
      tx.db
        .selectFrom("sessions")
        .select(["id", "buildId", "effectId"])
        .where("id", "=", input.session)
        .where("state", "=", "lost")
        .forUpdate(),
    );
    if (session === undefined) return true;
    if (!covers(input.ends, yield* openIn(tx, session))) return false;
    yield* settle(tx, session.buildId, input);
    return true;
  },
);

function covers(ends: LostEnds["ends"], open: readonly string[]): boolean {
  return open.every((id) => ends.some(({ effectId }) => effectId === id));
}

/**
 * Says that a session is lost, and ends what was open in it, in one transaction. `again`: something was begun since it was
 * asked what is open.
 */
export const loseSession = procedure(
  "runners.lose",
  { durability: "normal" },
  function* (
    tx: Transaction,
    input: LostEnds & { code: string; text: string },
  ): Steps<{ lost: boolean; again: boolean; buildId: number }> {
    const known = yield* tx.first(
      tx.db
        .selectFrom("sessions")
        .select(["id", "buildId", "effectId"])
        .where("id", "=", input.session)
        .where("state", "not in", ["closed", "lost"])
        .forUpdate(),
    );
    if (known === undefined) return { lost: false, again: false, buildId: 0 };
    if (!covers(input.ends, yield* openIn(tx, known)))
      return { lost: false, again: true, buildId: known.buildId };
    const session = yield* tx.first(
      tx.db
        .updateTable("sessions")
        .set((eb) => ({
          state: "lost" as const,
          fence: eb("fence", "+", 1),
          lostCode: input.code,
          lostText: input.text,
          closedAtMs: tx.nowMs,
        }))
        .where("id", "=", input.session)
        .where("state", "not in", ["closed", "lost"])
        .returning(["buildId", "outerId"]),
    );
    if (session === undefined) return { lost: false, again: false, buildId: 0 };
    yield* settle(tx, session.buildId, input);
    if (session.outerId !== null) yield* takeBackPlace(tx, session.outerId);
    return { lost: true, again: false, buildId: session.buildId };
  },
);

/** What a build may wait for without its agents: people, time, what another build holds or does. */
const WITHOUT_AGENT = ["gate", "timer", "lock", "build", "signal"];
const FOR_ANOTHER_BUILD = ["lock", "build", "signal"];

/** Does all that is open in these builds wait for people, or for other builds? */
function waitsElsewhere(eb: ExpressionBuilder<Database, "builds">) {
  const open = eb
    .selectFrom("effects as open")
    .select("open.id")
    .whereRef("open.buildId", "=", "builds.id")
    .where("open.state", "=", "begun");
  return eb.or([
    eb("builds.state", "=", "waiting"),
    eb.and([
      eb("builds.state", "=", "running"),
      eb.exists(open.where("open.kind", "in", FOR_ANOTHER_BUILD)),
      eb.not(eb.exists(open.where("open.kind", "not in", WITHOUT_AGENT))),
    ]),
  ]);
}

/** Sessions of builds in which nothing has happened for a while but waiting for people or other builds. */
export const findIdle = procedure(
  "runners.findIdle",
  { durability: "normal" },
  function* (tx: Transaction, input: { idleMs: number }): Steps<{ session: string; buildId: number }[]> {
    return yield* tx.all(
      tx.db
        .selectFrom("sessions")
        .innerJoin("builds", "builds.id", "sessions.buildId")
        .select(["sessions.id as session", "sessions.buildId as buildId"])
        .where(indexed("sessionOpen"))
        .where("sessions.state", "=", "ready")
        .where(waitsElsewhere)
        .where((eb) =>
          eb.not(
            eb.exists(
              eb
                .selectFrom("effects")
                .select("effects.id")
                .whereRef("effects.buildId", "=", "sessions.buildId")
                .where((on) =>
                  on.or([
                    on("effects.begunAtMs", ">", tx.nowMs - input.idleMs),
                    on("effects.endedAtMs", ">", tx.nowMs - input.idleMs),
                  ]),
                ),
            ),
          ),
        )
        .limit(50),
    );
  },
);

/** Parks a session whose build still waits for others only: its containers are stopped, its place is free. */
export const parkSession = procedure(
  "runners.park",
  { durability: "normal" },
  function* (tx: Transaction, input: { session: string; command: CommandInput }): Steps<boolean> {
    const row = yield* tx.first(
      tx.db
        .selectFrom("sessions")
        .innerJoin("builds", "builds.id", "sessions.buildId")
        .select("builds.id")
        .where("sessions.id", "=", input.session)
        .where(waitsElsewhere)
        .forUpdate(),
    );
    if (row === undefined) return false;
    const parked = yield* tx.run(
      tx.db
        .updateTable("sessions")
        .set({ state: "parked", parkedAtMs: tx.nowMs })
        .where("id", "=", input.session)
        .where("state", "=", "ready"),
    );
    if (parked === 0) return false;
    yield* writeCommands(tx, input.session, null, [input.command], { commands: [] });
    return true;
  },
);
