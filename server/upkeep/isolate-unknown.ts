import { announce } from "../builds/journal/announce.ts";
import { finishBuild } from "../builds/journal/finish-build.ts";
import { procedure } from "../store/procedure.ts";
import type { Steps, Transaction } from "../store/procedure.ts";
import {
  BUILD_STATES,
  DEPLOYMENT_STATES,
  EFFECT_STATES,
  GATE_STATES,
  PART_STATES,
  SESSION_STATES,
  UNFINISHED_BUILD_STATES,
} from "../store/states.ts";

/** A row that was set apart, for the log. */
export interface Isolated {
  /** `b118`, `d311`, `g77`, as in mails and logs. */
  readonly subject: string;
  readonly text: string;
}

/**
 * Sets apart what this release cannot read: rows whose state is none of its words, as a later release or a damaged file
 * leaves them. A build with such a row ends as our fault, a deployment waits for a person's word, and all else goes on.
 * Run at each start, before anything acts on rows. Of builds that have ended nothing more is read than the build's own
 * row, since nothing acts on it and there may be millions.
 */
export const isolateUnknown = procedure(
  "upkeep.isolateUnknown",
  { durability: "full" },
  function* (tx: Transaction, input: { version: string }): Steps<Isolated[]> {
    const found: Isolated[] = [];
    const broken = new Map<number, string>();
    const note = (subject: string, what: string, state: string, remedy: string): string => {
      const text = `${what} is "${state}", a state that Sluice ${input.version} does not know: ${remedy}`;
      found.push({ subject, text });
      return text;
    };
    const noteOfBuild = (buildId: number, what: string, state: string): void => {
      const remedy = "start the build again, or bring back a backup under the release that wrote it";
      const text = note(`b${buildId}`, what, state, remedy);
      if (!broken.has(buildId)) broken.set(buildId, text);
    };
    yield* isolateDeployments(tx, note);
    yield* isolateGates(tx, noteOfBuild, note);
    for (const row of yield* tx.all(
      tx.db
        .selectFrom("effects")
        .innerJoin("builds", "builds.id", "effects.buildId")
        .select(["effects.buildId", "effects.id", "effects.name", "effects.state"])
        .where("builds.state", "in", UNFINISHED_BUILD_STATES)
        .where("effects.state", "not in", EFFECT_STATES),
    )) {
      noteOfBuild(row.buildId, `effect ${row.id} (${row.name}) of this build`, row.state);
      yield* tx.run(
        tx.db
          .updateTable("effects")
          .set({ state: "closed", ord: null, endedAtMs: tx.nowMs })
          .where("buildId", "=", row.buildId)
          .where("id", "=", row.id),
      );
    }
    // The end of their build closes them, and the runner is told.
    for (const row of yield* tx.all(
      tx.db
        .selectFrom("sessions")
        .innerJoin("builds", "builds.id", "sessions.buildId")
        .select(["sessions.buildId", "sessions.id", "sessions.state"])
        .where("builds.state", "in", UNFINISHED_BUILD_STATES)
        .where("sessions.state", "not in", SESSION_STATES),
    ))
      noteOfBuild(row.buildId, `agent session ${row.id} of this build`, row.state);
    for (const row of yield* tx.all(
      tx.db.selectFrom("builds").select(["id", "state"]).where("state", "not in", BUILD_STATES).forUpdate(),
    ))
      noteOfBuild(row.id, "this build", row.state);
    for (const [buildId, text] of broken) yield* endBuild(tx, buildId, text);
    return found;
  },
);

function* endBuild(tx: Transaction, buildId: number, text: string): Steps<void> {
  yield* tx.run(
    tx.db
      .updateTable("builds")
      .set({ state: "running", endedAtMs: null })
      .where("id", "=", buildId)
      .where("state", "not in", BUILD_STATES),
  );
  const build = yield* tx.first(
    tx.db
      .updateTable("builds")
      .set((eb) => ({ startedAtMs: eb.fn.coalesce("startedAtMs", eb.val(tx.nowMs)) }))
      .where("id", "=", buildId)
      .where("state", "in", UNFINISHED_BUILD_STATES)
      .returning("projectId"),
  );
  if (build === undefined) return;
  yield* settleParts(tx, buildId);
  const end = { state: "failed", code: "internal_error", fault: "sluice", text } as const;
  yield* finishBuild(tx, buildId, end, { placesChanged: true });
  yield* announce(tx, { kind: "build.changed", projectId: build.projectId, buildId, id: buildId });
}

type Note = (subject: string, what: string, state: string, remedy: string) => string;

/** What may have been sent is `unknown`, which only a person moves where the reason is ours. */
function* isolateDeployments(tx: Transaction, note: Note): Steps<void> {
  const remedy = "look at the environment's target, then say on the deployment's page what is so";
  const strange = new Map<number, string>();
  for (const row of yield* tx.all(
    tx.db
      .selectFrom("deploymentTargets")
      .select(["id", "deploymentId", "target", "state"])
      .where("state", "not in", DEPLOYMENT_STATES)
      .forUpdate(),
  )) {
    const text = note(`d${row.deploymentId}`, `target ${row.target} of this deployment`, row.state, remedy);
    strange.set(row.deploymentId, text);
    yield* tx.run(
      tx.db
        .updateTable("deploymentTargets")
        .set({ state: "unknown", reasonCode: "internal_error", updatedAtMs: tx.nowMs })
        .where("id", "=", row.id),
    );
  }
  for (const row of yield* tx.all(
    tx.db
      .selectFrom("deployments")
      .select(["id", "state"])
      .where("state", "not in", DEPLOYMENT_STATES)
      .forUpdate(),
  ))
    strange.set(row.id, note(`d${row.id}`, "this deployment", row.state, remedy));
  for (const [id, text] of strange) {
    const row = yield* tx.first(
      tx.db
        .updateTable("deployments")
        .set({
          state: "unknown",
          reasonCode: "internal_error",
          reasonFault: "sluice",
          reasonText: text,
          endedAtMs: null,
        })
        .where("id", "=", id)
        .where("state", "not in", ["succeeded", "failed", "withdrawn", "rolled_back", "rollback_failed"])
        .returning(["projectId", "buildId"]),
    );
    if (row === undefined) continue;
    yield* tx.run(
      tx.db
        .updateTable("gates")
        .set({ state: "withdrawn", decidedAtMs: tx.nowMs, reason: text })
        .where("deploymentId", "=", id)
        .where("state", "=", "open"),
    );
    yield* announce(tx, { kind: "deployment.changed", projectId: row.projectId, buildId: row.buildId, id });
  }
}

/** A gate nobody can read is withdrawn, and with it what it kept back; a decision that its deployment knows of stands. */
function* isolateGates(
  tx: Transaction,
  noteOfBuild: (buildId: number, what: string, state: string) => void,
  note: Note,
): Steps<void> {
  const gates = yield* tx.all(
    tx.db
      .selectFrom("gates")
      .select(["id", "state", "buildId", "deploymentId"])
      .where("state", "not in", GATE_STATES)
      .forUpdate(),
  );
  for (const gate of gates) {
    const approved =
      gate.deploymentId === null
        ? undefined
        : yield* tx.first(
            tx.db
              .selectFrom("deployments")
              .select("id")
              .where("id", "=", gate.deploymentId)
              .where("approvedAtMs", "is not", null),
          );
    yield* tx.run(
      tx.db
        .updateTable("gates")
        .set({ state: approved === undefined ? "withdrawn" : "approved", decidedAtMs: tx.nowMs })
        .where("id", "=", gate.id),
    );
    if (gate.deploymentId !== null) {
      const text = note(`g${gate.id}`, `gate ${gate.id}`, gate.state, "deploy again if it is still wanted");
      yield* tx.run(
        tx.db
          .updateTable("deployments")
          .set({
            state: "withdrawn",
            reasonCode: "internal_error",
            reasonFault: "sluice",
            reasonText: text,
            endedAtMs: tx.nowMs,
          })
          .where("id", "=", gate.deploymentId)
          .where("state", "=", "pending")
          .where("approvedAtMs", "is", null),
      );
    } else if (gate.buildId !== null) noteOfBuild(gate.buildId, `gate ${gate.id} of this build`, gate.state);
  }
}

/** Parts are only shown: what their build came to is said elsewhere. */
function* settleParts(tx: Transaction, buildId: number): Steps<void> {
  for (const table of ["stages", "steps"] as const)
    yield* tx.run(
      tx.db
        .updateTable(table)
        .set({ state: "aborted", endedAtMs: tx.nowMs })
        .where("buildId", "=", buildId)
        .where("state", "not in", PART_STATES),
    );
}
