import { holds } from "../../store/leases.ts";
import { procedure, type Steps, type Transaction } from "../../store/procedure.ts";
import { announce } from "./announce.ts";
import { finishBuild } from "./finish-build.ts";
import type { EndInput } from "./turn-input.ts";

/** Ends a build for a reason that no engine gave: its file is wrong, its commit cannot be read, its journal misfits. */
export const failBuild = procedure(
  "builds.fail",
  { durability: "normal" },
  function* (
    tx: Transaction,
    input: { buildId: number; fence: number; end: EndInput; consoleLength?: number },
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
