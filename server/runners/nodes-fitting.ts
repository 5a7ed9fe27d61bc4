import { z } from "zod";
import type { Store } from "../store/store.ts";
import { matchesLabel } from "./place.ts";

const Labels = z.array(z.string());

/** Names of the runners that fit a label expression, in order; those that are away only `withOffline`. */
export async function nodesFitting(store: Store, label: string, withOffline: boolean): Promise<string[]> {
  const rows = await store.db
    .selectFrom("runners")
    .select(["name", "labels", "state"])
    .where("state", "!=", "revoked")
    .orderBy("name")
    .execute();
  return rows
    .filter(({ state }) => withOffline || state !== "offline")
    .filter(({ labels }) => matchesLabel(label, Labels.parse(JSON.parse(labels))))
    .map(({ name }) => name);
}
