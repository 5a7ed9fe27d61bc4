import { procedure } from "../../../../server/store/procedure.ts";
import type { BuildState } from "../../../../server/store/states.ts";

const NOTHING = new Uint8Array();

/** A project and a build of it, with as little in them as the schema allows; the build's id. */
export const aBuild = procedure(
  "aBuild",
  { durability: "normal" },
  function* (
    tx,
    input: { key: string; number: number; state: BuildState; nextOrd?: number; delivered?: number },
  ) {
    const nowMs = tx.nowMs;
    yield* tx.run(
      tx.db
        .insertInto("projects")
        .values({
          key: input.key,
          name: input.key,
          forge: "here",
          repo: input.key,
          settings: "{}",
          hook: `hook-${input.key}`,
          hookSecret: NOTHING,
          createdAtMs: nowMs,
          updatedAtMs: nowMs,
        })
        .onConflict((on) => on.column("key").doNothing()),
    );
    const project = yield* tx.one(tx.db.selectFrom("projects").select("id").where("key", "=", input.key));
    const unfinished = ["queued", "running", "waiting"].includes(input.state);
    const build = yield* tx.one(
      tx.db
        .insertInto("builds")
        .values({
          projectId: project.id,
          number: input.number,
          trust: "trusted",
          eventKind: "push",
          event: "{}",
          ref: "refs/heads/main",
          routes: "[]",
          parameters: "{}",
          state: input.state,
          nextOrd: input.nextOrd ?? 1,
          delivered: input.delivered ?? 0,
          dataKey: NOTHING,
          createdAtMs: nowMs,
          endedAtMs: unfinished ? null : nowMs,
        })
        .returning("id"),
    );
    return build.id;
  },
);

/** A build reaches a state. */
export const buildReaches = procedure(
  "buildReaches",
  { durability: "normal" },
  function* (tx, input: { id: number; state: BuildState }) {
    const unfinished = ["queued", "running", "waiting"].includes(input.state);
    return yield* tx.run(
      tx.db
        .updateTable("builds")
        .set({ state: input.state, endedAtMs: unfinished ? null : tx.nowMs })
        .where("id", "=", input.id),
    );
  },
);

/** A begun timer of a build. */
export const aTimer = procedure(
  "aTimer",
  { durability: "normal" },
  function* (tx, input: { buildId: number; id: string; dueAtMs: number }) {
    return yield* tx.run(
      tx.db.insertInto("effects").values({
        buildId: input.buildId,
        id: input.id,
        kind: "timer",
        name: "sleep",
        argsHash: "h",
        args: NOTHING,
        handle: `b${input.buildId}.${input.id.replaceAll(":", "_")}`,
        state: "begun",
        begunAtMs: tx.nowMs,
        dueAtMs: input.dueAtMs,
      }),
    );
  },
);

/** Closes an effect, as the end of a timer does for the sweeper's purposes. */
export const closeEffect = procedure(
  "closeEffect",
  { durability: "normal" },
  function* (tx, input: { buildId: number; id: string }) {
    return yield* tx.run(
      tx.db
        .updateTable("effects")
        .set({ state: "closed", endedAtMs: tx.nowMs })
        .where("buildId", "=", input.buildId)
        .where("id", "=", input.id)
        .where("state", "=", "begun"),
    );
  },
);
