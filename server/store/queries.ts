import {
  CamelCasePlugin,
  Kysely,
  OperationNodeTransformer,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type {
  Dialect,
  Driver,
  KyselyPlugin,
  PluginTransformQueryArgs,
  SelectModifierNode,
  SelectQueryNode,
} from "kysely";
import type { DialectName } from "./migrations/migration.ts";
import type { Database } from "./schema.ts";

/** Kysely for a dialect, executing through `driver`; rows are expected with camelCase names already. */
export function kyselyOn(dialect: DialectName, driver: Driver): Kysely<Database> {
  return new Kysely<Database>({ dialect: dialectOn(dialect, driver), plugins: pluginsOf(dialect) });
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
      createQueryCompiler: () => new SqliteQueryCompiler(),
    };
  }
  return {
    createDriver,
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

function pluginsOf(dialect: DialectName): KyselyPlugin[] {
  const camel = new CamelCasePlugin();
  // Only the way there: rows come back with their names converted, once per statement instead of once per row.
  const names: KyselyPlugin = {
    transformQuery: (args) => camel.transformQuery(args),
    transformResult: async (args) => args.result,
  };
  return dialect === "sqlite" ? [names, withoutRowLocks()] : [names];
}

/** SQLite has one writer at a time, so `for update` is left out there instead of in every query. */
function withoutRowLocks(): KyselyPlugin {
  const transformer = new RowLockRemover();
  return {
    transformQuery: (args: PluginTransformQueryArgs) => transformer.transformNode(args.node),
    transformResult: async (args) => args.result,
  };
}

class RowLockRemover extends OperationNodeTransformer {
  protected override transformSelectQuery(node: SelectQueryNode): SelectQueryNode {
    const plain = super.transformSelectQuery(node);
    const { endModifiers, ...rest } = plain;
    if (endModifiers === undefined) return plain;
    return { ...rest, endModifiers: endModifiers.filter((modifier) => !isRowLock(modifier)) };
  }
}

function isRowLock(node: SelectModifierNode): boolean {
  return node.modifier !== undefined && node.modifier !== "Distinct";
}
