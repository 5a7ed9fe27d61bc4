import { nudge, record } from "../store/outbox.ts";
import { NO_WAIT, waitColumns } from "../waits/cause.ts";
import type { Steps, Transaction } from "../store/procedure.ts";
import type { EventKind, Trust } from "../store/states.ts";

const FIRST_EPOCH = 1;

/** Everything a build row needs at its birth. `dataKey` is the build's own key, wrapped by the vault. */
export interface NewBuild {
  readonly projectId: number;
  readonly deliveryId: number | null;
  readonly trust: Trust;
  readonly eventKind: EventKind;
  readonly event: string;
  readonly ref: string;
  readonly sha: string | null;
  readonly beforeSha: string | null;
  readonly title: string;
  readonly author: string;
  readonly authorMail: string | null;
  readonly actor: string;
  readonly routes: string;
  readonly parameters: string;
  readonly dataKey: Uint8Array;
  readonly restartOf?: number;
  readonly restartFrom?: string;
  /** The build whose `build` step, or whose end, started this one. */
  readonly upstreamId?: number;
}

/** Makes a queued build with the project's next number, and its nudge, in the caller's transaction. */
export function* makeBuild(tx: Transaction, build: NewBuild): Steps<{ id: number; number: number }> {
  const { nextNumber } = yield* tx.one(
    tx.db
      .updateTable("projects")
      .set((eb) => ({ nextNumber: eb("nextNumber", "+", 1) }))
      .where("id", "=", build.projectId)
      .returning("nextNumber"),
  );
  const number = nextNumber - 1;
  const settled = build.trust !== "unknown" && build.sha !== null;
  const { id } = yield* tx.one(
    tx.db
      .insertInto("builds")
      .values({
        projectId: build.projectId,
        number,
        deliveryId: build.deliveryId,
        trust: build.trust,
        eventKind: build.eventKind,
        event: build.event,
        ref: build.ref,
        sha: build.sha,
        beforeSha: build.beforeSha,
        title: build.title,
        author: build.author,
        authorMail: build.authorMail,
        actor: build.actor,
        routes: build.routes,
        parameters: build.parameters,
        state: "queued",
        ...(settled
          ? NO_WAIT
          : {
              ...waitColumns({
                cause: "forge",
                asked: build.trust === "unknown" ? "trust" : "commit",
                said: null,
              }),
              waitSinceMs: tx.nowMs,
            }),
        epoch: FIRST_EPOCH,
        dataKey: build.dataKey,
        restartOf: build.restartOf ?? null,
        restartFrom: build.restartFrom ?? null,
        upstreamId: build.upstreamId ?? null,
        createdAtMs: tx.nowMs,
      })
      .returning("id"),
  );
  yield* nudge(tx, "builds", { id, epoch: FIRST_EPOCH });
  yield* record(tx, {
    kind: "build.changed",
    projectId: build.projectId,
    buildId: id,
    actor: build.actor,
    body: { id },
  });
  return { id, number };
}
