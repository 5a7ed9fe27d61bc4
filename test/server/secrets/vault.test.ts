import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmod, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { it } from "mocha";
import { VaultError } from "../../../server/secrets/key-file.ts";
import { UnsealError } from "../../../server/secrets/seal.ts";
import { keyFileOf, openVault } from "../../../server/secrets/vault.ts";
import { onBothDialects } from "../store/support/dialects.ts";

onBothDialects("the vault", (start) => {
  it("makes a key that only its owner reads, outside the database, and is the same at the next start", async () => {
    const place = await start();
    const store = await place.open();
    const keyFile = keyFileOf(place.dataFolder);
    const vault = await openVault({ store, keyFile });
    assert.equal((await stat(keyFile)).mode & 0o777, 0o400);
    const key = await readFile(keyFile);
    assert.equal(key.length, 32);
    assert.match(vault.instance, /^[a-z]{6}$/);
    const sealed = vault.seal("hook secret", "hook|1");
    const again = await openVault({ store, keyFile });
    assert.equal(again.instance, vault.instance);
    assert.equal(again.unseal(sealed, "hook|1"), "hook secret");
    const row = await store.db.selectFrom("instance").selectAll().executeTakeFirstOrThrow();
    assert.equal(Buffer.from(row.keyCheck).includes(key), false);
  });

  it("names the file and the remedy when the key is missing, wrong or no key", async () => {
    const place = await start();
    const store = await place.open();
    const keyFile = join(place.dataFolder, "keys", "vault.key");
    await openVault({ store, keyFile });
    const refusal = async (code: string, text: RegExp): Promise<void> => {
      await assert.rejects(openVault({ store, keyFile }), (error) => {
        assert.ok(error instanceof VaultError);
        assert.equal(error.code, code);
        assert.equal(error.exitCode, 78);
        assert.match(error.message, text);
        assert.ok(error.message.includes(keyFile));
        return true;
      });
    };
    await rm(keyFile);
    await refusal("key_missing", /bring it back from where/);
    await writeFile(keyFile, randomBytes(32));
    await refusal("key_wrong", /bring the right one back from where/);
    await chmod(keyFile, 0o600);
    await writeFile(keyFile, "not a key");
    await refusal("key_unreadable", /32 bytes/);
  });

  it("takes a key that somebody has laid there, also as hexadecimal text", async () => {
    const place = await start();
    const store = await place.open();
    const keyFile = join(place.dataFolder, "given.key");
    const key = randomBytes(32);
    await writeFile(keyFile, `${key.toString("hex")}\n`);
    const vault = await openVault({ store, keyFile });
    const sealed = vault.seal("t", "c");
    await writeFile(keyFile, key);
    assert.equal((await openVault({ store, keyFile })).unseal(sealed, "c"), "t");
  });

  it("wraps a key per build, and what is sealed with a shredded one stays shut", async () => {
    const place = await start();
    const store = await place.open();
    const vault = await openVault({ store, keyFile: keyFileOf(place.dataFolder) });
    const [one, two] = [vault.newDataKey(), vault.newDataKey()];
    const sealed = vault.openDataKey(one).seal("script", "args|0:1");
    assert.equal(vault.openDataKey(one).unseal(sealed, "args|0:1"), "script");
    assert.throws(() => vault.openDataKey(two).unseal(sealed, "args|0:1"), UnsealError);
    assert.throws(() => vault.openDataKey(new Uint8Array()), UnsealError);
  });
});
