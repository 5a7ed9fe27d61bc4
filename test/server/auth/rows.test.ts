import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { auditNow } from "../../../server/audit/append.ts";
import { verifyAudit } from "../../../server/audit/chain.ts";
import { changeUserRow, createUserRow, makeClaim, useClaim } from "../../../server/auth/rows.ts";
import { openServer } from "../../support/server/open.ts";
import type { OpenedServer } from "../../support/server/open.ts";
import { startDatabase } from "../../support/services/postgres.ts";
import type { Database } from "../../support/services/postgres.ts";

const actor = { actorKind: "system" as const, actor: "test", address: null };

for (const dialect of ["sqlite", "postgres"] as const) {
  describe(`people and the audit chain, on ${dialect}`, () => {
    let opened: OpenedServer;
    let database: Database | null = null;

    before(async function () {
      this.timeout(120_000);
      database = dialect === "postgres" ? await startDatabase() : null;
      opened = await openServer(database?.url);
    });
    after(async () => {
      await opened.close();
      await database?.drop();
    });

    it("let one of ten who hold the claim be the first administrator", async () => {
      const { store } = opened;
      assert.equal(await store.call(makeClaim, { tokenHash: "first" }), true);
      assert.equal(await store.call(makeClaim, { tokenHash: "claim" }), true);
      const signIn = (at: number) => ({ tokenHash: `t${at}`, address: null, userAgent: null });
      const claimed = await Promise.all(
        Array.from(
          { length: 10 },
          async (_, at) =>
            await store.call(useClaim, {
              tokenHash: "claim",
              login: `u${at}`,
              name: "U",
              mail: null,
              passwordHash: "{}",
              signIn: signIn(at),
            }),
        ),
      );
      assert.equal(claimed.filter((id) => id !== null).length, 1);
      assert.equal(
        await store.call(useClaim, {
          tokenHash: "first",
          login: "x",
          name: "X",
          mail: null,
          passwordHash: "{}",
          signIn: signIn(99),
        }),
        null,
      );
      assert.equal(await store.call(makeClaim, { tokenHash: "later" }), false);
    });

    it("never lose the last administrator, though all demote each other at once", async () => {
      const { store } = opened;
      for (let round = 0; round < 10; round += 1) {
        await store.call(createUserRow, {
          ...actor,
          login: `r${round}`,
          name: "R",
          mail: null,
          role: "admin",
          passwordHash: null,
        });
        const admins = await store.db
          .selectFrom("users")
          .select("id")
          .where("role", "=", "admin")
          .where("disabledAtMs", "is", null)
          .execute();
        await Promise.all(
          admins.map(
            async ({ id }, at) =>
              await store.call(changeUserRow, {
                ...actor,
                userId: id,
                change: at % 2 === 0 ? { role: "viewer" as const } : { disabled: true },
              }),
          ),
        );
        const left = await store.db
          .selectFrom("users")
          .select("id")
          .where("role", "=", "admin")
          .where("disabledAtMs", "is", null)
          .execute();
        assert.equal(left.length, 1);
      }
    });

    it("chain what many do at once, whole and without a gap", async () => {
      const { store } = opened;
      await Promise.all(
        Array.from(
          { length: 40 },
          async (_, at) =>
            await store.call(auditNow, { ...actor, action: "x", object: `o${at}`, outcome: "done" as const }),
        ),
      );
      const checked = await verifyAudit(store);
      assert.ok(checked.ok && checked.rows >= 40, JSON.stringify(checked));
    });
  });
}
