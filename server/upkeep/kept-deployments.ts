import { type QueryCreator, sql } from "kysely";
import type { Database } from "../store/schema.ts";
import type { Steps, Transaction } from "../store/procedure.ts";

/** Releases of a project in an environment to which people may want to go back. */
export const KEPT_RELEASES = 10;

/** Deployments that retention never touches: live, under way or waiting, the last releases, and what those repeat. */
export function* keptDeployments(tx: Transaction): Steps<number[]> {
  const rows = yield* tx.all(keptDeploymentRows(tx.db));
  return [...new Set(rows.flatMap(({ id, rollbackOf }) => (rollbackOf === null ? [id] : [id, rollbackOf])))];
}

/** The rows of `keptDeployments`, each with the one whose plan it repeats. */
export function keptDeploymentRows(db: QueryCreator<Database>) {
  return db
    .selectFrom((from) =>
      from
        .selectFrom("deployments")
        .select([
          "id",
          "state",
          "rollbackOf",
          "release",
          sql<number>`row_number() over (partition by environment, project_id
              order by coalesce(release, 0) desc, id desc)`.as("place"),
        ])
        .as("deployment"),
    )
    .select(["deployment.id", "deployment.rollbackOf"])
    .where((on) =>
      on.or([
        on("deployment.state", "in", ["pending", "applying", "verifying", "unknown", "rolling_back"]),
        on.and([on("deployment.release", "is not", null), on("deployment.place", "<=", KEPT_RELEASES)]),
        on.exists(
          on.selectFrom("live").select("live.release").whereRef("live.deploymentId", "=", "deployment.id"),
        ),
        on.exists(
          on
            .selectFrom("environments")
            .select("environments.name")
            .whereRef("environments.liveDeploymentId", "=", "deployment.id"),
        ),
      ]),
    );
}
