const camelNames = new Map<string, string>();

/** `created_at_ms` -> `createdAtMs`. The set of columns is small, so each is converted once. */
export function camelCase(name: string): string {
  const known = camelNames.get(name);
  if (known !== undefined) return known;
  const converted = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  camelNames.set(name, converted);
  return converted;
}

const snakeNames = new Map<string, string>();

/** `createdAtMs` -> `created_at_ms`: the names of the code as the database has them. */
export function snakeCase(name: string): string {
  const known = snakeNames.get(name);
  if (known !== undefined) return known;
  const converted = name.replace(/(?<=[^A-Z])[A-Z]/g, "_$&").toLowerCase();
  snakeNames.set(name, converted);
  return converted;
}

const WRITE = /\b(?:insert into|update|delete from) "(\w+)"/g;

/** The tables (named as in code) that a statement may write. */
export function tablesWritten(sql: string): string[] {
  const tables: string[] = [];
  for (const [, table] of sql.matchAll(WRITE)) if (table !== undefined) tables.push(camelCase(table));
  return tables;
}
