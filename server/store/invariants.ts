import { sql } from "kysely";
import type { Store } from "./store.ts";
import {
  BUILD_STATES,
  DEPLOYMENT_STATES,
  EFFECT_STATES,
  GATE_STATES,
  SESSION_STATES,
  TERMINAL_BUILD_STATES,
  UNFINISHED_BUILD_STATES,
} from "./states.ts";

/** Something that must never be so, with the things of which it is. */
export interface Violation {
  invariant: string;
  subjects: string[]; // `b118`, `d311`, `g77`, as in mails and logs
  /** What a person does about it. */
  remedy: string;
}

/** The database as far as its invariants are read; nothing is written. */
export type ReadableStore = Pick<Store, "db" | "nowMs">;

/** What a moment of work under way may leave open, and a crash with its recovery. */
const GRACE_MS = 60_000;

/** Faults of ours: never the command's or the file's. */
const OUR_CODES = [
  "runner_lost",
  "docker_daemon",
  "container_gone",
  "exit_lost",
  "image_pull",
  "registry_auth",
  "disk",
  "network_pool",
  "git_fetch",
  "queue_down",
  "db_down",
  "journal_mismatch",
  "secret_gone",
  "restored",
  "internal_error",
];

type Rule = (store: ReadableStore, nowMs: number) => Promise<string[]>;

const LET_IT_RUN =
  "start the server, if it is stopped, and wait a minute: it picks such things up; if it stays, abort it";
const REPORT = "report it with the server's log of that time: this is a mistake of ours";
const CLOSE_BY_RESTART =
  "restart the server: it closes what is left over; if it stays, report it with the log of that time";

const REMEDIES: Readonly<Record<string, string>> = {
  "a build with work has a holder or a nudge": LET_IT_RUN,
  "a build that has ended leaves nothing begun": CLOSE_BY_RESTART,
  "a build that has ended holds no session": CLOSE_BY_RESTART,
  "a build that has ended holds no resource":
    "what waits for it is stuck until the build's row goes by retention; report it with the server's log of that time: this is a mistake of ours",
  "a gate of an ended build is not open": "restart the server, then reject the gate on its page",
  "an approved gate has approved its deployment, and no other deployment behind a gate was sent":
    "look at the environment's target before anything else is deployed there, and report it with the audit chain",
  "a row is in a state that this release knows":
    "start the server: it sets such rows apart and says in its log and on their pages which; to keep them, start the release that wrote them",
  "one try at a time at a target": "look at the target, then say on the deployment's page what is so",
};

const RULES: Readonly<Record<string, Rule>> = {
  "a delivery makes at most one build of a ref": async ({ db }) => {
    const rows = await db
      .selectFrom("builds")
      .select("deliveryId")
      .where("deliveryId", "is not", null)
      .groupBy(["deliveryId", "ref"])
      .having((eb) => eb.fn.countAll<number>(), ">", 1)
      .execute();
    return rows.map((row) => `delivery ${row.deliveryId}`);
  },
  "a build with work has a holder or a nudge": async ({ db }, nowMs) => {
    const rows = await db
      .selectFrom("builds")
      .leftJoin("leases", (join) => join.on("leases.name", "=", sql<string>`'build:' || builds.id`))
      .select("builds.id")
      .where("builds.state", "in", UNFINISHED_BUILD_STATES)
      .where("builds.createdAtMs", "<", nowMs - GRACE_MS)
      .where((eb) => eb.or([eb("leases.holder", "is", null), eb("leases.expiresAtMs", "<=", nowMs)]))
      .where((eb) =>
        eb.or([
          eb("builds.nextOrd", ">", eb("builds.delivered", "+", 1)),
          eb.and([eb("builds.state", "=", "queued"), eb("builds.waitCode", "is", null)]),
        ]),
      )
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom("outbox")
              .select("outbox.id")
              .where("outbox.queue", "=", "builds")
              .where("outbox.createdAtMs", ">", nowMs - GRACE_MS)
              .whereRef("outbox.jobId", "=", sql<string>`'b-' || builds.id || '-e' || builds.epoch`),
          ),
        ),
      )
      .execute();
    return rows.map((row) => `b${row.id}`);
  },
  "a build that has ended leaves nothing begun": async ({ db }, nowMs) => {
    const rows = await db
      .selectFrom("builds")
      .innerJoin("effects", "effects.buildId", "builds.id")
      .select("builds.id")
      .distinct()
      .where("builds.state", "in", TERMINAL_BUILD_STATES)
      .where("builds.endedAtMs", "<", nowMs - GRACE_MS)
      .where("effects.state", "=", "begun")
      .where("effects.kind", "not in", ["deployment", "message"]) // these end on their own
      .execute();
    return rows.map((row) => `b${row.id}`);
  },
  "a build that has ended holds no session": async ({ db }, nowMs) => {
    const rows = await db
      .selectFrom("builds")
      .innerJoin("sessions", "sessions.buildId", "builds.id")
      .select("sessions.id")
      .where("builds.state", "in", TERMINAL_BUILD_STATES)
      .where("builds.endedAtMs", "<", nowMs - GRACE_MS)
      .where("sessions.state", "in", ["queued", "assigned", "ready", "parked"])
      .execute();
    return rows.map((row) => row.id);
  },
  "a build that has ended holds no resource": async ({ db }, nowMs) => {
    const rows = await db
      .selectFrom("builds")
      .innerJoin("locks", "locks.buildId", "builds.id")
      .select("builds.id")
      .distinct()
      .where("builds.state", "in", TERMINAL_BUILD_STATES)
      .where("builds.endedAtMs", "<", nowMs - GRACE_MS)
      .execute();
    return rows.map((row) => `b${row.id}`);
  },
  "a gate of an ended build is not open": async ({ db }) => {
    const rows = await db
      .selectFrom("gates")
      .innerJoin("builds", "builds.id", "gates.buildId")
      .select("gates.id")
      .where("gates.kind", "=", "input")
      .where("gates.state", "=", "open")
      .where("builds.state", "in", TERMINAL_BUILD_STATES)
      .execute();
    return rows.map((row) => `g${row.id}`);
  },
  "an approved gate has approved its deployment, and no other deployment behind a gate was sent": async ({
    db,
  }) => {
    const rows = await db
      .selectFrom("gates")
      .innerJoin("deployments", "deployments.id", "gates.deploymentId")
      .select("gates.id")
      .where((eb) =>
        eb.or([
          eb.and([eb("gates.state", "=", "approved"), eb("deployments.approvedAtMs", "is", null)]),
          eb.and([
            eb("gates.state", "!=", "approved"),
            eb("deployments.state", "not in", ["pending", "withdrawn", "failed"]),
          ]),
        ]),
      )
      .execute();
    return rows.map((row) => `g${row.id}`);
  },
  "one try at a time at a target": async ({ db }) => {
    const rows = await db
      .selectFrom("deploymentTargets")
      .select("deploymentId")
      .where("state", "in", ["applying", "verifying", "rolling_back"])
      .groupBy(["deploymentId", "target"])
      .having((eb) => eb.fn.countAll<number>(), ">", 1)
      .execute();
    return rows.map((row) => `d${row.deploymentId}`);
  },
  "our own failure is never called the command's or the file's": async ({ db }) => {
    const rows = await db
      .selectFrom("builds")
      .select("id")
      .where("reasonCode", "in", OUR_CODES)
      .where("reasonFault", "!=", "sluice")
      .execute();
    return rows.map((row) => `b${row.id}`);
  },
  "a build that has ended says why": async ({ db }) => {
    const rows = await db
      .selectFrom("builds")
      .select("id")
      .where("state", "in", ["failed", "aborted", "not_built"])
      .where("reasonCode", "is", null)
      .execute();
    return rows.map((row) => `b${row.id}`);
  },
  "a row is in a state that this release knows": async ({ db }) => {
    const builds = await db
      .selectFrom("builds")
      .select("id")
      .where("state", "not in", BUILD_STATES)
      .execute();
    const effects = await db
      .selectFrom("effects")
      .innerJoin("builds", "builds.id", "effects.buildId")
      .select("effects.buildId")
      .distinct()
      .where("builds.state", "in", UNFINISHED_BUILD_STATES)
      .where("effects.state", "not in", EFFECT_STATES)
      .execute();
    const sessions = await db
      .selectFrom("sessions")
      .innerJoin("builds", "builds.id", "sessions.buildId")
      .select("sessions.buildId")
      .distinct()
      .where("builds.state", "in", UNFINISHED_BUILD_STATES)
      .where("sessions.state", "not in", SESSION_STATES)
      .execute();
    const gates = await db.selectFrom("gates").select("id").where("state", "not in", GATE_STATES).execute();
    const deployments = await db
      .selectFrom("deployments")
      .select("id")
      .where("state", "not in", DEPLOYMENT_STATES)
      .execute();
    return [
      ...builds.map((row) => `b${row.id}`),
      ...effects.map((row) => `b${row.buildId}`),
      ...sessions.map((row) => `b${row.buildId}`),
      ...gates.map((row) => `g${row.id}`),
      ...deployments.map((row) => `d${row.id}`),
    ];
  },
  "nothing ends before it begins": async ({ db }) => {
    const builds = await db
      .selectFrom("builds")
      .select("id")
      .whereRef("endedAtMs", "<", "startedAtMs")
      .execute();
    const deployments = await db
      .selectFrom("deployments")
      .select("id")
      .whereRef("endedAtMs", "<", "startedAtMs")
      .execute();
    const stages = await db
      .selectFrom("stages")
      .select(["buildId", "name"])
      .whereRef("endedAtMs", "<", "startedAtMs")
      .execute();
    const steps = await db
      .selectFrom("steps")
      .select(["buildId", "stepNo"])
      .whereRef("endedAtMs", "<", "startedAtMs")
      .execute();
    return [
      ...builds.map((row) => `b${row.id}`),
      ...deployments.map((row) => `d${row.id}`),
      ...stages.map((row) => `b${row.buildId} stage ${row.name}`),
      ...steps.map((row) => `b${row.buildId} step ${row.stepNo}`),
    ];
  },
};

/** What is wrong in the database: empty when all is well. For `sluice doctor`, the hourly check and crash tests. */
export async function findViolations(store: ReadableStore): Promise<Violation[]> {
  const nowMs = await store.nowMs();
  const found: Violation[] = [];
  for (const [invariant, rule] of Object.entries(RULES)) {
    const subjects = await rule(store, nowMs);
    if (subjects.length > 0) found.push({ invariant, subjects, remedy: REMEDIES[invariant] ?? REPORT });
  }
  return found;
}
