import assert from "node:assert/strict";
import { it } from "mocha";
import { SECRET_PROCEDURES, createSecrets } from "../../../server/secrets/secrets.ts";
import type { Secrets } from "../../../server/secrets/secrets.ts";
import { pruneSecrets } from "../../../server/secrets/rows.ts";
import type { SecretValue } from "../../../server/secrets/values.ts";
import { UnsealError } from "../../../server/secrets/seal.ts";
import { keyFileOf, openVault } from "../../../server/secrets/vault.ts";
import type { Store } from "../../../server/store/store.ts";
import { onBothDialects } from "../store/support/dialects.ts";
import type { Place } from "../store/support/dialects.ts";
import { aBuild, buildReaches } from "../store/support/worlds.ts";
import { bindForTest } from "./support/procedures.ts";

const server = { scope: "server", scopeId: "" } as const;
const shop = { scope: "project", scopeId: "shop" } as const;
const production = { scope: "environment", scopeId: "production" } as const;
const text = (value: string): SecretValue => ({ type: "string", text: value });

async function opened(place: Place): Promise<{ store: Store; secrets: Secrets }> {
  const store = await place.open({
    procedures: [
      ...SECRET_PROCEDURES,
      new URL("./support/procedures.ts", import.meta.url),
      new URL("../store/support/worlds.ts", import.meta.url),
    ],
  });
  const vault = await openVault({ store, keyFile: keyFileOf(place.dataFolder) });
  return { store, secrets: createSecrets({ store, vault }) };
}

onBothDialects("secrets", (start) => {
  it("come back as they were put, each type, and are listed without their values", async () => {
    const { store, secrets } = await opened(await start());
    const values: Record<string, SecretValue> = {
      token: text("s3cret-token"),
      registry: { type: "usernamePassword", username: "robot", password: "p4ssword" },
      config: { type: "file", name: "kube.yml", content: Buffer.from("apiVersion: v1").toString("base64") },
      deploy: { type: "sshKey", username: "git", privateKey: "-----BEGIN KEY-----\n" },
    };
    for (const [name, value] of Object.entries(values)) await secrets.putSecret(shop, name, value, "ann");
    for (const [name, value] of Object.entries(values)) {
      assert.deepEqual((await secrets.resolveSecret("shop", name))?.value, value);
    }
    const listed = await secrets.listSecrets(shop);
    assert.deepEqual(
      listed.map(({ name, type }) => [name, type]),
      [
        ["config", "file"],
        ["deploy", "sshKey"],
        ["registry", "usernamePassword"],
        ["token", "string"],
      ],
    );
    assert.equal(JSON.stringify(listed).includes("s3cret"), false);
    const stored = await store.db.selectFrom("secretVersions").select("sealed").execute();
    for (const { sealed } of stored) assert.equal(Buffer.from(sealed).includes("s3cret"), false);
  });

  it("are found nearest first: environment, project, server; another project's never", async () => {
    const { secrets } = await opened(await start());
    const seen = async (project: string, environment?: string): Promise<string | undefined> => {
      const found = await secrets.resolveSecret(project, "token", environment);
      return found?.value.type === "string" ? found.value.text : undefined;
    };
    assert.equal(await seen("shop"), undefined);
    await secrets.putSecret(server, "token", text("of the server"), null);
    await secrets.putSecret(shop, "token", text("of the shop"), null);
    await secrets.putSecret(production, "token", text("of production"), null);
    assert.equal(await seen("shop"), "of the shop");
    assert.equal(await seen("site"), "of the server");
    assert.equal(await seen("shop", "production"), "of production");
    assert.equal(await seen("shop", "staging"), "of the shop");
  });

  it("get a version each time, and simultaneous writers lose none of them", async () => {
    const { secrets } = await opened(await start());
    await Promise.all(
      Array.from({ length: 8 }, (_, at) => secrets.putSecret(shop, "token", text(`value ${at}`), null)),
    );
    assert.equal((await secrets.resolveSecret("shop", "token"))?.version, 8);
  });

  it("keep a version that an unfinished build has bound, and forget it when the build has ended", async () => {
    const { store, secrets } = await opened(await start());
    await secrets.putSecret(shop, "token", text("the first"), null);
    const bound = await secrets.resolveSecret("shop", "token");
    assert.ok(bound);
    const buildId = await store.call(aBuild, { key: "shop", number: 1, state: "running" });
    await store.call(bindForTest, { buildId, secretId: bound.secretId, version: bound.version });
    await secrets.putSecret(shop, "token", text("the second"), null);
    assert.deepEqual(await secrets.readVersion(bound.secretId, 1), text("the first"));
    assert.equal(await secrets.deleteSecret(shop, "token", { by: "ann", revoke: false }), true);
    assert.equal(await secrets.resolveSecret("shop", "token"), undefined);
    assert.deepEqual(await secrets.readVersion(bound.secretId, 1), text("the first"));
    await store.call(buildReaches, { id: buildId, state: "succeeded" });
    assert.equal(await store.call(pruneSecrets, null), 1);
    assert.equal(await secrets.readVersion(bound.secretId, 1), undefined);
  });

  it("are gone at once for bound builds too when revoked", async () => {
    const { store, secrets } = await opened(await start());
    await secrets.putSecret(shop, "token", text("the first"), null);
    const bound = await secrets.resolveSecret("shop", "token");
    assert.ok(bound);
    const buildId = await store.call(aBuild, { key: "shop", number: 1, state: "running" });
    await store.call(bindForTest, { buildId, secretId: bound.secretId, version: bound.version });
    await secrets.deleteSecret(shop, "token", { by: "ann", revoke: true });
    assert.equal(await secrets.readVersion(bound.secretId, 1), undefined);
    assert.equal(await secrets.deleteSecret(shop, "token", { by: "ann", revoke: true }), false);
    await secrets.putSecret(shop, "token", text("a new life"), null);
    assert.equal((await secrets.resolveSecret("shop", "token"))?.version, 1);
  });

  it("do not open in another secret's row", async () => {
    const { store, secrets } = await opened(await start());
    await secrets.putSecret(shop, "one", text("value of one"), null);
    await secrets.putSecret(shop, "two", text("value of two"), null);
    const [one] = await store.db.selectFrom("secretVersions").selectAll().orderBy("secretId").execute();
    assert.ok(one);
    await store.db
      .updateTable("secretVersions")
      .set({ sealed: one.sealed })
      .where("secretId", "!=", one.secretId)
      .execute();
    await assert.rejects(secrets.resolveSecret("shop", "two"), UnsealError);
  });

  it("are refused in words when too short to be masked or badly named", async () => {
    const { secrets } = await opened(await start());
    await assert.rejects(secrets.putSecret(shop, "token", text("short"), null), /at least 6 characters/);
    await assert.rejects(secrets.putSecret(shop, "../x", text("long enough"), null), /letters, digits/);
  });
});
