import { record } from "../store/outbox.ts";
import { procedure } from "../store/procedure.ts";
import type { Steps, Transaction } from "../store/procedure.ts";
import type { DeliverySource } from "../store/states.ts";
import { makeBuild } from "./new-build.ts";
import type { NewBuild } from "./new-build.ts";

/** Stands for "no object" in the pairs of moves. */
const NOTHING = "";

/** Refused requests that are kept per hook, and of all unknown hooks together. */
export const KEPT_REFUSALS = 200;
export const KEPT_UNKNOWN = 1000;
/** A flood of refusals is cleaned up now and then, not at each request. */
const CLEAN_EVERY = 50;

/** A delivery that was read and judged, ready to be recorded. */
export interface JudgedDelivery {
  readonly projectId: number;
  /** The project's version by which it was judged; another one now makes the answer `stale`. */
  readonly projectVersion: number;
  readonly hook: string;
  readonly source: DeliverySource;
  readonly forge: string;
  readonly dedupeKey: string | null;
  readonly eventName: string | null;
  readonly headers: string;
  readonly body: Uint8Array | null;
  readonly bodySha256: string | null;
  readonly bodySize: number;
  readonly address: string | null;
  readonly verdict: string;
  /** Why nothing is built; null: build. */
  readonly because: string | null;
  readonly event: string | null;
  /** What moved: null where the event moves no ref. */
  readonly move: {
    readonly ref: string;
    readonly before: string | null;
    readonly after: string | null;
    readonly known: boolean;
  } | null;
  readonly build: Omit<NewBuild, "projectId" | "deliveryId"> | null;
  readonly replayOf: number | null;
  /** Builds although the rule of repeats says no: a person asked for it. */
  readonly again: boolean;
}

/** What came of a delivery. */
export interface Recorded {
  readonly kind: "recorded";
  readonly deliveryId: number;
  readonly verdict: string;
  readonly builds: readonly { id: number; number: number }[];
}

/**
 * Records a delivery whole: its row with the verdict, the moved head, the build with its number and nudge, or what it
 * repeats. Repeats are: a delivery id seen; `after` equal to the recorded head; a pair (before, after) seen whose
 * `before` is not the recorded head.
 */
export const recordDelivery = procedure(
  "recordDelivery",
  { durability: "full" },
  function* (tx, input: JudgedDelivery): Steps<Recorded | { kind: "stale" }> {
    const project = yield* tx.first(
      tx.db
        .selectFrom("projects")
        .select("version")
        .where("id", "=", input.projectId)
        .where("archivedAtMs", "is", null)
        .forUpdate(),
    );
    if (project?.version !== input.projectVersion) return { kind: "stale" };
    const first = input.dedupeKey === null ? undefined : yield* seenDelivery(tx, input.hook, input.dedupeKey);
    if (first !== undefined)
      return yield* recordRepeat(tx, input, first, `this delivery was seen before, as ${first}`, first);
    const repeat = input.move === null || input.again ? undefined : yield* repeatOf(tx, input, input.move);
    if (repeat !== undefined) return yield* recordRepeat(tx, input, repeat.deliveryId, repeat.because, null);
    const id = yield* insertDelivery(tx, input, {
      dedupeKey: input.dedupeKey,
      state: input.build === null ? "ignored" : "processed",
      reason: input.because,
      repeatOf: null,
    });
    if (input.move !== null) yield* moveHead(tx, input, id);
    if (input.build === null)
      return {
        kind: "recorded",
        deliveryId: id,
        verdict: `ignored: ${input.because ?? "nothing to do"}`,
        builds: [],
      };
    const made = yield* makeBuild(tx, { ...input.build, projectId: input.projectId, deliveryId: id });
    return { kind: "recorded", deliveryId: id, verdict: `build #${made.number}`, builds: [made] };
  },
);

function* seenDelivery(tx: Transaction, hook: string, dedupeKey: string): Steps<number | undefined> {
  const row = yield* tx.first(
    tx.db.selectFrom("deliveries").select("id").where("hook", "=", hook).where("dedupeKey", "=", dedupeKey),
  );
  return row?.id;
}

function* repeatOf(
  tx: Transaction,
  { projectId, source }: JudgedDelivery,
  move: NonNullable<JudgedDelivery["move"]>,
): Steps<{ deliveryId: number | null; because: string } | undefined> {
  const head = yield* tx.first(
    tx.db.selectFrom("refHeads").select("sha").where("projectId", "=", projectId).where("ref", "=", move.ref),
  );
  const recorded = head?.sha ?? NOTHING;
  // A sweep looked a while ago: what has moved since was told by somebody else.
  if (source === "sweep" && recorded !== (move.before ?? NOTHING)) {
    return { deliveryId: null, because: `${move.ref} has moved since it was looked at` };
  }
  const seen = yield* tx.first(
    tx.db
      .selectFrom("refMoves")
      .select("deliveryId")
      .where("projectId", "=", projectId)
      .where("ref", "=", move.ref)
      .where("beforeSha", "=", move.before ?? NOTHING)
      .where("afterSha", "=", move.after ?? NOTHING)
      .orderBy("id", "desc")
      .limit(1),
  );
  if (recorded !== NOTHING && (move.after ?? NOTHING) === recorded) {
    return {
      deliveryId: seen?.deliveryId ?? null,
      because: `${move.ref} is recorded at this commit already`,
    };
  }
  if (seen !== undefined && move.known && (move.before ?? NOTHING) !== recorded) {
    return { deliveryId: seen.deliveryId, because: `this move of ${move.ref} was seen before` };
  }
  return undefined;
}

function* recordRepeat(
  tx: Transaction,
  input: JudgedDelivery,
  repeatsId: number | null,
  because: string,
  answerId: number | null,
): Steps<Recorded> {
  const id = yield* insertDelivery(tx, input, {
    dedupeKey: null,
    state: "ignored",
    reason: because,
    repeatOf: repeatsId,
  });
  const builds =
    repeatsId === null
      ? []
      : yield* tx.all(
          tx.db
            .selectFrom("builds")
            .select(["id", "number"])
            .where("deliveryId", "=", repeatsId)
            .orderBy("id"),
        );
  return { kind: "recorded", deliveryId: answerId ?? id, verdict: `repeat: ${because}`, builds };
}

function* insertDelivery(
  tx: Transaction,
  input: JudgedDelivery,
  outcome: {
    dedupeKey: string | null;
    state: "processed" | "ignored";
    reason: string | null;
    repeatOf: number | null;
  },
): Steps<number> {
  const { id } = yield* tx.one(
    tx.db
      .insertInto("deliveries")
      .values({
        hook: input.hook,
        projectId: input.projectId,
        source: input.source,
        forge: input.forge,
        eventName: input.eventName,
        headers: input.headers,
        body: input.body,
        bodySha256: input.bodySha256,
        bodySize: input.bodySize,
        address: input.address,
        status: 202,
        verdict: input.verdict,
        event: input.event,
        replayOf: input.replayOf,
        receivedAtMs: tx.nowMs,
        processedAtMs: tx.nowMs,
        ...outcome,
      })
      .returning("id"),
  );
  yield* record(tx, { kind: "delivery.changed", projectId: input.projectId, body: { id } });
  return id;
}

function* moveHead(tx: Transaction, input: JudgedDelivery, deliveryId: number): Steps<void> {
  const { move, projectId, source } = input;
  if (move === null) return;
  yield* tx.run(
    tx.db.insertInto("refMoves").values({
      projectId,
      ref: move.ref,
      beforeSha: move.before ?? NOTHING,
      afterSha: move.after ?? NOTHING,
      deliveryId,
      seenAtMs: tx.nowMs,
    }),
  );
  if (move.after === null) {
    yield* tx.run(
      tx.db.deleteFrom("refHeads").where("projectId", "=", projectId).where("ref", "=", move.ref),
    );
    return;
  }
  const head = { sha: move.after, source, seenAtMs: tx.nowMs };
  yield* tx.run(
    tx.db
      .insertInto("refHeads")
      .values({ projectId, ref: move.ref, ...head })
      .onConflict((on) => on.columns(["projectId", "ref"]).doUpdateSet(head)),
  );
}

/** A request that was refused. Nothing of its body is kept. */
export interface Refusal {
  readonly hook: string;
  readonly projectId: number | null;
  readonly forge: string | null;
  readonly eventName: string | null;
  readonly headerNames: readonly string[];
  readonly bodySize: number;
  readonly address: string | null;
  readonly status: number;
  readonly reason: string;
}

/** Records a refused request where people see it, and forgets the oldest beyond what is kept. */
export const recordRefusal = procedure(
  "recordRefusal",
  { durability: "normal" },
  function* (tx, input: Refusal): Steps<number> {
    const { id } = yield* tx.one(
      tx.db
        .insertInto("deliveries")
        .values({
          hook: input.hook,
          projectId: input.projectId,
          source: "webhook",
          forge: input.forge,
          dedupeKey: null,
          eventName: input.eventName,
          headers: JSON.stringify(Object.fromEntries(input.headerNames.map((name) => [name, ""]))),
          body: null,
          bodySha256: null,
          bodySize: input.bodySize,
          address: input.address,
          state: "rejected",
          status: input.status,
          reason: input.reason,
          verdict: JSON.stringify([{ rule: "request", ok: false, text: input.reason }]),
          event: null,
          repeatOf: null,
          replayOf: null,
          receivedAtMs: tx.nowMs,
          processedAtMs: tx.nowMs,
        })
        .returning("id"),
    );
    yield* record(tx, { kind: "delivery.changed", projectId: input.projectId, body: { id } });
    if (id % CLEAN_EVERY !== 0) return id;
    const own = tx.db.selectFrom("deliveries").select("id").where("state", "=", "rejected");
    const kept = input.projectId === null ? KEPT_UNKNOWN : KEPT_REFUSALS;
    const scope =
      input.projectId === null
        ? own.where("projectId", "is", null)
        : own.where("projectId", "=", input.projectId);
    const oldest = yield* tx.first(scope.orderBy("id", "desc").offset(kept).limit(1));
    if (oldest !== undefined) {
      const old = tx.db.deleteFrom("deliveries").where("state", "=", "rejected").where("id", "<=", oldest.id);
      yield* tx.run(
        input.projectId === null
          ? old.where("projectId", "is", null)
          : old.where("projectId", "=", input.projectId),
      );
    }
    return id;
  },
);
