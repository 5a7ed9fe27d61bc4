import { claim } from "../../store/leases.ts";
import { oneAtATime } from "./pipeline-settings.ts";
import { inSafeMode, SAFE_MODE_TEXT } from "../../upkeep/safe-mode.ts";
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
}

/** Why a queued build may not start yet, as data for the page. */
export interface Hold {
  readonly code: string;
  readonly text: string;
  /** Older builds that the file wants stopped for this one. */
  readonly superseded?: readonly number[];
}

/** `held`: it stays queued for the reason given. `taken`: somebody else has it. `over`: nothing is left to do. */
export type ClaimResult =
  | { readonly kind: "claimed"; readonly build: ClaimedBuild }
  | { readonly kind: "held"; readonly hold: Hold }
  | { readonly kind: "taken" }
  | { readonly kind: "over" };

/** Most builds of one project that run at once where its settings say nothing. */
const DEFAULT_CONCURRENCY = 10;

/**
 * Claims a build for loading. A queued one is held back while its project is frozen, while its trust is not settled, and while as
 * many of the project run as may.
 */
export const claimBuild = procedure(
  "builds.claim",
  { durability: "normal" },
  function* (
    tx: Transaction,
    input: { buildId: number; holder: string; concurrency: number | null; hold?: Hold | null },
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
    if (row.state === "queued") {
      const hold = input.hold ?? (yield* holdOf(tx, row, input.concurrency ?? DEFAULT_CONCURRENCY));
      if (hold !== null) {
        yield* noteHold(tx, row.id, hold, row.waitCode);
        return { kind: "held", hold };
      }
    }
    const lease = yield* claim(tx, { name: `build:${row.id}`, holder: input.holder, ttlMs: BUILD_LEASE_MS });
    if (lease === null) return { kind: "taken" };
    return { kind: "claimed", build: { ...row, fence: lease.fence } };
  },
);

function* holdOf(
  tx: Transaction,
  build: { id: number; projectId: number; trust: Trust; ref: string; approvedBy: string | null },
  concurrency: number,
): Steps<Hold | null> {
  if (yield* inSafeMode(tx)) return { code: "restored", text: SAFE_MODE_TEXT };
  const project = yield* tx.first(
    tx.db.selectFrom("projects").select(["frozenReason", "key"]).where("id", "=", build.projectId),
  );
  if (project === undefined) return { code: "freeze", text: "its project was removed" };
  if (project.frozenReason !== null)
    return { code: "freeze", text: `${project.key} is held: ${project.frozenReason}` };
  if (build.trust === "unknown") return { code: "forge", text: "the forge has not told yet who may write" };
  if (build.trust === "untrusted" && build.approvedBy === null)
    return {
      code: "approval",
      text: "a change of somebody who may not write is built only after a maintainer allows it",
    };
  const busy = yield* tx.all(
    tx.db
      .selectFrom("builds")
      .select(["id", "number", "ref"])
      .where("projectId", "=", build.projectId)
      .where("state", "=", "running")
      .where("id", "!=", build.id),
  );
  if (busy.length >= concurrency)
    return {
      code: "concurrency",
      text: `${busy.length} builds of ${project.key} run, and no more than ${concurrency} may`,
    };
  const rule = yield* oneAtATime(tx, build.projectId, build.ref);
  if (rule === null) return null;
  const older = yield* tx.all(
    tx.db
      .selectFrom("builds")
      .select(["id", "number"])
      .where("projectId", "=", build.projectId)
      .where("ref", "=", build.ref)
      .where("id", "<", build.id)
      .where("state", "in", ["running", "waiting"]),
  );
  const [first] = older;
  if (first === undefined) return null;
  return {
    code: "concurrency",
    text: `build ${first.number} of the same branch has not ended, and its file allows one at a time`,
    superseded: rule.abortPrevious ? older.map(({ id }) => id) : [],
  };
}

function* noteHold(tx: Transaction, buildId: number, hold: Hold, before: string | null): Steps<void> {
  yield* tx.run(
    tx.db
      .updateTable("builds")
      .set({
        waitCode: hold.code,
        waitText: hold.text,
        ...(before === hold.code ? {} : { waitSinceMs: tx.nowMs }),
      })
      .where("id", "=", buildId)
      .where("state", "=", "queued"),
  );
}
