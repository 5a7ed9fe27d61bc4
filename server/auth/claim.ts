import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Store } from "../store/store.ts";
import { makeClaim } from "./rows.ts";
import { newToken, tokenHash } from "./tokens.ts";

/** Where the claim link of a first start is written, for those who cannot see the terminal. */
export function claimFile(dataFolder: string): string {
  return join(dataFolder, "claim.txt");
}

/**
 * At a start without any person: makes the link by which the first one becomes administrator, writes it to the claim
 * file (0600) and gives it for printing. Null where the server has an owner; then no file is left.
 */
export async function offerClaim(deps: {
  store: Store;
  dataFolder: string;
  publicUrl: string;
}): Promise<string | null> {
  const token = newToken();
  const free = await deps.store.call(makeClaim, { tokenHash: tokenHash(token) });
  const file = claimFile(deps.dataFolder);
  await rm(file, { force: true });
  if (!free) return null;
  // In the hash, so that it stands in no log and no Referer.
  const url = `${deps.publicUrl}/welcome#claim=${token}`;
  await writeFile(file, `${url}\n`, { mode: 0o600 });
  return url;
}

/** Whether somebody owns the server. */
export async function isClaimed(store: Store): Promise<boolean> {
  const row = await store.db.selectFrom("users").select("id").limit(1).executeTakeFirst();
  return row !== undefined;
}
