import { claim } from "../../store/leases.ts";
import { concurrencyOf, readAdmission, type StartedBuild, startedBuilds } from "./admission.ts";
import { pipelineRules } from "./pipeline-settings.ts";
import { inSafeMode } from "../../upkeep/safe-mode.ts";
import { type CauseOf, readWait, type WaitColumns, waitColumns } from "../../waits/cause.ts";
import { procedure, type Steps, type Transaction } from "../../store/procedure.ts";
import type { BuildState, EventKind, Trust } from "../../store/states.ts";

/** How long a host may be silent before another takes its builds. */
export const BUILD_LEASE_MS = 15_000;

/** What a host needs to load a build. */
export interface ClaimedBuild {
  readonly id: number;
  readonly projectId: number;
  readonly number: number;
  readonly state: BuildState;
  readonly trust: Trust;
  readonly eventKind: EventKind;
  readonly event: string;
  readonly ref: string;
  readonly sha: string | null;
  readonly actor: string | null;
  readonly title: string | null;
  readonly author: string | null;
  readonly authorMail: string | null;
  readonly routes: string;
  readonly parameters: string;
  readonly dataKey: Uint8Array;
  readonly restartOf: number | null;
  readonly restartFrom: string | null;
  readonly delivered: number;
  readonly nextOrd: number;
  readonly marksDone: number;
  readonly consoleLength: number;
  readonly cancelLevel: number;
  readonly startedAtMs: number | null;
  readonly fence: number;
  /** How often Sluice failed or died under it without a step forward since. */
  readonly infraAttempts: number;
}

/** Causes for which a queued build does not start. */
export type HoldCause = CauseOf<
  "forge" | "approval" | "quiet_period" | "concurrency" | "admission" | "freeze" | "disk" | "restored"
>;

/** Why a queued build may not start yet. */
export interface Hold {
  readonly cause: HoldCause;
  /** Older builds that the file wants stopped for this one. */
  readonly superseded?: readonly number[];
}

/** `held`: it stays queued for the reason given. `taken`: somebody else has it. `over`: nothing is left to do. */
export type ClaimResult =
  | {
      readonly kind: "claimed";
      readonly build: ClaimedBuild;
      /** Older builds that have not started, and that the file wants stopped for this one. */
      readonly superseded: readonly number[];
    }
  | { readonly kind: "held"; readonly hold: Hold }
  | { readonly kind: "taken" }
  | { readonly kind: "over" };

/**
 * Claims a build for loading. A queued one is held back while its project is frozen, while its trust is not settled, in its
 * quiet period, while as many of the project run as may, and while enough others are begun that wait for a place.
 */
export const claimBuild = procedure(
  "builds.claim",
  { durability: "normal" },
  function* (
    tx: Transaction,
    input: { buildId: number; holder: string; hold?: Hold | null },
  ): Steps<ClaimResult> {
    const row = yield* tx.first(
      tx.db
        .selectFrom("builds")
        .selectAll()
        .where("id", "=", input.buildId)
        .where("state", "in", ["queued", "running", "waiting"])
        .forUpdate(),
    );
    if (row === undefined) return { kind: "over" };
    let superseded: readonly number[] = [];
    if (row.state === "queued") {
      const seen = input.hold ?? (yield* holdOf(tx, row));
      superseded = seen.superseded ?? [];
      if (seen.cause !== null) {
        yield* noteHold(tx, row.id, seen.cause, row);
        return { kind: "held", hold: { cause: seen.cause, superseded } };
      }
    }
    const name = `build:${row.id}`;
    const before = yield* tx.first(tx.db.selectFrom("leases").select("holder").where("name", "=", name));
    const lease = yield* claim(tx, { name, holder: input.holder, ttlMs: BUILD_LEASE_MS });
    if (lease === null) return { kind: "taken" };
    // A host that neither ended it nor gave it back has died with it, perhaps of it.
    const died = before !== undefined && before.holder !== null && before.holder !== input.holder;
    const infraAttempts = row.infraAttempts + (died ? 1 : 0);
    if (died) yield* tx.run(tx.db.updateTable("builds").set({ infraAttempts }).where("id", "=", row.id));
    return { kind: "claimed", build: { ...row, infraAttempts, fence: lease.fence }, superseded };
  },
);

/** What was found about a queued build; without a cause it may start. */
interface Seen {
  readonly cause: HoldCause | null;
  readonly superseded?: readonly number[];
}

function* holdOf(tx: Transaction, build: QueuedBuild): Steps<Seen> {
  if (yield* inSafeMode(tx)) return { cause: { cause: "restored" } };
  const project = yield* tx.first(
    tx.db
      .selectFrom("projects")
      .select(["frozenReason", "key", "settings"])
      .where("id", "=", build.projectId),
  );
  const frozen = (name: string, reason: string): Seen => ({
    cause: { cause: "freeze", what: "project", name, reason, untilAtMs: null },
  });
  if (project === undefined) return frozen("its project", "it was removed");
  if (project.frozenReason !== null) return frozen(project.key, project.frozenReason);
  if (build.trust === "unknown")
    return { cause: readForge(build) ?? { cause: "forge", asked: "trust", said: null } };
  if (build.trust === "untrusted" && build.approvedBy === null) return { cause: { cause: "approval" } };
  const rules = yield* pipelineRules(tx, build.projectId, build.ref);
  const quietUntilMs = build.createdAtMs + quietMsOf(build.eventKind, rules.quietMs);
  // One that was made later than now was made before the clock stepped back: nobody knows how long ago.
  if (build.createdAtMs <= tx.nowMs && quietUntilMs > tx.nowMs)
    return { cause: { cause: "quiet_period", untilAtMs: quietUntilMs } };
  const seen = yield* concurrencyHold(tx, build, project, rules.oneAtATime);
  return seen.cause === null ? { ...seen, cause: yield* admissionHold(tx, build.id) } : seen;
}

/** What a person starts by hand starts at once. */
function quietMsOf(kind: EventKind, quietMs: number): number {
  return kind === "manual" || kind === "restart" ? 0 : quietMs;
}

function readForge(build: WaitColumns): CauseOf<"forge"> | null {
  const cause = readWait(build);
  return cause?.cause === "forge" ? cause : null;
}

function* concurrencyHold(
  tx: Transaction,
  build: QueuedBuild,
  project: { key: string; settings: string },
  oneAtATime: { abortPrevious: boolean } | null,
): Steps<Seen> {
  const most = concurrencyOf(project.settings);
  const started = yield* startedBuilds(tx, build.projectId);
  const running = started.filter(({ id, state }) => id !== build.id && state !== "waiting").length;
  const cause = { cause: "concurrency", project: project.key, running, most } as const;
  if (oneAtATime === null) return { cause: running >= most ? { ...cause, older: null } : null };
  const others = yield* othersOfRef(tx, build, started);
  const superseded = oneAtATime.abortPrevious ? others.flatMap(({ id }) => (id < build.id ? [id] : [])) : [];
  if (running >= most && !others.some(({ isStarted }) => isStarted))
    return { cause: { ...cause, older: null }, superseded };
  const first = others.find(({ isStarted }) => isStarted || !oneAtATime.abortPrevious);
  return { cause: first === undefined ? null : { ...cause, older: first.number }, superseded };
}

/** Unfinished builds of the same ref that go first: those that have started, and older ones that may start. */
function* othersOfRef(
  tx: Transaction,
  build: QueuedBuild,
  started: readonly StartedBuild[],
): Steps<{ id: number; number: number; isStarted: boolean }[]> {
  const claimed = new Set(started.map(({ id }) => id));
  const open = yield* tx.all(
    tx.db
      .selectFrom("builds")
      .select(["id", "number", "state", "waitCode", "trust", "approvedBy"])
      .where("projectId", "=", build.projectId)
      .where("ref", "=", build.ref)
      .where("id", "!=", build.id)
      .where("state", "in", ["queued", "running", "waiting"])
      .orderBy("id"),
  );
  return open.flatMap(({ id, number, state, waitCode, trust, approvedBy }) => {
    const isStarted = state !== "queued" || claimed.has(id);
    const mayStart = waitCode !== "forge" && (trust === "trusted" || approvedBy !== null);
    return isStarted || (id < build.id && mayStart) ? [{ id, number, isStarted }] : [];
  });
}

function* admissionHold(tx: Transaction, buildId: number): Steps<HoldCause | null> {
  const { waiting, most } = yield* readAdmission(tx, buildId);
  return waiting < most ? null : { cause: "admission", waiting, most };
}

interface QueuedBuild extends WaitColumns {
  readonly id: number;
  readonly projectId: number;
  readonly trust: Trust;
  readonly eventKind: EventKind;
  readonly ref: string;
  readonly approvedBy: string | null;
  readonly createdAtMs: number;
}

function* noteHold(tx: Transaction, buildId: number, cause: HoldCause, before: WaitColumns): Steps<void> {
  const columns = waitColumns(cause);
  if (columns.waitCode === before.waitCode && columns.waitFacts === before.waitFacts) return;
  yield* tx.run(
    tx.db
      .updateTable("builds")
      .set({ ...columns, ...(before.waitCode === columns.waitCode ? {} : { waitSinceMs: tx.nowMs }) })
      .where("id", "=", buildId)
      .where("state", "=", "queued"),
  );
}
