import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import type { Client } from "pg";
import { StoreError } from "../errors.ts";
import { postgresError } from "./errors.ts";

/** A server killed just now may seem alive to PostgreSQL for a moment. */
const PATIENCE_MS = 5000;
/** Pause between attempts to take the lock anew after its connection broke. */
const RETAKE_MS = 1000;

/**
 * Holds the name of this server in the database, on a connection of its own. If that connection breaks, the lock is
 * taken anew as soon as the database is back. @returns a function that lets go.
 * @throws {StoreError} `instance_running`.
 */
export async function holdAdvisoryLock(databaseUrl: string, server: string): Promise<() => Promise<void>> {
  const lock = new AdvisoryLock(databaseUrl, server);
  const giveUpAtMs = performance.now() + PATIENCE_MS;
  do {
    if (await lock.take()) return () => lock.letGo();
    await pause(PATIENCE_MS / 20);
  } while (performance.now() < giveUpAtMs);
  throw new StoreError(
    "instance_running",
    `a server called ${server} is running already: each server needs a SLUICE_DATA folder of its own`,
  );
}

class AdvisoryLock {
  readonly #databaseUrl: string;
  readonly #key: string;
  #client: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #released = false;

  constructor(databaseUrl: string, server: string) {
    this.#databaseUrl = databaseUrl;
    this.#key = createHash("sha256").update(`sluice server ${server}`).digest().readBigInt64BE().toString();
  }

  /** False when another connection has it. */
  async take(): Promise<boolean> {
    const client = new pg.Client({
      connectionString: this.#databaseUrl,
      application_name: "sluice instance lock",
      connectionTimeoutMillis: 5000,
      keepAlive: true,
    });
    client.on("error", () => this.#retakeSoon(client));
    try {
      await client.connect();
      const { rows } = await client.query<{ held: boolean }>("select pg_try_advisory_lock($1) as held", [
        this.#key,
      ]);
      if (rows[0]?.held === true && !this.#released) {
        this.#client = client;
        return true;
      }
    } catch (error) {
      await client.end().catch(() => {});
      throw postgresError(error);
    }
    await client.end();
    return false;
  }

  async letGo(): Promise<void> {
    this.#released = true;
    clearTimeout(this.#timer);
    // A connection that broke just now has let go already.
    await this.#client?.end().catch(() => {});
  }

  #retakeSoon(broken: Client): void {
    if (this.#released || this.#client !== broken) return;
    this.#client = undefined;
    this.#retake();
  }

  #retake(): void {
    this.#timer = setTimeout(() => {
      this.take().then(
        (held) => held || this.#released || this.#retake(),
        () => this.#released || this.#retake(),
      );
    }, RETAKE_MS);
  }
}
