import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { StoreError, codeOf } from "../errors.ts";

const run = promisify(execFile);
const MOST_BYTES = 16 * 1024 * 1024;

/** Writes a PostgreSQL database to a file with its own tool. @throws {StoreError} where that is missing or fails. */
export async function dumpPostgres(databaseUrl: string, file: string): Promise<void> {
  await tool("pg_dump", ["--format=custom", "--no-owner", "--no-privileges", `--file=${file}`], databaseUrl);
}

/** Brings a file of `dumpPostgres` back into an empty database. @throws {StoreError} where something is in it. */
export async function loadPostgres(databaseUrl: string, file: string): Promise<void> {
  const name = environmentOf(databaseUrl)["PGDATABASE"] ?? "";
  await tool(
    "pg_restore",
    ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", `--dbname=${name}`, file],
    databaseUrl,
  );
}

async function tool(program: string, args: readonly string[], databaseUrl: string): Promise<void> {
  try {
    // The password goes by the environment: a command line is for everybody to read.
    await run(program, [...args], {
      env: { ...process.env, ...environmentOf(databaseUrl) },
      maxBuffer: MOST_BYTES,
    });
  } catch (error) {
    if (codeOf(error) === "ENOENT")
      throw new StoreError(
        "away",
        `${program} is not on this machine: install PostgreSQL's client tools of the server's version, or use the database's own way`,
        error,
      );
    const said = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
    throw new StoreError("procedure_failed", `${program} failed: ${said.trim().slice(0, 512)}`, error);
  }
}

function environmentOf(databaseUrl: string): Record<string, string> {
  const url = new URL(databaseUrl);
  const given: Record<string, string> = {
    PGHOST: url.searchParams.get("host") ?? decodeURIComponent(url.hostname),
    PGPORT: url.port,
    PGUSER: decodeURIComponent(url.username),
    PGPASSWORD: decodeURIComponent(url.password),
    PGDATABASE: decodeURIComponent(url.pathname.slice(1)),
    PGSSLMODE: url.searchParams.get("sslmode") ?? "",
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ""));
}
