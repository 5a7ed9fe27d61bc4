import { type Keep, readPipelineSettingsName, readRules } from "../builds/journal/pipeline-settings.ts";
import type { Steps, Transaction } from "../store/procedure.ts";

/** `buildDiscarder` of the file of a ref. */
export interface Discarder {
  readonly projectId: number;
  readonly ref: string;
  readonly keep: Keep;
}

/** What the files of all refs say about how long their builds are kept. */
export function* discarders(tx: Transaction): Steps<Discarder[]> {
  const rows = yield* tx.all(
    tx.db
      .selectFrom("settings")
      .select(["name", "body"])
      .where("name", "like", "pipeline:%")
      .where("body", "like", "%uildDiscarder%")
      .orderBy("name"),
  );
  return rows.flatMap(({ name, body }) => {
    const of = readPipelineSettingsName(name);
    const { keep } = readRules(body);
    return of === null || keep === null ? [] : [{ ...of, keep }];
  });
}
