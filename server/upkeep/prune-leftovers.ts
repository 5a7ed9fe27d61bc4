import { readPipelineSettingsName } from "../builds/journal/pipeline-settings.ts";
import { procedure } from "../store/procedure.ts";
import type { Steps, Transaction } from "../store/procedure.ts";

/**
 * Forgets what belongs to nothing any more: settings and milestones of refs without builds and without a head, and
 * runners that were sent away and whose last build is gone; how many.
 */
export const pruneLeftovers = procedure(
  "upkeep.pruneLeftovers",
  { durability: "normal" },
  function* (tx: Transaction): Steps<number> {
    return (yield* settingsOfGoneRefs(tx)) + (yield* milestonesOfGoneRefs(tx)) + (yield* revokedRunners(tx));
  },
);

function* settingsOfGoneRefs(tx: Transaction): Steps<number> {
  const rows = yield* tx.all(tx.db.selectFrom("settings").select("name").where("name", "like", "pipeline:%"));
  let gone = 0;
  for (const { name } of rows) {
    const of = readPipelineSettingsName(name);
    if (of !== null && (yield* isThere(tx, of.projectId, of.ref))) continue;
    gone += yield* tx.run(tx.db.deleteFrom("settings").where("name", "=", name));
  }
  return gone;
}

function* isThere(tx: Transaction, projectId: number, ref: string): Steps<boolean> {
  for (const table of ["refHeads", "builds"] as const) {
    const found = yield* tx.first(
      tx.db
        .selectFrom(table)
        .select("projectId")
        .where("projectId", "=", projectId)
        .where("ref", "=", ref)
        .limit(1),
    );
    if (found !== undefined) return true;
  }
  return false;
}

function* milestonesOfGoneRefs(tx: Transaction): Steps<number> {
  return yield* tx.run(
    tx.db
      .deleteFrom("milestones")
      .where((on) =>
        on.not(
          on.exists(
            on
              .selectFrom("builds")
              .select("builds.id")
              .whereRef("builds.projectId", "=", "milestones.projectId")
              .whereRef("builds.ref", "=", "milestones.ref"),
          ),
        ),
      )
      .where((on) =>
        on.not(
          on.exists(
            on
              .selectFrom("refHeads")
              .select("refHeads.ref")
              .whereRef("refHeads.projectId", "=", "milestones.projectId")
              .whereRef("refHeads.ref", "=", "milestones.ref"),
          ),
        ),
      ),
  );
}

function* revokedRunners(tx: Transaction): Steps<number> {
  return yield* tx.run(
    tx.db
      .deleteFrom("runners")
      .where("state", "=", "revoked")
      .where((on) =>
        on.not(
          on.exists(
            on.selectFrom("sessions").select("sessions.id").whereRef("sessions.runnerId", "=", "runners.id"),
          ),
        ),
      ),
  );
}
