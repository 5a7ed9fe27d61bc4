import type { Store } from "../store/store.ts";
import { namesOf, readWishes, UNTRUSTED_PREFIX } from "./wish.ts";

/** The resources that a step of a build holds, as its file calls them, in the order it asked for them. */
export async function heldNames(store: Store, buildId: number, effectId: string): Promise<string[]> {
  const rows = await store.db
    .selectFrom("locks")
    .innerJoin("lockNames", "lockNames.lockId", "locks.id")
    .select(["locks.names", "lockNames.name"])
    .where("locks.buildId", "=", buildId)
    .where("locks.effectId", "=", effectId)
    .execute();
  const [first] = rows;
  if (first === undefined) return [];
  const held = new Set(rows.map(({ name }) => name));
  const names = [...new Set(namesOf(readWishes(first.names)))].filter((name) => held.has(name));
  return names.map((name) =>
    name.startsWith(UNTRUSTED_PREFIX) ? name.slice(UNTRUSTED_PREFIX.length) : name,
  );
}
