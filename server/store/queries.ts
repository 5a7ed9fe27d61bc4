import {
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { Dialect, Driver, SelectModifierNode, SelectQueryNode } from "kysely";
import type { DialectName } from "./migrations/migration.ts";
import { snakeCase } from "./names.ts";
import type { Database } from "./schema.ts";

/** Kysely for a dialect, executing through `driver`; rows are expected with camelCase names already. */
export function kyselyOn(dialect: DialectName, driver: Driver): Kysely<Database> {
  return new Kysely<Database>({ dialect: dialectOn(dialect, driver) });
}

/** Kysely that only builds: what a procedure uses. Executing a query of it is a mistake and says so. */
export function queryBuilder(dialect: DialectName): Kysely<Database> {
  return kyselyOn(dialect, {
    init: async () => {},
    acquireConnection: () =>
      Promise.reject(
        new Error("inside a procedure a query is not executed but yielded: yield* tx.all(query)"),
      ),
    beginTransaction: async () => {},
    commitTransaction: async () => {},
    rollbackTransaction: async () => {},
    releaseConnection: async () => {},
    destroy: async () => {},
  });
}

function dialectOn(dialect: DialectName, driver: Driver): Dialect {
  const createDriver = (): Driver => driver;
  if (dialect === "sqlite") {
    return {
      createDriver,
      createAdapter: () => new SqliteAdapter(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteCompiler(),
    };
  }
  return {
    createDriver,
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresCompiler(),
  };
}

// Names change while they are written down: Kysely's plugin for it copies the whole tree of every query, which took about a
// sixth of the time of procedures in a burst of pushes. Rows come back with their names converted, once per statement.
class PostgresCompiler extends PostgresQueryCompiler {
  protected override sanitizeIdentifier(identifier: string): string {
    return super.sanitizeIdentifier(snakeCase(identifier));
  }
}

/** SQLite has one writer at a time, so `for update` is left out here instead of in every query. */
class SqliteCompiler extends SqliteQueryCompiler {
  protected override sanitizeIdentifier(identifier: string): string {
    return super.sanitizeIdentifier(snakeCase(identifier));
  }

  protected override visitSelectQuery(node: SelectQueryNode): void {
    const { endModifiers, ...rest } = node;
    if (endModifiers === undefined) return super.visitSelectQuery(node);
    super.visitSelectQuery({
      ...rest,
      endModifiers: endModifiers.filter((modifier) => !isRowLock(modifier)),
    });
  }
}

function isRowLock(node: SelectModifierNode): boolean {
  return node.modifier !== undefined && node.modifier !== "Distinct";
}
