import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { z } from "zod";

const Count = z.object({ count: z.int() });

/** Reads a server's database beside it, without asking the server. */
export interface Counts {
  buildsOf(ref: string): number;
  /** Builds that have not started, and those that have and wait for a place. */
  queued(): number;
  openGates(): number;
  /** Builds whose engine is in memory. */
  loaded(): number;
  close(): void;
}

/** Opens the database of a data folder for reading. */
export function openCounts(dataFolder: string): Counts {
  const database = new DatabaseSync(join(dataFolder, "sluice.sqlite"), { readOnly: true, timeout: 5000 });
  const count = (sql: string, ...values: string[]): number =>
    Count.parse(database.prepare(sql).get(...values)).count;
  return {
    buildsOf: (ref) => count("select count(*) as count from builds where ref = ?", ref),
    queued: () =>
      count("select count(*) as count from builds where state = 'queued'") +
      count("select count(*) as count from sessions where state = 'queued'"),
    openGates: () => count("select count(*) as count from gates where state = 'open'"),
    loaded: () =>
      count("select count(*) as count from leases where name like 'build:%' and holder is not null"),
    close: () => database.close(),
  };
}
