import type { Steps, Transaction } from "../../store/procedure.ts";
import { stopBuild } from "./abort-build.ts";

/**
 * Takes a build past a milestone, unless a newer one of its ref has passed it: null then. As in Jenkins, older builds that
 * have passed an earlier milestone and not this one are stopped, which are given; one that has come to none yet is stopped
 * when it does.
 */
export function* passMilestone(
  tx: Transaction,
  buildId: number,
  ordinal: number,
): Steps<readonly number[] | null> {
  const build = yield* tx.one(
    tx.db.selectFrom("builds").select(["projectId", "ref", "number"]).where("id", "=", buildId),
  );
  const newer = yield* tx.first(
    tx.db
      .selectFrom("milestones")
      .select("buildNumber")
      .where("projectId", "=", build.projectId)
      .where("ref", "=", build.ref)
      .where("ordinal", ">=", ordinal)
      .where("buildNumber", ">", build.number)
      .limit(1),
  );
  if (newer !== undefined) return null;
  yield* tx.run(
    tx.db
      .insertInto("milestones")
      .values({ projectId: build.projectId, ref: build.ref, ordinal, buildNumber: build.number })
      .onConflict((conflict) =>
        conflict.columns(["projectId", "ref", "ordinal"]).doUpdateSet({ buildNumber: build.number }),
      ),
  );
  yield* tx.run(tx.db.updateTable("builds").set({ milestone: ordinal }).where("id", "=", buildId));
  return yield* stopOlder(tx, build, ordinal);
}

function* stopOlder(
  tx: Transaction,
  build: { projectId: number; ref: string; number: number },
  ordinal: number,
): Steps<number[]> {
  const older = yield* tx.all(
    tx.db
      .selectFrom("builds")
      .select("id")
      .where("projectId", "=", build.projectId)
      .where("ref", "=", build.ref)
      .where("number", "<", build.number)
      .where("state", "in", ["running", "waiting"])
      .where("milestone", "<", ordinal)
      .orderBy("id"),
  );
  for (const { id } of older)
    yield* stopBuild(tx, {
      buildId: id,
      by: "Sluice",
      result: "NOT_BUILT",
      reason: `build ${build.number} has passed milestone ${ordinal} first`,
      atLeast: 1,
    });
  return older.map(({ id }) => id);
}
