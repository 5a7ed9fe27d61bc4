import { z } from "zod";
import type { Steps, Transaction } from "../../store/procedure.ts";

/** The part of a file's settings that decides when its next builds may start. */
const PipelineSettings = z.object({
  properties: z.array(z.object({ name: z.string(), args: z.unknown() })).default([]),
});

const Concurrency = z.object({ abortPrevious: z.boolean().default(false) });

/** Name of the row that keeps what the file of a ref asked for. */
export function pipelineSettingsName(projectId: number, ref: string): string {
  return `pipeline:${projectId}:${ref}`;
}

/** Keeps what a file asks for the next builds of its ref. */
export function* writePipelineSettings(
  tx: Transaction,
  settings: { readonly name: string; readonly body: string },
): Steps<void> {
  const values = { body: settings.body, updatedAtMs: tx.nowMs };
  yield* tx.run(
    tx.db
      .insertInto("settings")
      .values({ name: settings.name, ...values })
      .onConflict((conflict) => conflict.column("name").doUpdateSet(values)),
  );
}

/** Whether one build of a ref may run at a time, and whether a newer one stops it; null: side by side. */
export function* oneAtATime(
  tx: Transaction,
  projectId: number,
  ref: string,
): Steps<{ abortPrevious: boolean } | null> {
  const row = yield* tx.first(
    tx.db.selectFrom("settings").select("body").where("name", "=", pipelineSettingsName(projectId, ref)),
  );
  if (row === undefined) return null;
  const { properties } = PipelineSettings.catch({ properties: [] }).parse(JSON.parse(row.body));
  const found = properties.find((property) => property.name === "disableConcurrentBuilds");
  return found === undefined ? null : Concurrency.catch({ abortPrevious: false }).parse(found.args ?? {});
}
