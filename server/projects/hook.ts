import { randomBytes } from "node:crypto";
import type { Vault } from "../secrets/vault.ts";
import { procedure } from "../store/procedure.ts";
import type { Store } from "../store/store.ts";

/** How long the old secret of a hook is still taken after a new one was made. */
export const OLD_SECRET_MS = 86_400_000;

/** The words under which a hook's secret is sealed: one project's never opens for another. */
export function hookContext(projectKey: string): string {
  return `hook|${projectKey}`;
}

/** The last part of a hook's address: 128 random bits, so that guessing tells nothing. */
export function newHookName(): string {
  return randomBytes(16).toString("base64url");
}

/** A secret for a hook, as text that every forge takes. */
export function newHookSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** Gives a project's hook another secret; the one before holds for a day. */
export const renewHookRow = procedure(
  "renewHookRow",
  { durability: "full" },
  function* (tx, input: { key: string; sealed: Uint8Array; oldForMs: number }) {
    return yield* tx.first(
      tx.db
        .updateTable("projects")
        .set((eb) => ({
          hookSecretOld: eb.ref("hookSecret"),
          hookSecretOldUntilMs: tx.nowMs + input.oldForMs,
          hookSecret: input.sealed,
          version: eb("version", "+", 1),
          updatedAtMs: tx.nowMs,
        }))
        .where("key", "=", input.key)
        .where("archivedAtMs", "is", null)
        .returning("hook"),
    );
  },
);

/** Renews the secret of a project's hook; its address stays. Undefined when there is no such project. */
export async function renewHook(
  deps: { readonly store: Store; readonly vault: Pick<Vault, "seal"> },
  key: string,
): Promise<{ hook: string; secret: string } | undefined> {
  const secret = newHookSecret();
  const sealed = deps.vault.seal(secret, hookContext(key));
  const row = await deps.store.call(renewHookRow, { key, sealed, oldForMs: OLD_SECRET_MS });
  return row === undefined ? undefined : { hook: row.hook, secret };
}
