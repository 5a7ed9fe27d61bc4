import { HTTP_PROCEDURES } from "../../../server/http/procedures.ts";
import { SECRET_PROCEDURES } from "../../../server/secrets/secrets.ts";
import { keyFileOf, openVault } from "../../../server/secrets/vault.ts";
import type { Vault } from "../../../server/secrets/vault.ts";
import { openStore } from "../../../server/store/store.ts";
import type { Store } from "../../../server/store/store.ts";
import { temporaryFolder } from "../services/folder.ts";

/** A clock that a test moves by hand. It starts at a fixed day. */
export interface TestClock {
  nowMs(): number;
  pass(ms: number): void;
}

/** A real store and vault in a folder of their own. */
export interface OpenedServer {
  readonly store: Store;
  readonly vault: Vault;
  readonly clock: TestClock;
  readonly folder: string;
  close(): Promise<void>;
}

/** Makes a clock that stands still until it is told. */
export function testClock(startMs = Date.UTC(2026, 10, 20, 2, 12, 4)): TestClock {
  let nowMs = startMs;
  return { nowMs: () => nowMs, pass: (ms) => void (nowMs += ms) };
}

/**
 * Opens a database and the vault with the procedures of the web side: SQLite under a clock that stands still, or
 * PostgreSQL, whose clock is its own, so that ours begins at the real time there.
 */
export async function openServer(databaseUrl?: string): Promise<OpenedServer> {
  const folder = await temporaryFolder("server");
  const clock = databaseUrl === undefined ? testClock() : testClock(Date.now());
  const store = await openStore({
    dataFolder: folder.path,
    databaseUrl,
    clock,
    procedures: [
      ...HTTP_PROCEDURES,
      ...SECRET_PROCEDURES,
      new URL("../../../server/store/instance.ts", import.meta.url),
    ],
  });
  const vault = await openVault({ store, keyFile: keyFileOf(folder.path) });
  return {
    store,
    vault,
    clock,
    folder: folder.path,
    close: async () => {
      await store.close();
      await folder.remove();
    },
  };
}
