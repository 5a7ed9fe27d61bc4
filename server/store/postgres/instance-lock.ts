import { createHash } from "node:crypto";
import type { Pool, PoolClient } from "pg";
import { StoreError } from "../errors.ts";
import { postgresError } from "./errors.ts";

/**
 * Holds the name of this server in the database, on a connection of its own. If that connection breaks, the lock is
 * taken anew as soon as the database is back. @returns a function that lets go.
 * @throws {StoreError} `instance_running`.
 */
export async function holdAdvisoryLock(pool: Pool, server: string): Promise<() => Promise<void>> {
  const key = keyOf(server);
  let released = false;
  let timer: NodeJS.Timeout | undefined;
  let client: PoolClient | undefined = await taken(pool, key);
  if (client === undefined) throw inUse(server);
  const again = (): void => {
    client?.release(true);
    client = undefined;
    if (!released) timer = setTimeout(() => void retake().catch(again), 1000);
  };
  const retake = async (): Promise<void> => {
    const fresh = await taken(pool, key);
    if (released) return fresh?.release(true);
    client = fresh;
    if (client === undefined) again();
    else client.once("error", again);
  };
  client.once("error", again);
  return async () => {
    released = true;
    clearTimeout(timer);
    client?.removeListener("error", again);
    client?.release(true);
  };
}

async function taken(pool: Pool, key: string): Promise<PoolClient | undefined> {
  const client = await pool.connect().catch((error: unknown) => {
    throw postgresError(error);
  });
  const { rows } = await client.query<{ held: boolean }>("select pg_try_advisory_lock($1) as held", [key]);
  if (rows[0]?.held === true) return client;
  client.release();
  return undefined;
}

function keyOf(server: string): string {
  return createHash("sha256").update(`sluice server ${server}`).digest().readBigInt64BE().toString();
}

function inUse(server: string): StoreError {
  return new StoreError(
    "instance_running",
    `a server called ${server} is running already: each server needs a SLUICE_DATA folder of its own`,
  );
}
