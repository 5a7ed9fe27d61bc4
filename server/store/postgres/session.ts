import type { PoolClient, QueryResult } from "pg";
import { camelCase, tablesWritten } from "../names.ts";
import type { Query, StepResult, Steps } from "../procedure.ts";

/** One statement on a connection. */
export async function execute(client: PoolClient, query: Query): Promise<StepResult> {
  const result = await client.query({ text: query.sql, values: [...query.parameters], rowMode: "array" });
  return { rows: rowsOf(result), changes: result.rowCount ?? 0 };
}

/** Runs a generator of statements to its end and notes the tables it wrote. */
export async function drive<R>(client: PoolClient, steps: Steps<R>, written: Set<string>): Promise<R> {
  let turn = steps.next();
  while (turn.done !== true) {
    const result = await execute(client, turn.value);
    if (result.changes > 0) for (const table of tablesWritten(turn.value.sql)) written.add(table);
    turn = steps.next(result);
  }
  return turn.value;
}

function rowsOf(result: QueryResult<unknown[]>): unknown[] {
  const keys = result.fields.map((field) => camelCase(field.name));
  return result.rows.map((row) => {
    const named: Record<string, unknown> = {};
    for (const [at, key] of keys.entries()) named[key] = row[at];
    return named;
  });
}
