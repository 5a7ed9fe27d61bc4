import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from "kysely";
import type { Backend } from "./backend.ts";
import { isRowsOf, queryOf } from "./procedure.ts";

/** Kysely's driver for `store.db`: each query is one statement; several statements belong into a procedure. */
export function driverOn(backend: Backend): Driver {
  const connection: DatabaseConnection = {
    executeQuery: <R>(compiled: CompiledQuery) => execute<R>(backend, compiled),
    streamQuery: () => {
      throw new Error("store.db does not stream: read by pages of an id");
    },
  };
  return {
    init: async () => {},
    acquireConnection: async () => connection,
    beginTransaction: () =>
      Promise.reject(new Error("store.db has no transactions: write a procedure and call it by store.call")),
    commitTransaction: async () => {},
    rollbackTransaction: async () => {},
    releaseConnection: async () => {},
    destroy: async () => {},
  };
}

async function execute<R>(backend: Backend, compiled: CompiledQuery): Promise<QueryResult<R>> {
  const { rows, changes } = await backend.query(queryOf(compiled));
  if (!isRowsOf<R>(compiled, rows)) throw new Error("rows of another query");
  return { rows: [...rows], numAffectedRows: BigInt(changes) };
}
