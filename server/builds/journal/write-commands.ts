import type { Steps, Transaction } from "../../store/procedure.ts";
import type { CommandInput } from "./turn-input.ts";
import type { Written } from "./written.ts";

/** Appends commands to a session; their numbers rise by one each. */
export function* writeCommands(
  tx: Transaction,
  session: string,
  effectId: string | null,
  commands: readonly CommandInput[],
  written: Pick<Written, "commands">,
): Steps<void> {
  if (commands.length === 0) return;
  const row = yield* tx.first(
    tx.db
      .updateTable("sessions")
      .set((eb) => ({ nextSeq: eb("nextSeq", "+", commands.length) }))
      .where("id", "=", session)
      .returning("nextSeq"),
  );
  if (row === undefined) return;
  let seq = row.nextSeq - commands.length;
  for (const command of commands) {
    const inserted = yield* tx.run(
      tx.db
        .insertInto("commands")
        .values({
          sessionId: session,
          seq,
          id: command.id,
          effectId,
          stepNo: command.stepNo,
          type: command.type,
          body: command.body,
          note: command.note,
          createdAtMs: tx.nowMs,
        })
        .onConflict((conflict) => conflict.column("id").doNothing()),
    );
    if (inserted > 0) written.commands.push({ session, seq, id: command.id });
    seq += 1;
  }
}
