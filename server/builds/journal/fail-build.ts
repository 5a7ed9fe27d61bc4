import { holds } from "../../store/leases.ts";
import { procedure, type Steps, type Transaction } from "../../store/procedure.ts";
import { announce } from "./announce.ts";
import { finishBuild } from "./finish-build.ts";
import { type CommitFacts, noteCommit } from "./load-build.ts";
import type { EndInput } from "./turn-input.ts";

/** Ends a build for a reason that no engine gave: its file is wrong, its commit cannot be read, its journal misfits. */
export const failBuild = procedure(
  "builds.fail",
  { durability: "normal" },
  function* (
    tx: Transaction,
    input: {
      buildId: number;
      fence: number;
      end: EndInput;
      consoleLength?: number;
      /** What the repository told of the commit, so that its author can be told. */
      commit?: { sha: string; facts: CommitFacts };
    },
  ): Steps<boolean> {
    if (!(yield* holds(tx, { name: `build:${input.buildId}`, fence: input.fence }))) return false;
    const build = yield* tx.first(
      tx.db
        .updateTable("builds")
        .set((eb) => ({
          startedAtMs: eb.fn.coalesce("startedAtMs", eb.val(tx.nowMs)),
          ...(input.consoleLength === undefined ? {} : { consoleLength: input.consoleLength }),
        }))
        .where("id", "=", input.buildId)
        .returning("projectId"),
    );
    if (build === undefined) return false;
    if (input.commit !== undefined)
      yield* noteCommit(tx, input.buildId, input.commit.sha, input.commit.facts);
    const ended = yield* finishBuild(tx, input.buildId, input.end, { placesChanged: true });
    if (ended)
      yield* announce(tx, {
        kind: "build.changed",
        projectId: build.projectId,
        buildId: input.buildId,
        id: input.buildId,
      });
    return ended;
  },
);

/** Ends a build of which nothing can be read, whoever holds it: its host loses it with its next commit. */
export const endDamaged = procedure(
  "builds.endDamaged",
  { durability: "normal" },
  function* (tx: Transaction, input: { buildId: number; text: string }): Steps<boolean> {
    const end: EndInput = { state: "failed", code: "journal_mismatch", fault: "sluice", text: input.text };
    if (!(yield* finishBuild(tx, input.buildId, end, { placesChanged: true }))) return false;
    const build = yield* tx.one(
      tx.db
        .updateTable("builds")
        .set((eb) => ({ startedAtMs: eb.fn.coalesce("startedAtMs", eb.val(tx.nowMs)) }))
        .where("id", "=", input.buildId)
        .returning("projectId"),
    );
    yield* announce(tx, {
      kind: "build.changed",
      projectId: build.projectId,
      buildId: input.buildId,
      id: input.buildId,
    });
    return true;
  },
);

/** How often a build may die under its host before it is given up: never an endless loop. */
export const MOST_BREAKS = 3;

/** Counts a failure of ours under a build; the third ends it, with all that was seen in the reason. */
export const noteBreak = procedure(
  "builds.noteBreak",
  { durability: "normal" },
  function* (tx: Transaction, input: { buildId: number; fence: number; text: string }): Steps<boolean> {
    if (!(yield* holds(tx, { name: `build:${input.buildId}`, fence: input.fence }))) return false;
    const build = yield* tx.first(
      tx.db
        .updateTable("builds")
        .set((eb) => ({ infraAttempts: eb("infraAttempts", "+", 1) }))
        .where("id", "=", input.buildId)
        .where("state", "in", ["queued", "running", "waiting"])
        .returning(["infraAttempts", "projectId"]),
    );
    if (build === undefined || build.infraAttempts < MOST_BREAKS) return false;
    const end: EndInput = {
      state: "failed",
      code: "internal_error",
      fault: "sluice",
      text: `Sluice failed ${build.infraAttempts} times under this build, the last time: ${input.text.slice(0, 500)}`,
    };
    yield* finishBuild(tx, input.buildId, end, { placesChanged: true });
    yield* announce(tx, {
      kind: "build.changed",
      projectId: build.projectId,
      buildId: input.buildId,
      id: input.buildId,
    });
    return true;
  },
);

/** Notes that a host stands under the build with nothing left to deliver: the hosts before did not die of it. */
export const noteStanding = procedure(
  "builds.noteStanding",
  { durability: "normal" },
  function* (tx: Transaction, input: { buildId: number; fence: number }): Steps<boolean> {
    if (!(yield* holds(tx, { name: `build:${input.buildId}`, fence: input.fence }))) return false;
    const changed = yield* tx.run(
      tx.db
        .updateTable("builds")
        .set({ infraAttempts: 0 })
        .where("id", "=", input.buildId)
        .where("infraAttempts", ">", 0),
    );
    return changed > 0;
  },
);
