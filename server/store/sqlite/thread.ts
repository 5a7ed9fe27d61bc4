/** The database thread: one connection, one writer, whole transactions as single messages. */
import { parentPort, workerData } from "node:worker_threads";
import { StoreError, messageOf } from "../errors.ts";
import { faultsFrom } from "../fault.ts";
import { createTransaction } from "../procedure.ts";
import { MIGRATIONS } from "../migrate.ts";
import type { Durability } from "../procedure.ts";
import { loadProcedures, procedureNamed } from "../procedures.ts";
import type { AnyProcedure } from "../procedures.ts";
import { queryBuilder } from "../queries.ts";
import { isLocked, SqliteDatabase } from "./database.ts";
import type { Answer, CallOutcome, ErrorMessage, GroupCall, Request, ThreadData } from "./messages.ts";

const faults = faultsFrom(process.env);
const builder = queryBuilder("sqlite");

await start(parentPort, workerData);

async function start(port: typeof parentPort, data: ThreadData): Promise<void> {
  if (port === null) throw new Error("thread.ts runs as a worker thread");
  const answer = (message: Answer): void => port.postMessage(message);
  try {
    const procedures = await loadProcedures(data.procedures);
    const database = new SqliteDatabase(data.file, data.backupFolder, data.nowMs, MIGRATIONS, faults);
    port.on("message", (request: Request) => {
      answer(handle(database, procedures, request));
      if (request.kind === "close") port.close();
    });
    answer({ kind: "ready", durabilities: durabilitiesOf(procedures) });
  } catch (error) {
    answer({ kind: "refused", error: toMessage(error) });
    port.close();
  }
}

function handle(
  database: SqliteDatabase,
  procedures: ReadonlyMap<string, AnyProcedure>,
  request: Request,
): Answer {
  switch (request.kind) {
    case "group":
      return runGroup(database, procedures, request);
    case "read":
      return { kind: "read", id: request.id, outcome: read(database, request.query) };
    case "close":
      database.close();
      return { kind: "closed", id: request.id };
  }
}

function read(database: SqliteDatabase, query: GroupCallQuery): Extract<Answer, { kind: "read" }>["outcome"] {
  try {
    return { ok: true, result: database.execute(query) };
  } catch (error) {
    return { ok: false, error: toMessage(error) };
  }
}

type GroupCallQuery = Extract<GroupCall, { kind: "statement" }>["query"];

function runGroup(
  database: SqliteDatabase,
  procedures: ReadonlyMap<string, AnyProcedure>,
  group: Extract<Request, { kind: "group" }>,
): Answer {
  const outcomes: CallOutcome[] = [];
  try {
    database.begin(group.durability);
  } catch (error) {
    if (isLocked(error)) return { kind: "locked", id: group.id, error: toMessage(error) };
    return noneOf(group.calls, group.id, error);
  }
  try {
    for (const call of group.calls) outcomes.push(runCall(database, procedures, call));
    const done = group.calls.filter((_, at) => outcomes[at]?.ok === true).map(nameOf);
    for (const name of done) faults.before(name);
    const written = database.commit();
    return { kind: "group", id: group.id, outcomes: answersLost(group.calls, outcomes), written };
  } catch (error) {
    database.rollback();
    return noneOf(group.calls, group.id, error);
  }
}

function noneOf(calls: readonly GroupCall[], id: number, error: unknown): Answer {
  const failure: CallOutcome = { ok: false, error: toMessage(error) };
  return { kind: "group", id, outcomes: calls.map(() => failure), written: [] };
}

// Also a lone call gets its savepoint: it costs microseconds and keeps one way of failing.
function runCall(
  database: SqliteDatabase,
  procedures: ReadonlyMap<string, AnyProcedure>,
  call: GroupCall,
): CallOutcome {
  try {
    return { ok: true, result: database.inSavepoint(() => resultOf(database, procedures, call)) };
  } catch (error) {
    // The error ended the whole transaction (disk full): none of the group may be called done.
    if (!database.inTransaction) throw error;
    return { ok: false, error: toMessage(error, nameOf(call)) };
  }
}

function resultOf(
  database: SqliteDatabase,
  procedures: ReadonlyMap<string, AnyProcedure>,
  call: GroupCall,
): unknown {
  if (call.kind === "statement") return database.execute(call.query);
  const tx = createTransaction(builder, "sqlite", call.nowMs);
  return database.drive(procedureNamed(procedures, call.name).run(tx, call.input));
}

function answersLost(calls: readonly GroupCall[], outcomes: readonly CallOutcome[]): CallOutcome[] {
  return outcomes.map((outcome, at) => {
    const call = calls[at];
    if (call === undefined || !outcome.ok) return outcome;
    try {
      faults.after(nameOf(call));
      return outcome;
    } catch (error) {
      return { ok: false, error: toMessage(error) };
    }
  });
}

function nameOf(call: GroupCall): string {
  return call.kind === "procedure" ? call.name : "statement";
}

function durabilitiesOf(procedures: ReadonlyMap<string, AnyProcedure>): Map<string, Durability> {
  return new Map([...procedures].map(([name, { durability }]) => [name, durability]));
}

function toMessage(error: unknown, where?: string): ErrorMessage {
  const prefix = where === undefined ? "" : `${where}: `;
  const stack = error instanceof Error ? (error.stack ?? null) : null;
  const code = error instanceof StoreError ? error.code : "procedure_failed";
  return { code, message: `${prefix}${messageOf(error)}`, stack };
}
