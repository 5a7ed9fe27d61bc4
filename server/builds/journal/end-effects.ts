import { procedure, type Steps, type Transaction } from "../../store/procedure.ts";
import { type EffectEnd, endEffect } from "./end-effect.ts";

/** Ends effects, each once; the builds among them that have a new outcome. */
export const endEffects = procedure(
  "builds.endEffects",
  { durability: "normal" },
  function* (tx: Transaction, input: { ends: readonly EffectEnd[] }): Steps<number[]> {
    const builds = new Set<number>();
    for (const end of input.ends) if (yield* endEffect(tx, end)) builds.add(end.buildId);
    return [...builds];
  },
);

/** Moves an open timer that counts from the last output; nothing happens to one that has ended. */
export const postponeTimer = procedure(
  "builds.postponeTimer",
  { durability: "normal" },
  function* (tx: Transaction, input: { buildId: number; effectId: string; dueAtMs: number }): Steps<number> {
    return yield* tx.run(
      tx.db
        .updateTable("effects")
        .set({ dueAtMs: input.dueAtMs })
        .where("buildId", "=", input.buildId)
        .where("id", "=", input.effectId)
        .where("state", "=", "begun"),
    );
  },
);

/** What an open effect is, for those who end it from outside. */
export const readEffect = procedure(
  "builds.readEffect",
  { durability: "normal" },
  function* (tx: Transaction, input: { buildId: number; effectId: string }) {
    return yield* tx.first(
      tx.db
        .selectFrom("effects")
        .select(["kind", "state", "handle", "stepNo", "args"])
        .where("buildId", "=", input.buildId)
        .where("id", "=", input.effectId),
    );
  },
);
