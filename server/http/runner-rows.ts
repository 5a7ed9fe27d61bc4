import { appendAudit } from "../audit/chain.ts";
import type { ActorRow } from "../auth/rows.ts";
import { record } from "../store/outbox.ts";
import { procedure } from "../store/procedure.ts";

/** Makes the token by which a runner joins once; its id. */
export const createRunnerToken = procedure(
  "createRunnerToken",
  { durability: "full" },
  function* (tx, input: ActorRow & { name: string; tokenHash: string; validMs: number }) {
    const { id } = yield* tx.one(
      tx.db
        .insertInto("runnerTokens")
        .values({
          tokenHash: input.tokenHash,
          name: input.name,
          createdBy: input.actor,
          createdAtMs: tx.nowMs,
          expiresAtMs: tx.nowMs + input.validMs,
          usedAtMs: null,
          runnerId: null,
        })
        .returning("id"),
    );
    yield* appendAudit(tx, {
      ...input,
      action: "runner.invite",
      object: `runner ${input.name}`,
      outcome: "done",
    });
    return id;
  },
);

/** Drains a runner or shuts it out; false when there is none that could be. */
export const setRunnerState = procedure(
  "setRunnerState",
  { durability: "full" },
  function* (tx, input: ActorRow & { id: number; state: "draining" | "revoked" }) {
    const changed = yield* tx.run(
      tx.db
        .updateTable("runners")
        .set({ state: input.state })
        .where("id", "=", input.id)
        .where("state", "!=", "revoked"),
    );
    if (changed === 0) return false;
    yield* record(tx, { kind: "runner.changed", actor: input.actor, body: { id: input.id } });
    yield* appendAudit(tx, {
      ...input,
      action: `runner.${input.state}`,
      object: `runner ${input.id}`,
      outcome: "done",
    });
    return true;
  },
);
