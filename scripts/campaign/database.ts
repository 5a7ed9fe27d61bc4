import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";

/** Reads rows of the server's database from outside; the server may be running, stopped or dead. */
export function readRows<Row extends z.ZodType>(
  serverData: string,
  row: Row,
  query: string,
  ...values: readonly (string | number)[]
): z.output<Row>[] {
  const database = new DatabaseSync(join(serverData, "sluice.sqlite"), { readOnly: true });
  try {
    return z.array(row).parse(database.prepare(query).all(...values));
  } finally {
    database.close();
  }
}

/** Which life of a runner the server has heard of last. */
export function bootOf(serverData: string, runner: string): string | undefined {
  const rows = readRows(
    serverData,
    z.object({ boot: z.string() }),
    "select boot from runners where name = ? and boot is not null and gone_at_ms is null",
    runner,
  );
  return rows[0]?.boot;
}
