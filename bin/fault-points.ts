import { DOCKER_POINTS } from "../runners/docker/points.ts";
import { faultPointsIn, faultsFrom, movedClockIn } from "../runners/faults.ts";
import type { Faults } from "../runners/faults.ts";
import { STEP_POINTS } from "../runners/step/points.ts";
import { ConfigError } from "../server/config.ts";
import { OUTSIDE_POINTS } from "../server/outside-points.ts";
import { SERVER_PROCEDURES } from "../server/procedures.ts";
import { clockMovedBy } from "../server/store/clock.ts";
import type { MovedClock } from "../server/store/clock.ts";
import { MIGRATION_POINT, STATEMENT_POINT } from "../server/store/fault.ts";
import { loadProcedures } from "../server/store/procedures.ts";

/** A name that SLUICE_FAULT takes, with a word on what is done there. */
export interface FaultPoint {
  readonly name: string;
  readonly what: string;
}

/** Every point at which a test may kill a process of ours or lose an answer: all commits, and all calls to the outside. */
export async function listFaultPoints(): Promise<FaultPoint[]> {
  const procedures = await loadProcedures(SERVER_PROCEDURES.map((url) => url.href));
  const commits = [...procedures.keys()].map((name) => ({ name, what: "the commit of this transaction" }));
  const calls = Object.entries({ ...OUTSIDE_POINTS, ...DOCKER_POINTS, ...STEP_POINTS }).map(
    ([name, what]) => ({
      name,
      what,
    }),
  );
  const single = { name: STATEMENT_POINT, what: "the commit of a write that stands alone" };
  const schema = { name: MIGRATION_POINT, what: "the commit of a migration, which a start makes" };
  return [...calls, ...commits, single, schema].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The faults of `SLUICE_FAULT` for a program that starts now.
 * @throws {ConfigError} in production, where the value cannot be read, and where it names no point of ours.
 */
export async function faultsOf(env: { readonly [name: string]: string | undefined }): Promise<Faults> {
  const text = await problemOf(env);
  if (text !== null) throw new ConfigError([{ where: "SLUICE_FAULT", text }]);
  return faultsFrom(env);
}

/** The clock that `SLUICE_FAULT` moves by `clock=FILE`; undefined: the machine's. To be asked after `faultsOf`. */
export function clockFrom(env: { readonly [name: string]: string | undefined }): MovedClock | undefined {
  const file = movedClockIn(env);
  return file === undefined ? undefined : clockMovedBy(file);
}

async function problemOf(env: { readonly [name: string]: string | undefined }): Promise<string | null> {
  let named: string[];
  try {
    named = faultPointsIn(env);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (named.length === 0) return null;
  const known = new Set((await listFaultPoints()).map((point) => point.name));
  const unknown = named.find((name) => !known.has(name));
  return unknown === undefined
    ? null
    : `there is no point "${unknown}": sluice doctor --fault-points lists them`;
}
