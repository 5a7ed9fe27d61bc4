import type { Store } from "../store/store.ts";
import { grantFreeLocks } from "./rows.ts";

/** Looks for those who wait for what nobody has; how many went on. */
export async function grantFree(deps: {
  readonly store: Store;
  readonly poke: (buildId: number) => void;
}): Promise<number> {
  const waiting = await deps.store.db
    .selectFrom("locks")
    .select("id")
    .where("state", "=", "waiting")
    .limit(1)
    .executeTakeFirst();
  if (waiting === undefined) return 0;
  const builds = await deps.store.call(grantFreeLocks, {});
  for (const build of builds) deps.poke(build);
  return builds.length;
}
