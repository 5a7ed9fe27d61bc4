import { sql } from "kysely";
import { ProjectSettings } from "../../projects/settings.ts";
import type { Steps, Transaction } from "../../store/procedure.ts";

/** Builds begun beyond twice the places there are, so that agents are always at hand and thousands are never loaded. */
const SPARE = 20;
/** A build may want many agents at once: more waiting ones than these are not told apart. */
const LOOKED_AT = 1_000;

/** Of a project's settings what counts here. */
const Settings = ProjectSettings.pick({ concurrency: true });

/** How many builds of a project may run at once. */
export function concurrencyOf(settings: string): number {
  return Settings.parse(JSON.parse(settings)).concurrency;
}

/** A build that has started: it runs, or it is claimed and its first turn is not written yet. */
export interface StartedBuild {
  readonly id: number;
  readonly number: number;
  readonly ref: string;
  readonly state: string;
}

/** Builds of a project that run, and those claimed that are still `queued`: their first turn is on its way. */
export function* startedBuilds(tx: Transaction, projectId: number): Steps<StartedBuild[]> {
  const running = yield* tx.all(
    tx.db
      .selectFrom("builds")
      .select(["id", "number", "ref", "state"])
      .where("projectId", "=", projectId)
      .where(sql<boolean>`builds.state = 'running'`),
  );
  const claimed = yield* tx.all(
    tx.db
      .selectFrom("leases")
      .innerJoin("builds", (join) =>
        join.on(
          "builds.id",
          "=",
          sql<number>`case when leases.name like 'build:%' then cast(substr(leases.name, 7) as bigint) end`,
        ),
      )
      .select(["builds.id", "builds.number", "builds.ref", "builds.state"])
      .where("leases.holder", "is not", null)
      .where("leases.expiresAtMs", ">", tx.nowMs)
      .where("builds.projectId", "=", projectId)
      .where("builds.state", "=", "queued"),
  );
  return [...running, ...claimed];
}

/** How many builds, one apart, are begun and wait for a place, and how many may. */
export function* readAdmission(
  tx: Transaction,
  apart: number,
): Steps<{ readonly waiting: number; readonly most: number }> {
  const { places } = yield* tx.one(
    tx.db
      .selectFrom("runners")
      .select((eb) => eb.fn.coalesce(eb.fn.sum<number | string>("places"), eb.val(0)).as("places"))
      .where("state", "=", "online"),
  );
  const most = 2 * Number(places) + SPARE;
  const rows = yield* tx.all(
    tx.db
      .selectFrom((from) =>
        from
          .selectFrom("sessions")
          .select("buildId")
          .where(sql<boolean>`sessions.state = 'queued'`)
          .where("buildId", "!=", apart)
          // What no runner that is here could take is no reason to keep others from starting.
          .where((eb) =>
            eb.or([eb("waitCode", "is", null), eb("waitCode", "not in", ["label", "runner_offline"])]),
          )
          .limit(LOOKED_AT)
          .as("session"),
      )
      .select("session.buildId")
      .distinct()
      .limit(most),
  );
  return { waiting: rows.length, most };
}
