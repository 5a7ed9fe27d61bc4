import { type EffectEnd, endEffect } from "../builds/journal/end-effect.ts";
import type { CommandInput } from "../builds/journal/turn-input.ts";
import { writeCommands } from "../builds/journal/write-commands.ts";
import { procedure, type Steps, type Transaction } from "../store/procedure.ts";
import type { SessionState } from "../store/states.ts";
import { type Leftovers, writeLeftovers } from "./leftovers.ts";

/** A command on its way to a runner. */
export interface OutgoingCommand {
  readonly no: number;
  readonly id: string;
  readonly type: string;
  readonly session: string;
  readonly seq: number;
  readonly fence: number;
  readonly buildId: number;
  /** Sealed; empty for a command that says nothing beside its type. */
  readonly body: Uint8Array;
}

/**
 * Commands of a runner's sessions that are not done yet, oldest first; `sessions` narrows to those. Of a session that is
 * closed only the closing is left to say: a runner that closed it in the middle of its work, and connects again, would
 * open it once more, and nobody would close it.
 */
export const readCommands = procedure(
  "runners.readCommands",
  { durability: "normal" },
  function* (
    tx: Transaction,
    input: { runnerId: number; sessions: readonly string[] | null },
  ): Steps<OutgoingCommand[]> {
    let query = tx.db
      .selectFrom("commands")
      .innerJoin("sessions", "sessions.id", "commands.sessionId")
      .select([
        "commands.no as no",
        "commands.id as id",
        "commands.type as type",
        "commands.sessionId as session",
        "commands.seq as seq",
        "sessions.fence as fence",
        "sessions.buildId as buildId",
        "commands.body as body",
      ])
      .where("sessions.runnerId", "=", input.runnerId)
      .where("sessions.state", "!=", "lost")
      .where((eb) => eb.or([eb("sessions.state", "!=", "closed"), eb("commands.type", "=", "close")]))
      .where("commands.ackedAtMs", "is", null)
      .orderBy("commands.no");
    if (input.sessions !== null) query = query.where("commands.sessionId", "in", [...input.sessions]);
    return yield* tx.all(query);
  },
);

/** What is known of a command that a runner speaks of. */
export interface KnownCommand {
  readonly id: string;
  readonly type: string;
  readonly session: string;
  readonly sessionState: SessionState;
  readonly fence: number;
  readonly runnerId: number | null;
  readonly buildId: number;
  readonly effectId: string | null;
  readonly stepNo: number | null;
  readonly note: string | null;
  readonly effectKind: string | null;
  readonly endedAtMs: number | null;
  readonly label: string;
  readonly request: Uint8Array;
}

/** Commands by id, with their sessions and effects. */
export const knownCommands = procedure(
  "runners.knownCommands",
  { durability: "normal" },
  function* (tx: Transaction, input: { ids: readonly string[] }): Steps<KnownCommand[]> {
    if (input.ids.length === 0) return [];
    return yield* tx.all(
      tx.db
        .selectFrom("commands")
        .innerJoin("sessions", "sessions.id", "commands.sessionId")
        .leftJoin("effects", (join) =>
          join
            .onRef("effects.buildId", "=", "sessions.buildId")
            .onRef("effects.id", "=", "commands.effectId"),
        )
        .select([
          "commands.id as id",
          "commands.type as type",
          "commands.sessionId as session",
          "sessions.state as sessionState",
          "sessions.fence as fence",
          "sessions.runnerId as runnerId",
          "sessions.buildId as buildId",
          "commands.effectId as effectId",
          "commands.stepNo as stepNo",
          "commands.note as note",
          "effects.kind as effectKind",
          "commands.endedAtMs as endedAtMs",
          "sessions.label as label",
          "sessions.request as request",
        ])
        .where("commands.id", "in", [...input.ids]),
    );
  },
);

/** Keeps the answer of one of several commands of an effect, and gives all of them. */
export const keepPart = procedure(
  "runners.keepPart",
  { durability: "normal" },
  function* (
    tx: Transaction,
    input: { command: string; session: string; effectId: string; result: Uint8Array },
  ): Steps<{ id: string; type: string; result: Uint8Array | null }[]> {
    yield* tx.run(
      tx.db
        .updateTable("commands")
        .set({ result: input.result, endedAtMs: tx.nowMs, ackedAtMs: tx.nowMs })
        .where("id", "=", input.command)
        .where("endedAtMs", "is", null),
    );
    return yield* tx.all(
      tx.db
        .selectFrom("commands")
        .select(["id", "type", "result"])
        .where("sessionId", "=", input.session)
        .where("effectId", "=", input.effectId),
    );
  },
);

/** Adds a command to a session whose effect is still open. */
export const addCommand = procedure(
  "runners.addCommand",
  { durability: "normal" },
  function* (
    tx: Transaction,
    input: { session: string; effectId: string; command: CommandInput },
  ): Steps<boolean> {
    const written = { commands: [] };
    yield* writeCommands(tx, input.session, input.effectId, [input.command], written);
    return written.commands.length > 0;
  },
);

/** Everything the end of one command brings with it. */
export interface CommandEnd extends Leftovers {
  readonly command: string;
  readonly session: string;
  readonly effect: EffectEnd | null;
  /** The agent is open now. */
  readonly ready: { readonly workspace: string; readonly node: string } | null;
}

/** Ends commands, each with its effect and what it leaves behind, in one transaction; the builds with news. */
export const endCommands = procedure(
  "runners.endCommands",
  { durability: "normal" },
  function* (tx: Transaction, input: { ends: readonly CommandEnd[] }): Steps<number[]> {
    const builds = new Set<number>();
    for (const end of input.ends) {
      yield* tx.run(
        tx.db
          .updateTable("commands")
          .set({ endedAtMs: tx.nowMs, ackedAtMs: tx.nowMs })
          .where("id", "=", end.command)
          .where("ackedAtMs", "is", null),
      );
      if (end.ready !== null)
        yield* tx.run(
          tx.db
            .updateTable("sessions")
            .set({ state: "ready", readyAtMs: tx.nowMs, ...end.ready })
            .where("id", "=", end.session)
            .where("state", "=", "assigned"),
        );
      if (end.effect === null) continue;
      const ended = yield* endEffect(tx, end.effect);
      if (ended) builds.add(end.buildId);
      // What a command leaves behind is written with the end of its effect, hence once.
      if (ended) yield* writeLeftovers(tx, end);
    }
    return [...builds];
  },
);
